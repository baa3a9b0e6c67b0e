import { contains, formatAddress, parseAddress, type Address } from "../address.js";
import type { KnownCode } from "../verdict.js";
import type { Grant } from "./grants.js";
import { coveredBy } from "./scopes.js";
import type { Limits } from "./wire.js";

/** Asked is a question that was checked. */
export interface Asked {
  readonly key: string;
  readonly scopes: readonly string[];
  readonly cost: number;
  readonly address: Address | undefined;
  readonly userAgent: string;
  readonly dryRun: boolean;
  readonly fresh: boolean;
}

/** Text is a sentence of the service's catalogue, by its code, so that other languages can say it. */
export interface Text {
  readonly code: string;
  readonly args: Readonly<Record<string, string | readonly string[]>>;
}

/** Refusal says what is wrong, and what would have to change. */
export interface Refusal {
  readonly detail: Text;
  readonly change: Text;
}

function say(code: string, args: Text["args"] = {}): Text {
  return { code, args };
}

function because(detail: string, change: string): Refusal {
  return { detail: say(detail), change: say(change) };
}

/** time writes a moment as the service does. */
function time(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, "Z");
}

/** Check is one rule that a verification applies to a grant. */
export interface Check {
  readonly name: string;
  readonly code: KnownCode;
  readonly refuse: (grant: Grant, asked: Asked, now: number) => Refusal | undefined;
}

/** checks are the rules in the order in which they are applied. */
export const checks: readonly Check[] = [
  { name: "revoked", code: "REVOKED", refuse: revoked },
  { name: "expiry", code: "EXPIRED", refuse: expired },
  { name: "not_before", code: "NOT_YET_VALID", refuse: early },
  { name: "enabled", code: "DISABLED", refuse: disabled },
  { name: "network", code: "IP_NOT_ALLOWED", refuse: address },
  { name: "scopes", code: "INSUFFICIENT_SCOPE", refuse: scopes },
];

function revoked({ key }: Grant): Refusal | undefined {
  if (key.revokedAt === undefined) return undefined;
  return { detail: say("key_revoked", { at: time(key.revokedAt) }), change: say("revoke_final") };
}

function expired(grant: Grant, _asked: Asked, now: number): Refusal | undefined {
  if (grant.endsAt === undefined || now < grant.endsAt) return undefined;
  const at = time(new Date(grant.endsAt));
  const { rotatedTo, graceUntil } = grant.key;
  if (rotatedTo !== "" && graceUntil?.getTime() === grant.endsAt) {
    return { detail: say("key_grace_over", { at }), change: say("use_successor", { key: rotatedTo }) };
  }
  return { detail: say("key_expired", { at }), change: say("issue_key") };
}

function early({ key }: Grant, _asked: Asked, now: number): Refusal | undefined {
  if (key.notBefore === undefined || now >= key.notBefore.getTime()) return undefined;
  const at = time(key.notBefore);
  return { detail: say("key_too_early", { at }), change: say("wait_until", { at }) };
}

function disabled(grant: Grant): Refusal | undefined {
  if (grant.key.disabled) return because("key_disabled", "enable_key");
  if (grant.account.disabled) return because("account_disabled", "enable_account");
  if (grant.organization.disabled) return because("organization_disabled", "staff_enable_organization");
  return undefined;
}

function address(grant: Grant, { address: from }: Asked): Refusal | undefined {
  const within = grant.networks.every(
    (networks) => networks.length === 0 || (from !== undefined && networks.some((network) => contains(network, from))),
  );
  if (within) return undefined;
  if (from === undefined) return because("key_bound_no_address", "send_address");
  const args = { address: formatAddress(from) };
  return { detail: say("address_not_allowed", args), change: say("allow_address", args) };
}

function scopes(grant: Grant, asked: Asked): Refusal | undefined {
  const lacking = missing(grant, asked);
  if (lacking.length === 0) return undefined;
  return { detail: say("key_lacks", { scopes: lacking }), change: say("grant_scopes", { scopes: lacking, account: grant.account.id }) };
}

/** missing returns the scopes that are asked for and not granted. */
export function missing(grant: Grant, asked: Asked): string[] {
  return asked.scopes.filter((scope) => !coveredBy(grant.scopes, scope));
}

/** refusedLimit says which limit refuses; undefined if none does. */
export function refusedLimit(limits: Limits): { code: "RATE_LIMITED" | "QUOTA_EXCEEDED"; refusal: Refusal } | undefined {
  if (limits.allowed) return undefined;
  const quota = limits.refused === "quota";
  const detail =
    limits.refused === "unreachable"
      ? "limits_unreachable"
      : limits.never
        ? quota
          ? "cost_beyond_quota"
          : "cost_beyond_burst"
        : quota
          ? "quota_used_up"
          : limits.refused === "account"
            ? "account_over_rate"
            : "key_over_rate";
  const change = limits.never ? say("lower_cost") : say("wait_or_raise", { time: duration(limits.retryAfterMs) });
  return { code: quota ? "QUOTA_EXCEEDED" : "RATE_LIMITED", refusal: { detail: say(detail), change } };
}

/** duration writes a time as the service does: 1.5s, 2m, 1h1m1s. */
function duration(ms: number): string {
  const rounded = Math.round(ms);
  if (rounded < 1_000) return rounded === 0 ? "0s" : `${String(rounded)}ms`;
  const hours = Math.floor(rounded / 3_600_000);
  const minutes = Math.floor((rounded % 3_600_000) / 60_000);
  const seconds = (rounded % 60_000) / 1_000;
  const text = `${hours > 0 ? `${String(hours)}h` : ""}${hours > 0 || minutes > 0 ? `${String(minutes)}m` : ""}${String(seconds)}s`;
  return text.replace(/m0s$/, "m").replace(/h0m$/, "h");
}

/** readAddress reads the address of a question; undefined for none, and for what is none. */
export function readAddress(text: string | undefined): Address | undefined {
  return text === undefined ? undefined : parseAddress(text);
}

/** sentences are those of the service's catalogue that an edge may say. */
export const sentences: Readonly<Record<string, string>> = {
  account_disabled: "the service account is disabled",
  account_over_rate: "the service account is over its rate limit",
  address_not_allowed: "the address {address} is not in an allowed network",
  allow_address: "call from an allowed network, or add one that holds {address}",
  copy_whole_key: "copy the whole key, or issue one",
  cost_beyond_burst: "the cost is larger than the burst and can never pass",
  cost_beyond_quota: "the cost is larger than the whole quota and can never pass",
  enable_account: "enable the service account",
  enable_key: "enable the key",
  grant_scopes: "grant {scopes} to the service account {account} and the key",
  issue_key: "issue a new key",
  key_bound_no_address: "the key is bound to networks and the address is not known",
  key_disabled: "the key is disabled",
  key_expired: "the key expired at {at}",
  key_grace_over: "the key was rotated and its grace ended at {at}",
  key_lacks: "the key lacks {scopes}",
  key_over_rate: "the key is over its rate limit",
  key_revoked: "the key was revoked at {at}",
  key_shape: "the key has a wrong shape or checksum",
  key_too_early: "the key is not valid before {at}",
  limits_unreachable: "the limits that all nodes share cannot be reached, and nothing passes without them",
  lower_cost: "ask for a lower cost, or raise the limit",
  no_key: "there is no such key",
  no_key_sent: "no key was sent: send it in X-API-Key, or in Authorization as Bearer or Api-Key",
  organization_disabled: "the organization is disabled",
  quota_used_up: "the service account's quota is used up",
  revoke_final: "a revoke is final: issue a new key",
  send_address: 'send the caller\'s address as "ip"',
  send_key: "send the key",
  staff_enable_organization: "the provider's staff can enable the organization",
  too_many_unknown: "too many unknown keys",
  use_known_key: "use a key that exists",
  use_successor: "use its successor {key}",
  wait_or_raise: "wait {time}, or raise the limit",
  wait_until: "wait until {at}, or set not_before to an earlier time",
  // What only a node decides, and tells an edge by its code.
  get_token: "get a new token",
  several_keys: "the request has two different keys",
  token_expired: "the token expired at {at}",
  token_is_expired: "the token is expired",
  token_not_ours: "this service did not sign the token for this use",
  token_revoked: "the token was revoked",
  wait_known: "wait, then try a known key",
};

/** sentence returns the text in English, or the code of one that this version does not know. */
export function sentence({ code, args }: Text): string {
  return (sentences[code] ?? code).replace(/\{([a-z]+)\}/g, (braced, name: string) => {
    const value = args[name];
    return value === undefined ? braced : [value].flat().join(", ");
  });
}
