/** Address is an IP address: 4 or 16 bytes. IPv4 in IPv6 is IPv4. */
export type Address = readonly number[];

/** parseAddress reads an IP address; a zone is dropped. It returns undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  return text.includes(":") ? parse6(text.replace(/%[^%:]+$/, "")) : parse4(text);
}

function parse4(text: string): Address | undefined {
  const parts = text.split(".");
  // A leading zero would make a number octal somewhere else.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined;
  return parts.map(Number);
}

function parse6(text: string): Address | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [left, right] = halves.map((half, i) => (half === "" ? [] : groups(half, i === halves.length - 1)));
  if (left === undefined || (halves.length === 2 && right === undefined)) return undefined;
  const missing = 16 - left.length - (right?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  const bytes = [...left, ...Array.from({ length: missing }, () => 0), ...(right ?? [])];
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  return mapped ? bytes.slice(12) : bytes;
}

/** groups reads groups of 16 bits; the last may be an IPv4 address. */
function groups(text: string, last: boolean): number[] | undefined {
  const bytes: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes(".")) {
      const four = parse4(part);
      if (four === undefined) return undefined;
      bytes.push(...four);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      const value = Number.parseInt(part, 16);
      bytes.push(value >> 8, value & 255);
    } else {
      return undefined;
    }
  }
  return bytes;
}

/** formatAddress writes the address in its one canonical form (RFC 5952). */
export function formatAddress(address: Address): string {
  if (address.length === 4) return address.join(".");
  const words = Array.from({ length: 8 }, (_, i) => (((address[2 * i] ?? 0) << 8) | (address[2 * i + 1] ?? 0)).toString(16));
  const zeros = [...words.join(":").matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)].sort((a, b) => b[0].length - a[0].length)[0];
  if (zeros === undefined) return words.join(":");
  const text = words.join(":");
  const before = text.slice(0, zeros.index).replace(/:$/, "");
  return `${before}::${text.slice(zeros.index + zeros[0].length).replace(/^:/, "")}`;
}

/** Network is a range of addresses. */
export interface Network {
  readonly address: Address;
  readonly bits: number;
}

/** parseNetwork reads 10.0.0.0/8, 2001:db8::/32 or a single address. */
export function parseNetwork(text: string): Network | undefined {
  const [, host, length] = /^([^/]+?)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const address = parseAddress(host ?? "");
  // IPv4 is written as such: the length of a mapped network would mean something else.
  if (address === undefined || (host?.includes(":") && address.length === 4)) return undefined;
  const bits = length === undefined ? address.length * 8 : Number(length);
  return bits > address.length * 8 ? undefined : { address, bits };
}

/** contains tells whether the address is in the network. */
export function contains(network: Network, address: Address): boolean {
  if (network.address.length !== address.length) return false;
  return address.every((byte, i) => {
    const bits = Math.min(8, Math.max(0, network.bits - 8 * i));
    const mask = (0xff00 >> bits) & 0xff;
    return (byte & mask) === ((network.address[i] ?? 0) & mask);
  });
}

/** parseHop reads 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1] and [2001:db8::1]:80. */
export function parseHop(text: string): Address | undefined {
  const hop = text.trim();
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|([^[\]]+))$/.exec(hop) ?? [];
  if (bracketed !== undefined) return bracketed.includes(":") ? parseAddress(bracketed) : undefined;
  return parseAddress(plain ?? "") ?? parse4(/^([^:]+):\d+$/.exec(plain ?? "")?.[1] ?? "");
}
