import { judge, read, TooLong, type Answer, type Expected } from "./answer.js";
import { Bound, within } from "./bound.js";
import type { Settings } from "./config.js";
import { Credential } from "./credential.js";
import { LatchkeyError } from "./errors.js";
import { operations, type Operation } from "./operations.js";
import { isFinal, notSent, reasonOf } from "./reason.js";

/** OperationId names an operation of openapi.yaml. */
export type OperationId = keyof typeof operations;

/** CallOptions change one call. */
export interface CallOptions {
  /** Ends the call. */
  signal?: AbortSignal;
  /**
   * The ETag of the object that is to be changed, from `get` or a change; those of a list have
   * none. If it was changed meanwhile the error is `stale`.
   */
  ifMatch?: string | undefined;
  /**
   * Names a creation, so that a repeat creates nothing, even from another process. Without it
   * the client makes one for the retries of the call.
   */
  idempotencyKey?: string;
}

/** FileBody is a file to upload. In Node.js, `fs.openAsBlob` reads one while it is sent. */
export type FileBody = string | Uint8Array<ArrayBuffer> | Blob;

/** Call is one call of the API. */
export interface Call extends Expected {
  operation: OperationId;
  /** Values of the braces in the path, in order. */
  params?: readonly string[];
  query?: Readonly<Record<string, unknown>> | undefined;
  body?: unknown;
  form?: URLSearchParams;
  /** A file, sent instead of the body; headers have its type. */
  file?: FileBody;
  headers?: Readonly<Record<string, string>>;
  options?: CallOptions | undefined;
  /** It changes nothing, although it is a POST. */
  reads?: boolean;
  /** It is a verification, bounded by verifyTimeoutMs. */
  verifies?: boolean;
  /** It charges a limit, so it is not sent twice. */
  charges?: boolean;
}

/** Clock is what tests set. */
export interface Clock {
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** From 0 to 1. */
  random(): number;
}

export const realClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const give = () => {
        clearTimeout(timer);
        reject(new Error("aborted"));
      };
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", give);
        resolve();
      }, ms);
      signal.addEventListener("abort", give, { once: true });
    }),
};

/** Prepared is a request that can be sent several times. */
interface Prepared {
  readonly call: Call;
  readonly name: string;
  readonly method: Operation["method"];
  readonly url: string;
  readonly headers: Headers;
  readonly body: FileBody | undefined;
  readonly anonymous: boolean;
  /** It has an Idempotency-Key. */
  readonly keyed: boolean;
  /** It may be sent again even if it has already taken effect. */
  readonly safe: boolean;
}

/** Attempt is the result of one try. */
interface Attempt {
  readonly value?: unknown;
  readonly answer?: Answer;
  readonly failed?: LatchkeyError;
  /** False: nothing was sent. */
  readonly sent: boolean;
  /** Another try would not change it. */
  readonly final?: boolean;
}

/** Sent is a good answer and what it says. */
export interface Sent {
  readonly answer: Answer;
  readonly value: unknown;
}

/** Sender sends requests, again where that is safe, and reads the answers. */
export class Sender {
  constructor(
    readonly settings: Settings,
    readonly clock: Clock = realClock,
  ) {}

  async send(call: Call): Promise<Sent> {
    const p = this.#prepare(call);
    const limit = call.verifies ? this.settings.verifyTimeoutMs : Infinity;
    const bound = new Bound(call.options?.signal, limit);
    try {
      return await this.#untilDone(p, bound, call.verifies ? this.clock.now() + limit : Infinity);
    } finally {
      bound.end();
    }
  }

  async #untilDone(p: Prepared, bound: Bound, deadline: number): Promise<Sent> {
    let lost = false; // whether an earlier try may have taken effect
    for (let tries = 1; ; tries++) {
      const a = await this.#try(p, bound);
      const gone = lost && p.method === "DELETE" && p.call.empty === true && a.failed?.kind === "not_found";
      if (a.answer !== undefined && (a.failed === undefined || gone)) {
        return { answer: a.answer, value: a.value };
      }
      const failed = (a.failed ?? new LatchkeyError({ kind: "broken" })).with({ operation: p.name, tries });
      lost ||= a.sent && failed.status !== 429;
      const wait = this.#wait(p, a, failed, tries);
      if (wait === undefined || bound.over || this.clock.now() + wait > deadline) throw failed;
      try {
        await this.clock.sleep(wait, bound.signal);
      } catch {
        throw failed;
      }
    }
  }

  /** try sends the request once. */
  async #try(p: Prepared, whole: Bound): Promise<Attempt> {
    const bound = p.call.verifies ? whole : new Bound(whole.signal, this.settings.timeoutMs);
    let sent = false;
    let answer: Answer | undefined;
    try {
      const headers = new Headers(p.headers);
      if (!p.anonymous && this.settings.credentials !== undefined) {
        const credential = await within(bound, this.settings.credentials(bound.signal));
        if (!(credential instanceof Credential)) {
          return { sent, failed: new LatchkeyError({ kind: "misused", detail: "credentials returned none" }) };
        }
        credential.authorize(headers);
      }
      if (bound.over) throw new Error("aborted");
      sent = true;
      const response = await within(
        bound,
        this.settings.fetch(p.url, {
          method: p.method,
          headers,
          redirect: "manual", // a redirect would take the credential elsewhere, and make a GET of a POST
          signal: bound.signal,
          ...(p.body === undefined ? {} : { body: p.body }),
        }),
      );
      answer = { status: response.status, headers: response.headers, body: new Uint8Array() };
      answer = await within(bound, read(response, this.settings.maxBody));
      return { sent, answer, value: judge(answer, p.call, this.clock.now()) };
    } catch (error) {
      return this.#failed(error, bound, whole, sent, answer);
    } finally {
      if (bound !== whole) bound.end();
    }
  }

  #failed(error: unknown, bound: Bound, whole: Bound, sent: boolean, answer: Answer | undefined): Attempt {
    const partly = answer === undefined ? {} : { answer };
    if (error instanceof LatchkeyError) {
      return { sent, failed: error, ...partly };
    }
    const status = answer?.status ?? 0;
    const requestId = answer?.headers.get("X-Request-Id") ?? "";
    if (error instanceof TooLong) {
      const detail = "the body is longer than maxBody";
      return { sent, failed: new LatchkeyError({ kind: "bad_answer", status, requestId, detail }) };
    }
    if (whole.canceled || bound.canceled) {
      return { sent, failed: new LatchkeyError({ kind: "canceled", status, requestId }) };
    }
    if (bound.over) {
      return { sent, failed: new LatchkeyError({ kind: "timed_out", status, requestId }) };
    }
    if (!sent) {
      return { sent, failed: new LatchkeyError({ kind: "misused", detail: "credentials failed" }) };
    }
    const reason = reasonOf(error);
    const unreachable = answer === undefined && (notSent.has(reason) || isFinal(reason));
    return {
      sent: !unreachable,
      final: isFinal(reason),
      failed: new LatchkeyError({ kind: unreachable ? "unreachable" : "broken", status, requestId, reason }),
    };
  }

  /** wait returns how long to wait before another try, or undefined if there is to be none. */
  #wait(p: Prepared, a: Attempt, failed: LatchkeyError, tries: number): number | undefined {
    if (tries > this.settings.retries || !repeatable(p, a, failed)) return undefined;
    const half = Math.min(5_000, (p.call.verifies ? 20 : 100) * 2 ** Math.min(tries - 1, 10)) / 2;
    const after = failed.retryAfterMs;
    if (after > this.settings.maxWaitMs) return undefined;
    if (after === 0) return half + this.clock.random() * half;
    // A little longer, so that clients with the same Retry-After do not return at once.
    return after + this.clock.random() * Math.min(after / 10, 1_000);
  }

  #prepare(call: Call): Prepared {
    const operation: Operation = operations[call.operation];
    const name = `${operation.method} ${operation.path}`;
    const misuse = (detail: string) => new LatchkeyError({ kind: "misused", operation: name, detail });
    const headers = new Headers({ "User-Agent": this.settings.userAgent, Accept: call.raw ? "*/*" : "application/json" });
    for (const [header, value] of Object.entries(call.headers ?? {})) headers.set(header, value);
    const keyed = takes(operation, "idempotencyKey");
    const { ifMatch } = call.options ?? {};
    const idempotencyKey = call.options?.idempotencyKey ?? (keyed ? crypto.randomUUID() : undefined);
    if (call.options !== undefined && "ifMatch" in call.options) {
      if (!takes(operation, "ifMatch")) throw misuse("the call takes no ifMatch");
      // An empty one would overwrite what nobody has seen.
      headers.set("If-Match", checked(misuse, "ifMatch", ifMatch ?? ""));
    }
    if (idempotencyKey !== undefined) {
      if (!keyed) throw misuse("the call takes no idempotencyKey, which would not keep it from happening twice");
      headers.set("Idempotency-Key", checked(misuse, "idempotencyKey", idempotencyKey));
    }
    const matched = headers.has("If-Match");
    const safe = {
      GET: true,
      // Sent again with If-Match it would meet its own change, and be told that it is stale.
      PUT: !matched,
      DELETE: !matched,
      POST: (keyed && !matched) || call.reads === true,
      PATCH: false,
    }[operation.method];
    return {
      call,
      name,
      method: operation.method,
      url: this.settings.base + expand(misuse, operation.path, call.params ?? []) + queryOf(misuse, call.query),
      headers,
      body: encode(misuse, call, operation, headers),
      anonymous: operation.anonymous ?? false,
      keyed,
      safe: safe && call.charges !== true,
    };
  }
}

type Misuse = (detail: string) => LatchkeyError;

function takes(operation: Operation, what: "idempotencyKey" | "ifMatch"): boolean {
  return operation.takes?.includes(what) ?? false;
}

function checked(misuse: Misuse, name: string, value: string): string {
  if (value === "") throw misuse(`${name} is empty`);
  if (/[^\x21-\x7e]/.test(value)) throw misuse(`${name} has characters that no header can carry`);
  return value;
}

function encode(misuse: Misuse, call: Call, operation: Operation, headers: Headers): FileBody | undefined {
  if (call.file !== undefined) return call.file;
  if (call.form !== undefined) {
    headers.set("Content-Type", "application/x-www-form-urlencoded");
    return call.form.toString();
  }
  if (call.body === undefined) return undefined;
  headers.set("Content-Type", operation.method === "PATCH" ? "application/merge-patch+json" : "application/json");
  try {
    return JSON.stringify(call.body);
  } catch {
    throw misuse("the request cannot be written as JSON");
  }
}

const wholeKey = /[a-z0-9]_(live|test|user)_[0-9A-Za-z]{40,}/;

/** expand fills the parameters in. A secret does not belong in a URL. */
function expand(misuse: Misuse, path: string, params: readonly string[]): string {
  let at = 0;
  return path.replace(/\{[a-z_]+\}/g, (name) => {
    const value: unknown = params[at++];
    if (typeof value !== "string" || value === "" || value === "." || value === "..") {
      throw misuse(`no ${name.slice(1, -1)} is given`);
    }
    if (wholeKey.test(value)) throw misuse("a secret is given where its id is wanted");
    return encodeURIComponent(value);
  });
}

function queryOf(misuse: Misuse, query: Call["query"]): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === null || value === "") continue;
    for (const one of Array.isArray(value) ? value : [value]) {
      const text = one instanceof Date ? one.toISOString() : String(one as string | number | boolean);
      if (wholeKey.test(text)) throw misuse(`a secret is given as ${name}, which is part of the URL; keys.find takes one`);
      search.append(name, text);
    }
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

/** repeatable tells whether another try cannot make the request take effect twice. */
function repeatable(p: Prepared, a: Attempt, failed: LatchkeyError): boolean {
  if (failed.kind === "misused" || failed.kind === "canceled") return false;
  if (!a.sent) return a.final !== true;
  if (failed.kind === "broken" || failed.kind === "timed_out") return p.safe;
  switch (failed.status) {
    case 429:
      return true;
    case 503: // a write may have taken effect all the same, and a proxy's 503 proves nothing
      return p.safe || (p.call.verifies === true && failed.kind === "unavailable");
    case 502:
    case 504:
      return p.safe;
    case 409:
      return p.keyed && failed.code === "idempotency_key_in_use";
    default:
      return false;
  }
}
