import { decide, Local, sameRule, windowOf, type Charge } from "./buckets.js";
import { NoShare, type Counters } from "./counters.js";
import type { Elapsed } from "./elapsed.js";
import { Share } from "./share.js";
import { Unanswered } from "./upstream.js";
import type { Limits as Decision, Part } from "./wire.js";

/** Unused for this long: what is held goes back, and the share is forgotten. */
const idleMs = 250;
const forgetMs = 60_000;
/** How often a request asks for a share that others then spend. After that the counters decide. */
const tries = 3;
/** How many shares are given back at the same time. */
const backAtOnce = 512;

/**
 * Limits charges the limits of keys to shares of the node's counters, which are taken ahead of need.
 * While no node can be asked, rates count here alone, and quotas allow what is held of them.
 */
export class Limits {
  readonly #counters: Counters;
  readonly #elapsed: Elapsed;
  readonly #leases: boolean;
  readonly #deny: boolean;
  readonly #mostShares: number;
  readonly #shares = new Map<string, Share>();
  readonly #local = new Local();
  readonly #filling = new Set<Promise<void>>();
  readonly #sweeper: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  constructor(counters: Counters, elapsed: Elapsed, options: { leases: boolean; deny: boolean; mostShares: number }) {
    this.#counters = counters;
    this.#elapsed = elapsed;
    this.#leases = options.leases;
    this.#deny = options.deny;
    this.#mostShares = options.mostShares;
    if (options.leases) this.#sweeper = setInterval(() => void this.#sweep(), idleMs / 2);
  }

  /** take decides and charges. It throws if the node does not know the key any more, or refuses this edge. */
  async take(charge: Charge, now: number): Promise<Decision> {
    if (charge.key === undefined && charge.account === undefined && charge.quota === undefined) {
      return this.#local.take(charge, this.#elapsed.now(), now); // nothing limits it
    }
    if (this.#counters.cut) return this.#alone(charge, now);
    try {
      return this.#leases ? await this.#lease(charge) : await this.#counters.take(charge);
    } catch (error) {
      if (!(error instanceof Unanswered) || error.fault !== "unavailable") throw error;
      // A node that is there says nothing about other limits.
      if (!(error instanceof NoShare)) this.#counters.cut = true; // until a poll is answered
      return this.#alone(charge, now);
    }
  }

  /** close returns what was not spent. It throws if no node takes it. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweeper);
    await Promise.allSettled(this.#filling);
    await this.#giveBack([...this.#shares.values()]);
  }

  async #lease(charge: Charge): Promise<Decision> {
    for (let attempt = 0; ; attempt++) {
      const shares = this.#sharesOf(charge);
      if (shares === undefined || shares.exact || never(charge)) {
        // The counters decide; what is held goes back first, so that they include it.
        for (const share of shares?.all ?? []) await share.giveBack(this.#counters);
        return await this.#counters.take(never(charge) ? { ...charge, dryRun: true } : charge);
      }
      const decided = this.#spend(charge, shares);
      if ("decision" in decided) return decided.decision;
      if (charge.dryRun) {
        for (const share of shares.all) await share.giveBack(this.#counters);
        return await this.#counters.take(charge);
      }
      if (attempt === tries) return await this.#counters.take(charge);
      const renewed = await Promise.allSettled(decided.short.map((share) => share.renew(this.#counters, charge.cost, this.#clock)));
      for (const result of renewed) if (result.status === "rejected") throw result.reason;
    }
  }

  readonly #clock = () => this.#elapsed.now();

  /** spend takes the cost from all shares or none. If some hold too little and may get more, it returns those. */
  #spend(charge: Charge, shares: Shares): { decision: Decision } | { short: Share[] } {
    const now = this.#elapsed.now();
    const levels = { key: 0, account: 0, quota: 0 };
    const short: Share[] = [];
    let dry = false;
    for (const share of shares.all) {
      let level = share.estimate(now);
      if (share.have >= charge.cost) level = Math.max(level, charge.cost);
      else if (share.dry(charge.cost, now)) {
        dry = true;
        level = Math.min(level, charge.cost - 1);
      } else short.push(share);
      levels[share.part] = level;
    }
    if (short.length > 0 && !dry) return { short };
    if (!dry && !charge.dryRun && charge.cost > 0) {
      for (const share of shares.all) {
        share.have -= charge.cost;
        if (share.low) this.#fill(share);
      }
    }
    const used = charge.quota === undefined ? 0 : charge.quota.quota.requests - Math.floor(levels.quota);
    return { decision: { ...decide(charge, { key: levels.key, account: levels.account, used }, Date.now()), cluster: true } };
  }

  /** fill renews a share in the background. The next request that waits for it sees its errors. */
  #fill(share: Share): void {
    if (this.#closed) return;
    share.busy = true;
    const work = share
      .renew(this.#counters, 0, this.#clock)
      .catch(() => undefined)
      .finally(() => {
        share.busy = false;
        this.#filling.delete(work);
      });
    this.#filling.add(work);
  }

  /** sharesOf returns the shares of the charge; undefined if there are too many already. */
  #sharesOf(charge: Charge): Shares | undefined {
    const now = this.#elapsed.now();
    const all: Share[] = [];
    for (const [part, bucket] of [
      ["key", charge.key],
      ["account", charge.account],
    ] as const) {
      if (bucket === undefined) continue;
      const share = this.#share(part, bucket.id, "", now);
      if (share === undefined) return undefined;
      if (!sameRule(share.bucket?.rule, bucket.rule)) {
        share.bucket = bucket; // new, or changed: what is known of it holds no more
        share.reset();
        share.lapse(share.have - bucket.rule.burst);
      }
      share.expire(now);
      all.push(share);
    }
    if (charge.quota !== undefined) {
      const { id, quota } = charge.quota;
      const window = windowOf(quota.per, Date.now()).label;
      const share = this.#share("quota", id, window, now);
      if (share === undefined) return undefined;
      if (share.quota?.limit !== quota.requests) {
        // What is held of a quota that was lowered may be more than is left.
        if (share.quota !== undefined && quota.requests < share.quota.limit) share.lapse(share.have);
        share.quota = { limit: quota.requests, window };
        share.reset();
      }
      all.push(share);
    }
    for (const share of all) {
      share.digest = charge.digest;
      share.usedAt = now;
    }
    return { all, exact: all.some((share) => now < share.exactUntil) };
  }

  #share(part: Part, id: string, window: string, now: number): Share | undefined {
    const name = `${part} ${window} ${id}`;
    let share = this.#shares.get(name);
    if (share === undefined && this.#shares.size < this.#mostShares) {
      share = new Share(part, now);
      this.#shares.set(name, share);
    }
    return share;
  }

  /** alone decides while no node can be asked: rates here alone, and a quota by what is held of it. */
  #alone(charge: Charge, now: number): Decision {
    if (this.#deny) return unreachable;
    if (charge.quota === undefined) return this.#local.take(charge, this.#elapsed.now(), now);
    const { id, quota } = charge.quota;
    const { label, ends } = windowOf(quota.per, now);
    const share = this.#shares.get(`quota ${label} ${id}`);
    if (share === undefined || share.have < charge.cost || quota.requests < (share.quota?.limit ?? 0)) return unreachable;
    const decision = this.#local.take(charge, this.#elapsed.now(), now);
    if (decision.allowed && !charge.dryRun) share.have -= charge.cost;
    return { ...decision, quota: { limit: quota.requests, remaining: share.have, resetsAt: ends } };
  }

  /** sweep returns what is not used, and forgets what was not for long. */
  async #sweep(): Promise<void> {
    const now = this.#elapsed.now();
    const idle: Share[] = [];
    for (const [name, share] of this.#shares) {
      const unused = now - Math.max(share.usedAt, share.askedAt ?? -Infinity);
      share.expire(now);
      const held = share.have + share.lapsed;
      if (held > 0 && unused >= idleMs) idle.push(share);
      else if (held === 0 && unused >= forgetMs && !share.busy) this.#shares.delete(name);
    }
    // What is lost ends soon, or is a small part of a quota.
    await this.#giveBack(idle.slice(0, backAtOnce)).catch(() => undefined);
  }

  async #giveBack(all: readonly Share[]): Promise<void> {
    const returned = await Promise.allSettled(all.map((share) => share.giveBack(this.#counters)));
    for (const result of returned) if (result.status === "rejected") throw result.reason;
  }
}

interface Shares {
  readonly all: readonly Share[];
  /** One of them is too small to share: the counters decide. */
  readonly exact: boolean;
}

/** never tells whether the cost can never pass. */
function never({ key, account, quota, cost }: Charge): boolean {
  return [key?.rule.burst, account?.rule.burst, quota?.quota.requests].some((most) => most !== undefined && cost > most);
}

const unreachable: Decision = {
  allowed: false,
  refused: "unreachable",
  never: false,
  retryAfterMs: 1_000,
  key: undefined,
  account: undefined,
  quota: undefined,
  cluster: false,
};
