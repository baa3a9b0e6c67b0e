import { isObject, texts } from "./answer.js";

/** Question asks whether a key may do something now. */
export interface Question {
  key: string;
  /** All are required. */
  scopes?: readonly string[] | undefined;
  /** Charged to limits and quota; 1 by default. */
  cost?: number | undefined;
  /** Of the key's user; needed for keys with allowed networks. */
  address?: string | undefined;
  /** Of the key's user. */
  userAgent?: string | undefined;
  /** Charge nothing, and explain every check. */
  dryRun?: boolean | undefined;
  /** Read the store, not the cache. */
  fresh?: boolean | undefined;
}

/** KnownCode is a code of this version. A later one may have more. */
export type KnownCode =
  | "VALID"
  | "MISSING"
  | "MALFORMED"
  | "NOT_FOUND"
  | "REVOKED"
  | "EXPIRED"
  | "NOT_YET_VALID"
  | "DISABLED"
  | "PLAIN_HTTP"
  | "IP_NOT_ALLOWED"
  | "INSUFFICIENT_SCOPE"
  | "RATE_LIMITED"
  | "QUOTA_EXCEEDED";

/** Code is the one outcome of a verification. */
export type Code = KnownCode | (string & {});

/** Metadata is the JSON object that its owner attached. */
export type Metadata = Readonly<Record<string, unknown>>;

/** VerifiedAccount is the service account of a verified key. */
export interface VerifiedAccount {
  readonly id: string;
  readonly name: string;
  readonly externalId: string;
  readonly metadata: Metadata;
}

/** LimitState is the token bucket that is closest to refusing. */
export interface LimitState {
  readonly limit: number;
  readonly remaining: number;
  /** Until it is full. */
  readonly resetAfterMs: number;
  /** Which requests count together: those to all nodes, or to the one that answered. */
  readonly scope: "cluster" | "node";
}

/** QuotaState is the quota of the service account. */
export interface QuotaState {
  readonly limit: number;
  readonly remaining: number;
  readonly resetsAt: Date;
}

/** VerifyStep is one check of a dry run. */
export interface VerifyStep {
  readonly check: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly code: Code;
  readonly detail: string;
  readonly change: string;
}

/** Verdict is the decision. Look at valid: a refusal is a verdict, no error. */
export interface Verdict {
  readonly valid: boolean;
  readonly code: Code;
  /** Why it is refused, for people. */
  readonly detail: string;
  /** "" if the key is not known; so are the next ones. */
  readonly keyId: string;
  readonly name: string;
  readonly environment: string;
  readonly account: VerifiedAccount | undefined;
  readonly organizationId: string;
  readonly tier: string;
  readonly scopes: readonly string[];
  /** undefined: never. */
  readonly expiresAt: Date | undefined;
  readonly metadata: Metadata;
  readonly missingScopes: readonly string[];
  readonly rateLimit: LimitState | undefined;
  readonly quota: QuotaState | undefined;
  readonly steps: readonly VerifyStep[];
  /** Of a key over its limit; 0: it can never pass. */
  readonly retryAfterMs: number;
  /** The status for the key's user: 200, 401, 403 or 429. */
  readonly status: number;
  /** RateLimit and related headers, to pass on to the key's user. */
  readonly limitHeaders: Readonly<Record<string, string>>;
}

/** Verifier verifies keys: a Latchkey, or an Edge. */
export interface Verifier {
  /**
   * verify asks whether the key may do what the question says. A refusal is a verdict; an error
   * means that nobody has decided, and access is to be denied.
   */
  verify(question: Question, options?: { signal?: AbortSignal }): Promise<Verdict>;
}

/** statusOf is the status for the key's user. */
export function statusOf(code: Code): number {
  switch (code) {
    case "VALID":
      return 200;
    case "PLAIN_HTTP":
    case "IP_NOT_ALLOWED":
    case "INSUFFICIENT_SCOPE":
    case "PENDING":
    case "ROUTE_NOT_ALLOWED":
    case "RESOURCE_NOT_ALLOWED":
      return 403;
    case "RATE_LIMITED":
    case "QUOTA_EXCEEDED":
    case "BUDGET_EXCEEDED":
      return 429;
    default:
      return 401;
  }
}

/** unknownVerdict is a refusal of a key of which nothing is known. */
export function unknownVerdict(code: Code, detail: string): Verdict {
  return {
    valid: false,
    code,
    detail,
    keyId: "",
    name: "",
    environment: "",
    account: undefined,
    organizationId: "",
    tier: "",
    scopes: [],
    expiresAt: undefined,
    metadata: {},
    missingScopes: [],
    rateLimit: undefined,
    quota: undefined,
    steps: [],
    retryAfterMs: 0,
    status: statusOf(code),
    limitHeaders: {},
  };
}

/** verdictOf reads a decision, or returns undefined if it is none or contradicts itself. */
export function verdictOf(told: unknown): Verdict | undefined {
  if (!isObject(told)) return undefined;
  const { valid, code } = told;
  if (typeof code !== "string" || code === "" || valid !== (code === "VALID")) return undefined;
  return {
    ...unknownVerdict(code, text(told["detail"])),
    valid,
    keyId: text(told["key_id"]),
    name: text(told["name"]),
    environment: text(told["environment"]),
    account: accountOf(told["service_account"]),
    organizationId: text(told["organization_id"]),
    tier: text(told["tier"]),
    scopes: texts(told["scopes"]),
    expiresAt: date(told["expires_at"]),
    metadata: metadataOf(told["metadata"]),
    missingScopes: texts(told["missing_scopes"]),
    rateLimit: limitOf(told["rate_limit"]),
    quota: quotaOf(told["quota"]),
    steps: Array.isArray(told["steps"]) ? told["steps"].filter(isObject).map(stepOf) : [],
  };
}

function accountOf(told: unknown): VerifiedAccount | undefined {
  if (!isObject(told)) return undefined;
  return {
    id: text(told["id"]),
    name: text(told["name"]),
    externalId: text(told["external_id"]),
    metadata: metadataOf(told["metadata"]),
  };
}

function limitOf(told: unknown): LimitState | undefined {
  if (!isObject(told)) return undefined;
  return {
    limit: number(told["limit"]),
    remaining: number(told["remaining"]),
    resetAfterMs: durationMs(text(told["reset_after"])) ?? 0,
    scope: told["scope"] === "node" ? "node" : "cluster",
  };
}

function quotaOf(told: unknown): QuotaState | undefined {
  if (!isObject(told)) return undefined;
  return {
    limit: number(told["limit"]),
    remaining: number(told["remaining"]),
    resetsAt: date(told["resets_at"]) ?? new Date(0),
  };
}

function stepOf(told: Record<string, unknown>): VerifyStep {
  const outcome = told["outcome"];
  return {
    check: text(told["check"]),
    outcome: outcome === "passed" || outcome === "failed" ? outcome : "skipped",
    code: text(told["code"]),
    detail: text(told["detail"]),
    change: text(told["change"]),
  };
}

/** metadataOf returns the object, {} for anything else. */
export function metadataOf(told: unknown): Metadata {
  return isObject(told) ? told : {};
}

function text(told: unknown): string {
  return typeof told === "string" ? told : "";
}

function number(told: unknown): number {
  return typeof told === "number" ? told : 0;
}

/** date reads a time; undefined for none, and for the zero time of Go. */
export function date(told: unknown): Date | undefined {
  if (typeof told !== "string" || told.startsWith("0001-")) return undefined;
  const at = new Date(told);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

const unitsMs: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1e3, m: 6e4, h: 3.6e6 };

/** durationMs reads a duration such as "10s", "1.5h" or "720h"; undefined if it is none. */
export function durationMs(told: string): number | undefined {
  if (told === "0") return 0;
  if (!/^(\d+(\.\d+)?(ns|us|µs|μs|ms|s|m|h))+$/.test(told)) return undefined;
  let total = 0;
  for (const [, count, unit] of told.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += Number(count) * (unitsMs[unit ?? ""] ?? 0);
  }
  return total;
}

const limitNames = ["RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After"];

/** limitHeadersOf picks the headers about limits. */
export function limitHeadersOf(headers: Headers): Record<string, string> {
  const limits: Record<string, string> = {};
  for (const name of limitNames) {
    const value = headers.get(name);
    if (value !== null) limits[name] = value;
  }
  return limits;
}
