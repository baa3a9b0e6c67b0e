import type { Credential } from "./credential.js";
import { version } from "./version.js";

/** Config says where Latchkey is, which credential to use, and how long a call may take. */
export interface Config {
  /**
   * The base URL of Latchkey, such as https://keys.example.com. It must be https, or http on a
   * loopback address. It may have a path, but nothing more.
   */
  url: string | undefined;
  /** Allows http beyond loopback, for networks that are themselves encrypted. */
  allowHTTP?: boolean;
  /** Authenticates requests. Without it none is sent. */
  credential?: Credential;
  /** Called before each request in place of `credential`, for those that change. */
  credentials?: (signal: AbortSignal) => Credential | Promise<Credential>;
  /** Sends the requests: fetch of another kind, such as a service binding of Workers. */
  fetch?: typeof fetch;
  /** Bounds each try of a management request, 10,000 by default. */
  timeoutMs?: number;
  /** Bounds a verification with its retries, 2,000 by default. */
  verifyTimeoutMs?: number;
  /** How often a request is retried when that is safe, 2 by default. */
  retries?: number;
  /** The longest wait before a retry, 30,000 by default. An answer that asks for more is not retried. */
  maxWaitMs?: number;
  /** The most bytes of an answer, 8 MiB by default. */
  maxBody?: number;
  /** Precedes the client's own name in User-Agent, such as billing/2.1. */
  userAgent?: string;
}

/** Settings are a Config that was checked. */
export interface Settings {
  readonly base: string;
  readonly fetch: typeof fetch;
  readonly credentials: ((signal: AbortSignal) => Credential | Promise<Credential>) | undefined;
  readonly timeoutMs: number;
  readonly verifyTimeoutMs: number;
  readonly retries: number;
  readonly maxWaitMs: number;
  readonly maxBody: number;
  readonly userAgent: string;
}

/** settingsOf checks the configuration. Errors do not quote the URL, which may have a password. */
export function settingsOf(config: Config): Settings {
  const { credential } = config;
  if (credential !== undefined && config.credentials !== undefined) {
    throw new TypeError("latchkey: the configuration has both credential and credentials");
  }
  if (/[^\x20-\x7e]/.test(config.userAgent ?? "")) {
    throw new TypeError("latchkey: userAgent has characters that no header can carry");
  }
  const own = `latchkey-typescript/${version}`;
  return {
    base: baseOf(config.url, config.allowHTTP ?? false),
    // Called as a function of its own: Workers refuse fetch with another this.
    fetch: config.fetch ?? ((input, init) => fetch(input, init)),
    credentials: config.credentials ?? (credential === undefined ? undefined : () => credential),
    timeoutMs: bound("timeoutMs", config.timeoutMs, 10_000, 1),
    verifyTimeoutMs: bound("verifyTimeoutMs", config.verifyTimeoutMs, 2_000, 1),
    retries: bound("retries", config.retries, 2, 0),
    maxWaitMs: bound("maxWaitMs", config.maxWaitMs, 30_000, 0),
    maxBody: bound("maxBody", config.maxBody, 8 << 20, 0),
    userAgent: config.userAgent ? `${config.userAgent} ${own}` : own,
  };
}

function bound(name: string, value: number | undefined, otherwise: number, least: number): number {
  const chosen = value ?? otherwise;
  if (!(chosen >= least) || chosen > 2 ** 31 - 1) {
    // what a timer takes
    throw new TypeError(`latchkey: ${name} must be a number from ${String(least)}`);
  }
  return chosen;
}

/** baseOf returns the URL without a slash at its end. */
export function baseOf(text: string | undefined, allowHTTP: boolean): string {
  if (!text) {
    throw new TypeError("latchkey: the url is required");
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new TypeError("latchkey: the url is written like https://keys.example.com");
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new TypeError("latchkey: the url is neither https nor http");
  }
  if (url.username || url.password || url.search || url.hash || /[?#]/.test(text)) {
    throw new TypeError("latchkey: the url has a user, query or fragment; credentials go into credential");
  }
  if (url.protocol === "http:" && !allowHTTP && !isLoopback(url.hostname)) {
    throw new TypeError("latchkey: the url is http beyond loopback, where everybody on the way reads keys; use https, or set allowHTTP");
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
