import type { BucketState, Limits, Part, Quota, Rule } from "./wire.js";

/** Bucket names a token bucket and its current rule. */
export interface Bucket {
  readonly id: string;
  readonly rule: Rule;
}

/** Charge asks to take the cost from each limit that is set. */
export interface Charge {
  readonly digest: string;
  readonly key: Bucket | undefined;
  readonly account: Bucket | undefined;
  readonly quota: { readonly id: string; readonly quota: Quota } | undefined;
  readonly cost: number;
  readonly dryRun: boolean;
}

/** Levels are what the limits hold before the charge: tokens, and what was used of the quota. */
export interface Levels {
  readonly key: number;
  readonly account: number;
  readonly used: number;
}

/** waitMs is how long it takes to add the tokens. */
export function waitMs(rule: Rule, tokens: number): number {
  return tokens <= 0 ? 0 : (tokens * rule.perMs) / rule.requests;
}

export function perMs(rule: Rule): number {
  return rule.requests / rule.perMs;
}

/** sameRule tells whether the rules are the same. */
export function sameRule(a: Rule | undefined, b: Rule): boolean {
  return a?.requests === b.requests && a.perMs === b.perMs && a.burst === b.burst;
}

/** Window is a calendar day or month, in UTC. */
export interface Window {
  /** 2026-11-29 or 2026-11. */
  readonly label: string;
  readonly ends: Date;
}

export function windowOf(per: Quota["per"], now: number): Window {
  const at = new Date(now);
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  return per === "day"
    ? { label: at.toISOString().slice(0, 10), ends: new Date(Date.UTC(year, month, day + 1)) }
    : { label: at.toISOString().slice(0, 7), ends: new Date(Date.UTC(year, month + 1, 1)) };
}

/** decide decides the charge by what its limits hold, and tells what they hold afterwards. It charges nothing. */
export function decide(charge: Charge, levels: Levels, now: number): Limits {
  const { key, account, quota, cost } = charge;
  let refused: Part | "" = "";
  let never = false;
  let retryAfterMs = 0;
  const ends = quota === undefined ? new Date(0) : windowOf(quota.quota.per, now).ends;
  const refuse = (part: Part, rule: Rule, tokens: number) => {
    refused = part;
    never = cost > rule.burst;
    if (!never) retryAfterMs = waitMs(rule, cost - tokens);
  };
  if (cost > 0) {
    if (key !== undefined && levels.key < cost) refuse("key", key.rule, levels.key);
    else if (account !== undefined && levels.account < cost) refuse("account", account.rule, levels.account);
    else if (quota !== undefined && cost > quota.quota.requests - levels.used) {
      refused = "quota";
      never = cost > quota.quota.requests;
      if (!never) retryAfterMs = ends.getTime() - now;
    }
  }
  const allowed = (refused as string) === "";
  const taken = allowed && !charge.dryRun ? cost : 0;
  return {
    allowed,
    refused,
    never,
    retryAfterMs,
    key: key === undefined ? undefined : stateOf(key.rule, levels.key - taken),
    account: account === undefined ? undefined : stateOf(account.rule, levels.account - taken),
    quota:
      quota === undefined
        ? undefined
        : { limit: quota.quota.requests, remaining: Math.max(0, quota.quota.requests - levels.used - taken), resetsAt: ends },
    cluster: false,
  };
}

function stateOf(rule: Rule, tokens: number): BucketState {
  return { limit: rule.burst, remaining: Math.floor(Math.max(0, tokens)), resetAfterMs: waitMs(rule, rule.burst - tokens) };
}

interface Level {
  rule: Rule;
  tokens: number;
  at: number;
}

/** The most buckets that are kept. The one that was used least lately goes first. */
const mostBuckets = 100_000;

/** Local counts rates in this process alone, for as long as no node can be asked. */
export class Local {
  readonly #levels = new Map<string, Level>();

  /** take decides the charge, whose quota it ignores. The time is monotonic. */
  take(charge: Charge, elapsed: number, now: number): Limits {
    const rates = { ...charge, quota: undefined };
    const [key, account] = [this.#level(charge.key, elapsed), this.#level(charge.account, elapsed)];
    const limits = decide(rates, { key: available(key), account: available(account), used: 0 }, now);
    if (limits.allowed && !charge.dryRun && charge.cost > 0) {
      this.#charge(charge.key, key - charge.cost, elapsed);
      this.#charge(charge.account, account - charge.cost, elapsed);
    }
    return limits;
  }

  /**
   * level is what the bucket holds. If the rule changed it is taken to have filled at the faster of
   * the two rates, so a raised limit applies at once.
   */
  #level(bucket: Bucket | undefined, at: number): number {
    if (bucket === undefined) return 0;
    const kept = this.#levels.get(bucket.id);
    if (kept === undefined) return bucket.rule.burst;
    const pace = Math.max(perMs(kept.rule), perMs(bucket.rule));
    return Math.min(bucket.rule.burst, kept.tokens + Math.max(0, at - kept.at) * pace);
  }

  #charge(bucket: Bucket | undefined, tokens: number, at: number): void {
    if (bucket === undefined) return;
    this.#levels.delete(bucket.id);
    this.#levels.set(bucket.id, { rule: bucket.rule, tokens, at });
    if (this.#levels.size <= mostBuckets) return;
    const oldest = this.#levels.keys().next();
    if (oldest.done !== true) this.#levels.delete(oldest.value);
  }
}

/** available makes up for what floating point loses of a token that is due exactly now. */
function available(tokens: number): number {
  const whole = Math.round(tokens);
  return Math.abs(tokens - whole) < 1e-6 ? whole : tokens;
}
