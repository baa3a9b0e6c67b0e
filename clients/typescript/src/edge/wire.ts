// The messages between an edge and a node: see docs/edge-protocol.md. What comes from a node is
// read strictly where a decision hangs on it. Members that are not known are ignored.
import { isObject, texts } from "../answer.js";
import { parseNetwork, type Network } from "../address.js";
import { date, metadataOf, type Metadata } from "../verdict.js";
import { unpackMarks } from "./digest.js";
import type { Shape } from "./format.js";

/** Self is how an edge names itself. */
export interface Self {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly started_at: string;
}

/** Changes tells what changed. */
export interface Changes {
  readonly epoch: string;
  readonly place: number;
  readonly marks: readonly string[];
  readonly all: boolean;
  readonly ageMs: number;
  readonly maxStaleMs: number;
  readonly brand: string;
  readonly foreign: readonly Shape[];
}

/** The most shapes of imported keys that a node tells. */
const mostShapes = 65;

/** readShapes reads the shapes of imported keys. One that it cannot read matches nothing. */
function readShapes(told: unknown): Shape[] {
  if (!Array.isArray(told)) return [];
  const shapes: Shape[] = [];
  for (const one of told.slice(0, mostShapes)) {
    if (!isObject(one)) continue;
    const { prefix = "", alphabet, least, most } = one;
    if (typeof prefix !== "string" || typeof alphabet !== "string" || !isCount(least) || !isCount(most)) continue;
    shapes.push({ prefix, alphabet, least, most, slow: one["sha512"] === true || isCount(one["public"]) && one["public"] > 0 });
  }
  return shapes;
}

export function readChanges(told: unknown): Changes | undefined {
  if (!isObject(told)) return undefined;
  const { epoch, place, marks, all, brand } = told;
  const ageMs = told["age_ms"];
  const maxStaleMs = told["max_stale_ms"];
  const unpacked = typeof marks === "string" ? unpackMarks(marks) : marks === undefined || marks === null ? [] : undefined;
  if (
    typeof epoch !== "string" ||
    epoch === "" ||
    !isCount(place) ||
    unpacked === undefined ||
    typeof brand !== "string" ||
    brand === "" ||
    !isCount(ageMs) ||
    !isCount(maxStaleMs) ||
    maxStaleMs === 0
  ) {
    return undefined;
  }
  return { epoch, place, marks: unpacked, all: all === true, ageMs, maxStaleMs, brand, foreign: readShapes(told["foreign"]) };
}

/** Rule is a token bucket: requests every perMs, at most burst at once. */
export interface Rule {
  readonly requests: number;
  readonly perMs: number;
  readonly burst: number;
}

/** Quota allows requests in each calendar day or month, in UTC. */
export interface Quota {
  readonly requests: number;
  readonly per: "day" | "month";
}

/** Override sets other limits for a time. */
export interface Override {
  readonly keyRateLimit: Rule | undefined;
  readonly rateLimit: Rule | undefined;
  readonly quota: Quota | undefined;
  readonly untilMs: number;
}

export interface Key {
  readonly id: string;
  readonly name: string;
  readonly accountId: string;
  readonly environment: string;
  readonly scopes: readonly string[] | null;
  readonly networks: readonly Network[];
  readonly rateLimit: Rule | undefined;
  readonly revokedAt: Date | undefined;
  readonly rotatedTo: string;
  readonly graceUntil: Date | undefined;
  readonly expiresAt: Date | undefined;
  readonly notBefore: Date | undefined;
  readonly metadata: Metadata;
  readonly disabled: boolean;
  readonly limitResets: number;
}

export interface Account {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  readonly externalId: string;
  readonly tier: string;
  readonly scopes: readonly string[];
  readonly networks: readonly Network[];
  readonly rateLimit: Rule | undefined;
  readonly quota: Quota | undefined;
  readonly override: Override | undefined;
  readonly metadata: Metadata;
  readonly disabled: boolean;
  readonly limitResets: number;
}

export interface Organization {
  readonly id: string;
  readonly disabled: boolean;
}

export interface Tier {
  readonly name: string;
  readonly rateLimit: Rule | undefined;
  readonly accountRateLimit: Rule | undefined;
  readonly quota: Quota | undefined;
}

/** Told is what a node knows of a key. */
export interface Told {
  readonly epoch: string;
  readonly key: Key;
  readonly account: Account;
  readonly organization: Organization;
  readonly tier: Tier;
  readonly needs: readonly string[];
}

/** Nonsense is thrown for a message that cannot be read. A limit that cannot must not be none. */
class Nonsense extends Error {}

/** readGrant reads what is known of a key; undefined for what makes no sense. */
export function readGrant(value: unknown): Told | undefined {
  try {
    const told = object(value);
    const key = readKey(object(told["key"]));
    const account = readAccount(object(told["account"]));
    const organization = object(told["organization"]);
    const tier = readTier(object(told["tier"]));
    const grant = {
      epoch: text(told["epoch"]),
      key,
      account,
      organization: { id: text(organization["id"]), disabled: flag(organization["disabled"]) },
      tier,
      needs: told["needs"] === undefined || told["needs"] === null ? [] : list(told["needs"]),
    };
    const fits =
      key.id !== "" && account.id === key.accountId && grant.organization.id === account.organizationId && tier.name === account.tier;
    return fits ? grant : undefined;
  } catch (error) {
    if (error instanceof Nonsense) return undefined;
    throw error;
  }
}

function readKey(k: Record<string, unknown>): Key {
  return {
    id: text(k["id"]),
    name: text(k["name"]),
    accountId: text(k["service_account_id"]),
    environment: text(k["environment"]),
    scopes: k["scopes"] === null || k["scopes"] === undefined ? null : list(k["scopes"]),
    networks: networks(k["allowed_networks"]),
    rateLimit: rule(k["rate_limit"]),
    revokedAt: time(k["revoked_at"]),
    rotatedTo: text(k["rotated_to"]),
    graceUntil: time(k["grace_until"]),
    expiresAt: time(k["expires_at"]),
    notBefore: time(k["not_before"]),
    metadata: metadataOf(k["metadata"]),
    disabled: flag(k["disabled"]),
    limitResets: count(k["limit_resets"]),
  };
}

function readAccount(a: Record<string, unknown>): Account {
  const override = a["override"];
  return {
    id: text(a["id"]),
    organizationId: text(a["organization_id"]),
    name: text(a["name"]),
    externalId: text(a["external_id"]),
    tier: text(a["tier"]),
    scopes: a["scopes"] === null ? [] : list(a["scopes"]),
    networks: networks(a["allowed_networks"]),
    rateLimit: rule(a["rate_limit"]),
    quota: quota(a["quota"]),
    override: override === undefined || override === null ? undefined : readOverride(object(override)),
    metadata: metadataOf(a["metadata"]),
    disabled: flag(a["disabled"]),
    limitResets: count(a["limit_resets"]),
  };
}

function readOverride(o: Record<string, unknown>): Override {
  return {
    keyRateLimit: rule(o["key_rate_limit"]),
    rateLimit: rule(o["rate_limit"]),
    quota: quota(o["quota"]),
    untilMs: time(o["until"])?.getTime() ?? 0,
  };
}

function readTier(t: Record<string, unknown>): Tier {
  return {
    name: text(t["name"]),
    rateLimit: rule(t["rate_limit"]),
    accountRateLimit: rule(t["account_rate_limit"]),
    quota: quota(t["quota"]),
  };
}

function rule(value: unknown): Rule | undefined {
  if (value === undefined || value === null) return undefined;
  const r = object(value);
  const [requests, per, burst] = [r["Requests"], r["Per"], r["Burst"]];
  if (!isCount(requests) || !isCount(per) || !isCount(burst) || requests < 1 || per < 1 || burst < 1) throw new Nonsense();
  return { requests, perMs: per / 1e6, burst };
}

function quota(value: unknown): Quota | undefined {
  if (value === undefined || value === null) return undefined;
  const q = object(value);
  const [requests, per] = [q["Requests"], q["Per"]];
  if (!isCount(requests) || requests < 1 || (per !== "day" && per !== "month")) throw new Nonsense();
  return { requests, per };
}

function networks(value: unknown): Network[] {
  if (value === undefined || value === null) return [];
  return list(value).map((entry) => parseNetwork(entry) ?? fail());
}

function fail(): never {
  throw new Nonsense();
}

function object(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : fail();
}

function list(value: unknown): string[] {
  const strings = texts(value);
  return Array.isArray(value) && strings.length === value.length ? strings : fail();
}

function text(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : fail();
}

function flag(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return typeof value === "boolean" ? value : fail();
}

function count(value: unknown): number {
  if (value === undefined || value === null) return 0;
  return isCount(value) ? value : fail();
}

function time(value: unknown): Date | undefined {
  if (value === undefined || value === null) return undefined;
  const at = date(value);
  return at === undefined && !(typeof value === "string" && value.startsWith("0001-")) ? fail() : at;
}

/** isCount tells whether the value is a number that is finite and not negative. */
export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

/** Part is a limit of a key, or what refused a request. */
export type Part = "key" | "account" | "quota";

export interface BucketState {
  readonly limit: number;
  readonly remaining: number;
  readonly resetAfterMs: number;
}

/** Limits is the decision on the limits of a key. */
export interface Limits {
  readonly allowed: boolean;
  readonly refused: Part | "unreachable" | "";
  /** The cost is more than the whole, so it can never pass. */
  readonly never: boolean;
  readonly retryAfterMs: number;
  readonly key: BucketState | undefined;
  readonly account: BucketState | undefined;
  readonly quota: { readonly limit: number; readonly remaining: number; readonly resetsAt: Date } | undefined;
  /** Decided by the node's counters, otherwise by this edge alone. */
  readonly cluster: boolean;
}

/** readLimits reads a decision; undefined if it contradicts itself. */
export function readLimits(value: unknown): Limits | undefined {
  if (!isObject(value)) return undefined;
  const { allowed, refused, quota: q } = value;
  const known = refused === "" || refused === "key" || refused === "account" || refused === "quota" || refused === "unreachable";
  if (typeof allowed !== "boolean" || !known || allowed !== (refused === "")) return undefined;
  const ms = (ns: unknown) => (isCount(ns) ? ns / 1e6 : 0);
  const bucket = (has: unknown, b: unknown) =>
    has === true && isObject(b)
      ? { limit: count(b["limit"]), remaining: count(b["remaining"]), resetAfterMs: ms(b["reset_after"]) }
      : undefined;
  try {
    return {
      allowed,
      refused,
      never: value["never"] === true,
      retryAfterMs: ms(value["retry_after"]),
      key: bucket(value["has_key"], value["key"]),
      account: bucket(value["has_account"], value["account"]),
      quota:
        value["has_quota"] === true && isObject(q)
          ? { limit: count(q["limit"]), remaining: count(q["remaining"]), resetsAt: time(q["resets_at"]) ?? new Date(0) }
          : undefined,
      cluster: true,
    };
  } catch (error) {
    if (error instanceof Nonsense) return undefined;
    throw error;
  }
}

/** AskedShare asks for a share of one limit of a key. */
export interface AskedShare {
  readonly digest: string;
  readonly part: Part;
  readonly window: string;
  readonly began: number;
  back: number;
  readonly holds: number;
  readonly want: number;
  readonly need: number;
}

/** Share is what was granted of one limit. */
export interface Share {
  readonly code: string;
  readonly amount: number;
  readonly left: number;
  readonly used: number;
  readonly began: number;
  readonly exactMs: number;
}

/** readShare reads a share; undefined if it makes no sense. */
export function readShare(value: unknown, asked: AskedShare): Share | undefined {
  if (!isObject(value)) return undefined;
  const { code, amount, left, used, began } = value;
  if (typeof code === "string" && code !== "") return { code, amount: 0, left: 0, used: 0, began: 0, exactMs: 0 };
  const exactMs = value["exact_ms"];
  const whole = isCount(amount) && Number.isInteger(amount) && amount <= Math.max(asked.want, asked.need);
  if (!whole || !isCount(left) || !isCount(used) || typeof began !== "number" || !isCount(exactMs)) return undefined;
  return { code: "", amount, left, used, began, exactMs };
}
