import { contains, formatAddress, parseAddress, parseHop, type Address, type Network } from "./address.js";

/** Caller is the part of a request that the decision depends on. */
export interface Caller {
  /** The values of a header, one for each time that it was sent; the name is in lower case. */
  header(name: string): readonly string[];
  /** The address of the connection, without its port; undefined if it is not known. */
  readonly remoteAddress?: string | undefined;
  /** Aborted once the caller has gone. */
  readonly signal?: AbortSignal | undefined;
}

/** Longer than any key or signed token. */
const maxKey = 4096;

/** Keys of any brand. A bearer token that does not match is a signed token, or not Latchkey's. */
const looks = /^[a-z][a-z0-9]*_(live|test)_/;

/**
 * keyOf returns the key, found as GET /verify does: in a header of its own, or in Authorization
 * with the scheme Api-Key or Bearer. If there is none it returns the code that says why.
 */
export function keyOf(caller: Caller, names: readonly string[]): { key: string } | { code: "MISSING" | "MALFORMED" } {
  const found = new Set<string>();
  // Several headers of one name may come as one, joined by commas. No key has any.
  const values = (name: string) =>
    caller
      .header(name)
      .flatMap((value) => value.split(","))
      .map((value) => value.trim());
  for (const name of names) {
    for (const value of values(name)) if (value !== "") found.add(value);
  }
  for (const value of values("authorization")) {
    const [, scheme, text] = /^(\S+)\s+(.+)$/.exec(value) ?? [];
    const bearer = scheme?.toLowerCase() === "bearer";
    if (text === undefined || (!bearer && scheme?.toLowerCase() !== "api-key")) continue;
    // Beside a key in a header of its own, a bearer token may belong to the API itself.
    if (found.size === 0 || !bearer || looks.test(text)) found.add(text);
  }
  const [key, another] = found;
  if (key === undefined) return { code: "MISSING" };
  if (another !== undefined || key.length > maxKey) return { code: "MALFORMED" };
  return { key };
}

/** The most that the service accepts, in bytes. */
const maxUserAgent = 2048;

/** userAgentOf returns as much of User-Agent as the service accepts. */
export function userAgentOf(caller: Caller): string {
  const agent = (caller.header("user-agent")[0] ?? "").replaceAll("\0", "");
  const { written } = new TextEncoder().encodeInto(agent, new Uint8Array(maxUserAgent));
  if (written === agent.length && agent.length <= maxUserAgent) return agent; // ASCII
  let length = 0;
  let text = "";
  for (const character of agent) {
    length += new TextEncoder().encode(character).length;
    if (length > maxUserAgent) break;
    text += character;
  }
  return text;
}

/** The most addresses of a header that are read. */
const maxHops = 32;

/**
 * addressOf returns the client's address: the connection's, or what trusted proxies say. The
 * header is read from the right, and the first address that is no trusted proxy's is the
 * client's. It returns undefined if the header is malformed.
 */
export function addressOf(caller: Caller, trusted: readonly Network[], forwardedHeader: string): string | undefined {
  let address = parseAddress(caller.remoteAddress ?? "");
  if (address === undefined || !trusts(trusted, address)) return shown(address);
  const hops = hopsOf(caller, forwardedHeader);
  for (const hop of hops.reverse().slice(0, maxHops)) {
    address = parseHop(hop);
    if (address === undefined || !trusts(trusted, address)) break;
  }
  return shown(address);
}

function shown(address: Address | undefined): string | undefined {
  return address === undefined ? undefined : formatAddress(address);
}

function trusts(trusted: readonly Network[], address: Address): boolean {
  return trusted.some((network) => contains(network, address));
}

/** hopsOf returns the forwarded addresses, the client's first. */
function hopsOf(caller: Caller, name: string): string[] {
  const list = caller.header(name).join(",");
  if (list.trim() === "") return [];
  if (name !== "forwarded") return list.split(",");
  // A quote that a client leaves open would hide what the proxy adds.
  if (list.split('"').length % 2 === 0) return [""];
  return splitUnquoted(list, ",").map((element) => {
    let hop = "";
    for (const pair of splitUnquoted(element, ";")) {
      // No regular expression: one that tries each space again takes a second for a long header.
      const [key, value] = cutAt(pair, "=");
      if (key.trimStart().toLowerCase() === "for") hop = value.trim().replace(/^"([^"]*)"$/, "$1");
    }
    return hop;
  });
}

/** cutAt cuts at the first separator; without one the second part is empty. */
function cutAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** splitUnquoted splits at separators that are not inside double quotes. */
function splitUnquoted(text: string, separator: string): string[] {
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') quoted = !quoted;
    if (text[i] !== separator || quoted) continue;
    parts.push(text.slice(start, i));
    start = i + 1;
  }
  return [...parts, text.slice(start)];
}
