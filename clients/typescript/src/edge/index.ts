/**
 * Verifies keys in this process. A node feeds it: a decision on a key that was seen lately needs no
 * request. It keeps digests, never keys. A revoke takes effect here within the same second as on
 * every node. It needs Node.js, or what stands in for its modules: Bun, Deno.
 *
 * While it is cut off it goes on for as long as the node allowed, and then answers nothing. See
 * docs/edge-protocol.md.
 * @packageDocumentation
 */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { formatAddress } from "../address.js";
import { LatchkeyError } from "../errors.js";
import { tell } from "../tell.js";
import { version } from "../version.js";
import type { Question, Verdict, Verifier } from "../verdict.js";
import { checks, missing, readAddress, refusedLimit, type Asked, type Refusal } from "./checks.js";
import { Counters } from "./counters.js";
import type { Charge } from "./buckets.js";
import { digestOf, Marks } from "./digest.js";
import { Elapsed } from "./elapsed.js";
import { foreignKey, isBrand, isKey, isSigned } from "./format.js";
import { Gate } from "./gate.js";
import { Elsewhere, Grants, type Grant } from "./grants.js";
import { Lease } from "./lease.js";
import { Limits } from "./limits.js";
import { Reporter } from "./report.js";
import { faultOf } from "./scopes.js";
import { Source } from "./source.js";
import { Unanswered, Upstream } from "./upstream.js";
import { readOutcome, skippedStep, stepOf, verdictOf, type Outcome } from "./verdict.js";
import type { Limits as Decision, Self } from "./wire.js";

/** EdgeConfig is what an Edge needs. Upstream and key are required. */
export interface EdgeConfig {
  /** Nodes, such as https://keys.example.com; http for loopback addresses only. */
  upstream: readonly string[] | string | undefined;
  /** A key with the scope latchkey:edge, for the keys of its organization, or latchkey:edge-all. */
  key: string | undefined;
  /** For people; the host name by default. */
  name?: string;
  /** The most keys that are kept, 100,000 by default. */
  cacheSize?: number;
  /** Whether shares of limits are taken ahead of need, true by default. Otherwise the node is asked for each decision. */
  leases?: boolean;
  /** While cut off, refuse keys with limits. Otherwise rates count here alone. */
  denyLimits?: boolean;
  /** Called with what goes wrong in the background: counts that no node takes. */
  onError?: (error: unknown) => void;
  /** Sends the requests. */
  fetch?: typeof fetch;
  /** Measures time; for tests. */
  elapsed?: Elapsed;
}

const defaultCacheSize = 100_000;
/** Shares that a key may have: its own, its account's and the quota's. */
const partsOfKey = 3;
const maxCost = 1_000_000_000;

/** Edge verifies keys. Close it, or the process does not end. */
export class Edge implements Verifier {
  readonly #up: Upstream;
  readonly #source: Source;
  readonly #grants: Grants;
  readonly #limits: Limits;
  readonly #reporter: Reporter;
  readonly #gate = new Gate();
  /** Under way, even if their callers have gone. */
  readonly #deciding = new Set<Promise<Outcome>>();
  #closed = false;

  private constructor(config: EdgeConfig) {
    const { upstream, key } = config;
    const addresses = typeof upstream === "string" ? [upstream] : (upstream ?? []);
    const cacheSize = config.cacheSize ?? defaultCacheSize;
    if (!Number.isInteger(cacheSize) || cacheSize < 1) throw new TypeError("latchkey edge: cacheSize must be a whole number from 1");
    const self: Self = { id: edgeId(), name: nameOf(config.name ?? hostname()), version, started_at: new Date().toISOString() };
    const elapsed = config.elapsed ?? new Elapsed();
    const marks = new Marks();
    const lease = new Lease(elapsed);
    this.#up = new Upstream(addresses, key ?? "", config.fetch);
    const counters = new Counters(this.#up, self.id, elapsed);
    this.#source = new Source(this.#up, self, marks, lease, elapsed, () => (counters.cut = false));
    this.#grants = new Grants(this.#source, marks, lease, elapsed, cacheSize);
    this.#limits = new Limits(counters, elapsed, {
      leases: config.leases ?? true,
      deny: config.denyLimits ?? false,
      mostShares: partsOfKey * cacheSize,
    });
    this.#reporter = new Reporter(this.#up, self, (error) => {
      tell(config.onError, error);
    });
  }

  /**
   * start asks a node what an edge has to know, and returns an Edge that the node feeds. It throws if
   * no node can be reached, or none accepts the key.
   */
  static async start(config: EdgeConfig): Promise<Edge> {
    const edge = new Edge(config);
    try {
      await edge.#source.begin();
      if (!isBrand(edge.#source.brand)) throw new Unanswered("unavailable", "what the node says of keys makes no sense");
      return edge;
    } catch (error) {
      await edge.#source.stop();
      await Promise.allSettled([edge.#limits.close(), edge.#reporter.close()]);
      throw edge.#undecided(error);
    }
  }

  /** refused is why the nodes do not accept the edge's key; undefined while they do. */
  get refused(): LatchkeyError | undefined {
    return this.#up.refused;
  }

  /**
   * verify decides the question. A refusal is a verdict. The error is `invalid` for a question that
   * makes no sense, `unavailable` if the key is not known here and no node answers, and `limited` if
   * a node takes no more questions. Deny access on an error.
   */
  async verify(question: Question, options: { signal?: AbortSignal } = {}): Promise<Verdict> {
    const asked = check(question);
    if (this.#closed) throw new LatchkeyError({ kind: "misused", detail: "the edge is closed" });
    if (options.signal?.aborted) throw new LatchkeyError({ kind: "canceled", operation: "edge" }); // it charges nothing
    const deciding = this.#decide(asked);
    this.#deciding.add(deciding);
    const end = () => this.#deciding.delete(deciding);
    deciding.then(end, end);
    try {
      return verdictOf(await abortable(deciding, options.signal));
    } catch (error) {
      throw this.#undecided(error);
    }
  }

  /** close stops the edge, and reports to a node what was decided. It throws if no node takes that. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.allSettled(this.#deciding); // what they decide counts, and a revoke waits for this edge until then
    await this.#source.stop();
    const [limits, reported] = await Promise.allSettled([this.#limits.close(), this.#reporter.close()]);
    await this.#source.leave();
    if (this.#up.refused !== undefined) return; // there is nobody to report to
    for (const result of [reported, limits]) if (result.status === "rejected") throw this.#undecided(result.reason);
  }

  async #decide(asked: Asked): Promise<Outcome> {
    try {
      return await this.#decideHere(asked);
    } catch (error) {
      if (error instanceof Elsewhere) return this.#elsewhere(asked);
      // The node, which charges the limits, no longer knows the key.
      if (error instanceof Unanswered && error.fault === "not_found") return this.#decideHere({ ...asked, fresh: true });
      throw error;
    }
  }

  async #decideHere(asked: Asked): Promise<Outcome> {
    if (asked.key === "") return this.#unknown(asked, "MISSING", { detail: text("no_key_sent"), change: text("send_key") });
    const digest = digestOf(asked.key);
    const ready = asked.fresh ? undefined : this.#grants.ready(digest); // its text needs no check
    const own = ready !== undefined || isKey(this.#source.brand, asked.key);
    const foreign = own ? "no" : foreignKey(this.#source.brand, this.#source.foreign, asked.key);
    if (!own && foreign === "no") {
      if (isSigned(asked.key)) return this.#elsewhere(asked);
      return this.#unknown(asked, "MALFORMED", { detail: text("key_shape"), change: text("copy_whole_key") });
    }
    let grant = ready ?? (await this.#grants.find(digest, asked.fresh));
    let charged: Decision | undefined;
    while (grant !== undefined) {
      const now = Date.now();
      if (asked.dryRun) return this.#explain(grant, asked, now);
      const refusal = this.#refuse(grant, asked, now);
      if (refusal !== undefined) return refusal;
      if (charged === undefined) {
        charged = await this.#limits.take(chargeOf(grant, asked, now), now);
        // Whoever asked the node has waited. What changed meanwhile counts, and the lease may be over.
        if (!this.#grants.stands(grant)) {
          grant = await this.#grants.find(digest, false);
          continue;
        }
      }
      return this.#charged(grant, asked, charged, now);
    }
    if (foreign === "slow") return this.#elsewhere(asked); // the node may know it by another digest
    return this.#unknown(asked, "NOT_FOUND", { detail: text("no_key"), change: text("use_known_key") });
  }

  /** refuse returns the outcome of the first check that fails. */
  #refuse(grant: Grant, asked: Asked, now: number): Outcome | undefined {
    for (const { code, refuse } of checks) {
      const refusal = refuse(grant, asked, now);
      if (refusal === undefined) continue;
      this.#reporter.refused(grant, asked, code, refusal.detail, now);
      return { code, detail: refusal.detail, grant, missing: code === "INSUFFICIENT_SCOPE" ? missing(grant, asked) : [], at: now };
    }
    return undefined;
  }

  #charged(grant: Grant, asked: Asked, limits: Decision, now: number): Outcome {
    const refused = refusedLimit(limits);
    if (refused === undefined) {
      this.#reporter.used(grant, asked, now);
      return { code: "VALID", grant, limits, at: now };
    }
    this.#reporter.refused(grant, asked, refused.code, refused.refusal.detail, now);
    return { code: refused.code, detail: refused.refusal.detail, grant, limits, at: now };
  }

  /** explain decides, charges nothing and tells every step, also those after the first refusal. */
  async #explain(grant: Grant, asked: Asked, now: number): Promise<Outcome> {
    const steps = [stepOf("format", "MALFORMED", undefined), stepOf("known", "NOT_FOUND", undefined)];
    let first: { code: Outcome["code"]; refusal: Refusal } | undefined;
    for (const { name, code, refuse } of checks) {
      const refusal = refuse(grant, asked, now);
      steps.push(stepOf(name, code, refusal));
      if (refusal !== undefined) first ??= { code, refusal };
    }
    const limits = await this.#limits.take(chargeOf(grant, asked, now), now);
    const refused = refusedLimit(limits);
    const [rate, quota] = [refused?.code === "RATE_LIMITED", refused?.code === "QUOTA_EXCEEDED"];
    steps.push(stepOf("rate_limit", "RATE_LIMITED", rate ? refused?.refusal : undefined));
    // The quota is checked last: after a rate that refuses it is not known.
    steps.push(rate ? skippedStep("quota", "QUOTA_EXCEEDED") : stepOf("quota", "QUOTA_EXCEEDED", quota ? refused?.refusal : undefined));
    const told = first === undefined ? limits : undefined;
    first ??= refused;
    return {
      code: first?.code ?? "VALID",
      detail: first?.refusal.detail,
      grant,
      limits: told,
      missing: missing(grant, asked),
      steps,
      at: now,
    };
  }

  /** unknown is the outcome for a key of which nothing is known. */
  #unknown(asked: Asked, code: "MISSING" | "MALFORMED" | "NOT_FOUND", refusal: Refusal): Outcome {
    const outcome = { code, detail: refusal.detail, at: Date.now() };
    if (!asked.dryRun) {
      this.#reporter.unknown(code);
      return outcome;
    }
    const known = code === "NOT_FOUND";
    const steps = known
      ? [stepOf("format", "MALFORMED", undefined), stepOf("known", code, refusal)]
      : [stepOf("format", code, refusal), skippedStep("known", "NOT_FOUND")];
    steps.push(...checks.map((one) => skippedStep(one.name, one.code)));
    steps.push(skippedStep("rate_limit", "RATE_LIMITED"), skippedStep("quota", "QUOTA_EXCEEDED"));
    return { ...outcome, steps };
  }

  /** elsewhere has a node decide, charge and count. Nothing of it is kept: nobody would take it back. */
  async #elsewhere(asked: Asked): Promise<Outcome> {
    const question = {
      key: asked.key,
      scopes: asked.scopes,
      cost: asked.cost,
      user_agent: asked.userAgent,
      dry_run: asked.dryRun,
      fresh: asked.fresh,
      within: null,
      ...(asked.address === undefined ? {} : { address: formatAddress(asked.address) }),
    };
    let told: unknown;
    try {
      told = await this.#gate.pass(() => this.#up.ask("/edge/v1/verify", question));
    } catch (error) {
      const none = error instanceof Unanswered && (error.fault === "not_found" || error.fault === "no_path");
      throw none ? new Unanswered("unavailable", "the node decides nothing for edges: it is of an earlier version") : error;
    }
    const outcome = readOutcome(told, Date.now());
    if (outcome === undefined) throw new Unanswered("unavailable", "the node answered a verdict that makes no sense");
    return outcome;
  }

  /** undecided is the error for a question that nobody decided. It is temporary if no node answered. */
  #undecided(error: unknown): unknown {
    if (!(error instanceof Unanswered)) return error;
    const detail = error.message.replace("latchkey edge: ", "");
    switch (error.fault) {
      case "refused":
        return this.#up.refused ?? new LatchkeyError({ kind: "forbidden", operation: "edge", detail });
      // Callers can cause these, so they must not let anybody through.
      case "limited":
      case "invalid":
      case "too_large":
        return new LatchkeyError({ kind: error.fault, operation: "edge", detail });
      default:
        return new LatchkeyError({ kind: "unavailable", operation: "edge", detail });
    }
  }
}

function text(code: string): Refusal["detail"] {
  return { code, args: {} };
}

function chargeOf(grant: Grant, asked: Asked, now: number): Charge {
  const key = grant.keyRule(now);
  const account = grant.accountRule(now);
  const quota = grant.quota(now);
  return {
    digest: grant.digest,
    key: key === undefined ? undefined : { id: grant.keyLimitId, rule: key },
    account: account === undefined ? undefined : { id: grant.limitId, rule: account },
    quota: quota === undefined ? undefined : { id: grant.limitId, quota },
    cost: asked.cost,
    dryRun: asked.dryRun,
  };
}

/** check reads a question as POST /verify does. */
function check(question: Question): Asked {
  const { key, scopes = [], cost = 1, address, userAgent = "", dryRun = false, fresh = false } = question;
  const fields = [];
  if (!Number.isInteger(cost) || cost < 0 || cost > maxCost) {
    fields.push({ field: "cost", code: "cost_out_of_range", detail: `must be a whole number between 0 and ${String(maxCost)}` });
  }
  const fault = faultOf(scopes);
  if (fault !== "") fields.push({ field: "scopes", detail: fault });
  if (fields.length > 0) {
    throw new LatchkeyError({
      kind: "invalid",
      operation: "edge",
      code: "invalid_request",
      detail: "the question has fields that are not valid",
      fields,
    });
  }
  return { key, scopes, cost, address: readAddress(address), userAgent, dryRun, fresh };
}

/** edgeId is new for each process: a version 7 UUID. */
function edgeId(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return `edge_${bytes.toString("hex")}`;
}

/** nameOf keeps what a node takes: visible characters, at most 128 bytes. */
function nameOf(name: string): string {
  return name.replace(/[^\x21-\x7e]/g, "").slice(0, 128);
}

/** abortable waits for the work, but not for a caller who has gone. */
function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const give = () => {
      reject(new LatchkeyError({ kind: "canceled", operation: "edge" }));
    };
    signal.addEventListener("abort", give, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", give);
    });
  });
}
