import { isObject, texts } from "../answer.js";
import { statusOf, type Code, type KnownCode, type LimitState, type QuotaState, type Verdict, type VerifyStep } from "../verdict.js";
import { sentence, type Refusal, type Text } from "./checks.js";
import { Grant } from "./grants.js";
import { readGrant, readLimits, type BucketState, type Limits, type Rule } from "./wire.js";

/** Outcome is a decision, before it is told. */
export interface Outcome {
  readonly code: Code;
  readonly detail?: Text | undefined;
  readonly grant?: Grant | undefined;
  readonly limits?: Limits | undefined;
  readonly missing?: readonly string[];
  readonly steps?: readonly VerifyStep[];
  readonly at: number;
}

/** verdictOf tells the outcome as a node does. */
export function verdictOf(outcome: Outcome): Verdict {
  const { code, grant, limits } = outcome;
  return {
    valid: code === "VALID",
    code,
    detail: outcome.detail === undefined ? "" : sentence(outcome.detail),
    keyId: grant?.key.id ?? "",
    name: grant?.key.name ?? "",
    environment: grant?.key.environment ?? "",
    account:
      grant === undefined
        ? undefined
        : { id: grant.account.id, name: grant.account.name, externalId: grant.account.externalId, metadata: grant.account.metadata },
    organizationId: grant?.account.organizationId ?? "",
    tier: grant?.tier.name ?? "",
    scopes: grant?.scopes ?? [],
    expiresAt: grant?.endsAt === undefined ? undefined : new Date(grant.endsAt),
    metadata: grant?.key.metadata ?? {},
    missingScopes: outcome.missing ?? [],
    rateLimit: limits === undefined ? undefined : stateOf(limits),
    quota: limits?.quota === undefined ? undefined : quotaOf(limits.quota),
    steps: outcome.steps ?? [],
    retryAfterMs: limits === undefined || limits.allowed || limits.never ? 0 : 1_000 * retryAfter(limits),
    status: statusOf(code),
    limitHeaders: limits === undefined ? {} : headersOf(limits, grant, outcome.at),
  };
}

/** narrowest is the bucket that is closest to refusing. */
function narrowest({ key, account, refused }: Limits): BucketState | undefined {
  if (account === undefined) return key;
  return key === undefined || account.remaining < key.remaining || refused === "account" ? account : key;
}

function stateOf(limits: Limits): LimitState | undefined {
  const bucket = narrowest(limits);
  if (bucket === undefined) return undefined;
  return { ...bucket, resetAfterMs: bucket.resetAfterMs, scope: limits.cluster ? "cluster" : "node" };
}

function quotaOf({ limit, remaining, resetsAt }: QuotaState): QuotaState {
  return { limit, remaining, resetsAt };
}

/** wholeSeconds rounds up, so that whoever waits that long waits long enough. */
function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1_000);
}

function retryAfter(limits: Limits): number {
  return Math.max(1, wholeSeconds(limits.retryAfterMs));
}

/**
 * headersOf writes RateLimit-Policy and RateLimit as in the IETF draft "RateLimit header fields for
 * HTTP", and their older forms.
 */
function headersOf(limits: Limits, grant: Grant | undefined, at: number): Record<string, string> {
  const headers: Record<string, string> = {};
  const named = [
    ["key", limits.key, grant?.keyRule(at)],
    ["account", limits.account, grant?.accountRule(at)],
  ] as const;
  const policies: string[] = [];
  const states: string[] = [];
  for (const [name, state, rule] of named) {
    if (state === undefined || grant === undefined) continue;
    if (rule !== undefined) policies.push(policyOf(name, rule));
    states.push(`"${name}";r=${String(state.remaining)};t=${String(wholeSeconds(state.resetAfterMs))}`);
  }
  if (states.length > 0) {
    headers["RateLimit-Policy"] = policies.join(", ");
    headers["RateLimit"] = states.join(", ");
  }
  const narrow = narrowest(limits);
  if (narrow !== undefined) {
    headers["X-RateLimit-Limit"] = String(narrow.limit);
    headers["X-RateLimit-Remaining"] = String(narrow.remaining);
    headers["X-RateLimit-Reset"] = String(wholeSeconds(narrow.resetAfterMs));
  }
  if (!limits.allowed && !limits.never) headers["Retry-After"] = String(retryAfter(limits));
  return headers;
}

/** policyOf writes a rule. A window that is no whole number of seconds is given as one second. */
function policyOf(name: string, { requests, perMs }: Rule): string {
  if (perMs % 1_000 === 0) return `"${name}";q=${String(requests)};w=${String(perMs / 1_000)}`;
  return `"${name}";q=${String(Math.max(1, Math.floor((requests * 1_000) / perMs)))};w=1`;
}

/** stepOf is one check of a dry run. */
export function stepOf(check: string, code: KnownCode, refusal: Refusal | undefined): VerifyStep {
  if (refusal === undefined) return { check, outcome: "passed", code, detail: "", change: "" };
  return { check, outcome: "failed", code, detail: sentence(refusal.detail), change: sentence(refusal.change) };
}

/** skippedStep is a check that could not be made after an earlier one failed. */
export function skippedStep(check: string, code: KnownCode): VerifyStep {
  return { check, outcome: "skipped", code, detail: "", change: "" };
}

/**
 * readOutcome reads the decision of a node. One that says VALID of nothing, or of limits that
 * refuse, is none. A code that this version does not know is a refusal.
 */
export function readOutcome(told: unknown, now: number): Outcome | undefined {
  if (!isObject(told) || typeof told["code"] !== "string" || told["code"] === "") return undefined;
  const { code } = told as { code: Code };
  let grant: Grant | undefined;
  if (isObject(told["grant"])) {
    const known = readGrant(told["grant"]);
    if (known === undefined) return undefined;
    grant = new Grant("", known.key, known.account, known.organization, known.tier);
  }
  let limits: Limits | undefined;
  if (isObject(told["limits"])) {
    limits = readLimits(told["limits"]);
    if (limits === undefined) return undefined;
  }
  if (code === "VALID" && (grant === undefined || limits?.allowed === false)) return undefined;
  const steps = Array.isArray(told["steps"]) ? told["steps"].filter(isObject).map(readStep) : [];
  return { code, detail: readText(told["detail"]), grant, limits, missing: texts(told["missing_scopes"]), steps, at: now };
}

function readText(told: unknown): Text | undefined {
  if (!isObject(told) || typeof told["code"] !== "string") return undefined;
  const args: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(isObject(told["args"]) ? told["args"] : {})) {
    if (typeof value === "string") args[name] = value;
    else if (Array.isArray(value)) args[name] = texts(value);
  }
  return { code: told["code"], args };
}

function readStep(told: Record<string, unknown>): VerifyStep {
  const said = (value: unknown) => {
    const text = readText(value);
    return text === undefined ? "" : sentence(text);
  };
  const outcome = told["outcome"] === "passed" || told["outcome"] === "failed" ? told["outcome"] : "skipped";
  return { check: String(told["check"]), outcome, code: String(told["code"]), detail: said(told["detail"]), change: said(told["change"]) };
}
