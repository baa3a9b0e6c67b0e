/**
 * Protects an HTTP API: it admits requests whose key Latchkey verifies. Express, Fastify, Hono
 * and Next have entries of their own, which use it. Requests that cannot be decided are refused
 * unless `failOpen` is set.
 * @packageDocumentation
 */
import { parseNetwork, type Network } from "./address.js";
import { addressOf, keyOf, userAgentOf, type Caller } from "./caller.js";
import { LatchkeyError } from "./errors.js";
import { tell } from "./tell.js";
import { statusOf, unknownVerdict, type Verdict, type Verifier } from "./verdict.js";

export type { Caller } from "./caller.js";

/** GuardConfig says who verifies keys, and how to find the caller. Only `verifier` is required. */
export interface GuardConfig {
  /** A Latchkey, or an Edge. */
  verifier: Verifier;
  /**
   * The headers in which keys come, X-API-Key by default. They also come in Authorization, as
   * Bearer or Api-Key.
   */
  keyHeaders?: readonly string[];
  /**
   * The networks of the proxies in front of this server, such as 10.0.0.0/8. The forwarded
   * header of a request from anywhere else is ignored.
   */
  trustedProxies?: readonly string[];
  /**
   * The header in which the proxies send the client's address: X-Forwarded-For by default,
   * Forwarded (RFC 7239), or one that holds a single address, such as X-Real-IP. They must
   * overwrite or extend what clients send in it.
   */
  forwardedHeader?: string;
  /** The name of the API in WWW-Authenticate, "api" by default. */
  realm?: string;
  /** Called with each error of the verifier, for logs and metrics. */
  onError?: (error: unknown) => void;
  /**
   * Admits requests with a key while Latchkey cannot be reached, does not answer in time or
   * cannot decide. They have no identity. It needs `onError`. It does not apply to errors that
   * another try would not change, such as a wrong credential of the verifier, nor to those that
   * callers can cause: giving up, or asking too often.
   */
  failOpen?: boolean;
}

/** Need is what a request needs: all of the scopes, and a cost, 1 by default. */
export interface Need {
  scopes?: readonly string[];
  cost?: number;
  /** Admit everyone without a check; there is no identity. */
  public?: boolean;
}

/** Problem is the body of a refusal (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly missing_scopes?: readonly string[];
}

/** Decision says whether a request may pass, and what to answer. */
export interface Decision {
  readonly allowed: boolean;
  /** On a key that was verified; undefined if there is no key, or nobody decided. */
  readonly verdict: Verdict | undefined;
  /** The body of a refusal. */
  readonly problem: Problem | undefined;
  /** For the response: limits, and the headers of a refusal. */
  readonly headers: Readonly<Record<string, string>>;
  /** Why nobody decided. */
  readonly error: unknown;
}

/** Guard decides which requests to admit. */
export class Guard {
  readonly #config: GuardConfig;
  readonly #keyHeaders: readonly string[];
  readonly #trusted: readonly Network[];
  readonly #forwardedHeader: string;
  readonly #realm: string;

  /** It throws a TypeError if the configuration makes no sense. */
  constructor(config: GuardConfig) {
    check(config);
    this.#config = config;
    this.#keyHeaders = (config.keyHeaders ?? ["X-API-Key"]).map((name) => name.toLowerCase());
    this.#trusted = (config.trustedProxies ?? []).map(networkOf);
    this.#forwardedHeader = (config.forwardedHeader ?? "X-Forwarded-For").toLowerCase();
    this.#realm = config.realm ?? "api";
  }

  /**
   * decide decides whether the caller may do what need says. It never throws: without a decision
   * it refuses the request, or admits it under `failOpen`.
   */
  async decide(caller: Caller, need: Need = {}): Promise<Decision> {
    if (need.public === true) {
      return { allowed: true, verdict: undefined, problem: undefined, headers: {}, error: undefined };
    }
    const found = keyOf(caller, this.#keyHeaders);
    if ("code" in found) {
      return this.#refuse(unknownVerdict(found.code, details[found.code]), false);
    }
    try {
      const verdict = await this.#config.verifier.verify(
        {
          key: found.key,
          scopes: need.scopes,
          cost: need.cost,
          address: addressOf(caller, this.#trusted, this.#forwardedHeader),
          userAgent: userAgentOf(caller),
        },
        caller.signal === undefined ? {} : { signal: caller.signal },
      );
      if (verdict.valid !== (verdict.code === "VALID")) {
        throw new LatchkeyError({ kind: "bad_answer", detail: "the verdict contradicts itself" });
      }
      if (!verdict.valid) return this.#refuse(verdict, true);
      return { allowed: true, verdict, problem: undefined, headers: limitsOf(verdict), error: undefined };
    } catch (error) {
      return this.#undecided(caller, error);
    }
  }

  #undecided(caller: Caller, error: unknown): Decision {
    tell(this.#config.onError, error);
    if (this.#config.failOpen === true && caller.signal?.aborted !== true && passing(error)) {
      return { allowed: true, verdict: undefined, problem: undefined, headers: {}, error };
    }
    return {
      allowed: false,
      verdict: undefined,
      // It does not say why: that is for onError.
      problem: problemOf(503, "unavailable", "the key cannot be verified now; try again"),
      headers: { "Cache-Control": "no-store", "Retry-After": "5" },
      error,
    };
  }

  /** refuse answers an invalid key as GET /verify does. */
  #refuse(verdict: Verdict, known: boolean): Decision {
    const status = statusOf(verdict.code);
    const headers: Record<string, string> = { ...limitsOf(verdict), "Cache-Control": "no-store" };
    const challenge = `Bearer realm="${this.#realm}"`;
    if (verdict.code === "MISSING") {
      headers["WWW-Authenticate"] = challenge; // RFC 6750 section 3.1: no error if no key was sent
    } else if (status === 401) {
      headers["WWW-Authenticate"] = `${challenge}, error="invalid_token"`;
    } else if (verdict.code === "INSUFFICIENT_SCOPE") {
      headers["WWW-Authenticate"] = `${challenge}, error="insufficient_scope", scope="${verdict.missingScopes.join(" ")}"`;
    }
    return {
      allowed: false,
      verdict: known ? verdict : undefined,
      problem: problemOf(status, verdict.code, verdict.detail, verdict.missingScopes),
      headers,
      error: undefined,
    };
  }
}

/** bodyOf returns the body of a refusal, whose type is application/problem+json. */
export function bodyOf(decision: Decision): string {
  return JSON.stringify(decision.problem);
}

const identities = new WeakMap<object, Verdict>();

/** setIdentity makes the verdict the request's identity. It is for adapters and tests of handlers. */
export function setIdentity(request: object, verdict: Verdict): void {
  identities.set(request, verdict);
}

/**
 * identity returns the verdict on the request's key: key, service account, organization, tier and
 * scopes. It is undefined outside a guard, and if the guard failed open.
 */
export function identity(request: object): Verdict | undefined {
  return identities.get(request);
}

/** Needs is what requests need: the same for all, or by request. */
export type Needs<Request> = (request: Request) => Need | Promise<Need>;

const details = {
  MISSING: "the request has no key",
  MALFORMED: "the request has several keys, or one that is no key",
};

const titles: Record<number, string> = {
  401: "Unauthorized",
  403: "Forbidden",
  429: "Too Many Requests",
  503: "Service Unavailable",
};

function problemOf(status: number, code: string, detail: string, missing: readonly string[] = []): Problem {
  const type = `urn:latchkey:problem:${code.toLowerCase()}`;
  const problem = { type, title: titles[status] ?? "", status, code, detail };
  return missing.length > 0 ? { ...problem, missing_scopes: missing } : problem;
}

/** limitsOf returns the headers about limits that belong to the answer. */
function limitsOf(verdict: Verdict): Record<string, string> {
  const headers = { ...verdict.limitHeaders };
  if (verdict.valid) delete headers["Retry-After"];
  return headers;
}

/** passing tells whether the fault is Latchkey's and may go by. */
function passing(error: unknown): boolean {
  return error instanceof LatchkeyError && error.temporary && error.kind !== "limited";
}

const token = /^[A-Za-z0-9_-]+$/;

/** check refuses settings that would never take effect or would break a header. */
function check(config: GuardConfig): void {
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- of callers without types
  if (typeof config.verifier?.verify !== "function") throw new TypeError("guard: verifier is required");
  if (config.failOpen === true && config.onError === undefined) {
    throw new TypeError("guard: failOpen needs onError, so that somebody hears of requests that nobody decided");
  }
  if (config.keyHeaders !== undefined && (config.keyHeaders.length === 0 || !config.keyHeaders.every((name) => token.test(name)))) {
    throw new TypeError("guard: keyHeaders has a name that is no header's, or none");
  }
  if (config.forwardedHeader !== undefined && (config.trustedProxies ?? []).length === 0) {
    throw new TypeError("guard: forwardedHeader is believed from trustedProxies alone, which is empty");
  }
  if (config.forwardedHeader !== undefined && !token.test(config.forwardedHeader)) {
    throw new TypeError("guard: forwardedHeader is no name of a header");
  }
  if (config.realm !== undefined && /[^\x20-\x7e]|["\\]/.test(config.realm)) {
    throw new TypeError("guard: realm has characters that WWW-Authenticate cannot quote");
  }
}

function networkOf(text: string): Network {
  const network = parseNetwork(text);
  if (network === undefined) {
    throw new TypeError("guard: trustedProxies has a network that is none; IPv4 is written as such");
  }
  return network;
}
