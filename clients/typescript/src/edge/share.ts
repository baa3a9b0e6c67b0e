import { perMs, waitMs, type Bucket } from "./buckets.js";
import { NotAsked, type Counters } from "./counters.js";
import type { AskedShare, Part, Share as Granted } from "./wire.js";

// How shares grow and shrink, see docs/decisions/0008: a share that was spent in less than quickMs is
// doubled, one that lasts longer than slowMs is halved.
const quickMs = 50;
const slowMs = 500;
/** Tokens of a rate are void that long after they were asked for. */
const lifeMs = 500;
const longPauseMs = 5;
/** A share is at most this fraction of a burst, and of what is left of a quota. */
const bucketPart = 20;
const quotaPart = 100;
/** As much of a burst may be taken at once for requests that wait. */
const waitPart = 4;

/** QuotaShare is the quota that a share is of. */
export interface QuotaShare {
  readonly limit: number;
  readonly window: string;
}

/** Share is what this edge holds of one bucket or quota. Times are monotonic. */
export class Share {
  bucket: Bucket | undefined;
  quota: QuotaShare | undefined;
  digest = "";
  have = 0;
  /** It must not be spent any more, and goes back. */
  lapsed = 0;
  /** Until then the counters decide. */
  exactUntil = -Infinity;
  usedAt: number;
  /** When it was last asked for; undefined: what the counter has is not known. */
  askedAt: number | undefined;
  began = 0;
  /** It is being filled in the background. */
  busy = false;

  #ends = -Infinity;
  #level = 0;
  #gotAt = -Infinity;
  #waits = 0;
  #size = 0;
  #steady = false;
  #filling: Promise<void> = Promise.resolve();

  constructor(
    readonly part: Part,
    now: number,
  ) {
    this.usedAt = now;
  }

  /** reset forgets what is known of the counter: its rule changed. */
  reset(): void {
    this.askedAt = undefined;
    this.exactUntil = -Infinity;
  }

  /** lapse takes that much from what may be spent. */
  lapse(amount: number): void {
    if (amount <= 0) return;
    this.have -= amount;
    this.lapsed += amount;
  }

  /** expire stops spending a share of a rate whose time is over. One of a quota ends with its window. */
  expire(now: number): void {
    if (this.quota === undefined && now > this.#ends) this.lapse(this.have);
  }

  /** low tells whether to take more, ahead of need. */
  get low(): boolean {
    return this.#steady && !this.busy && this.have * 2 < this.#size && this.#level >= 1;
  }

  /** estimate is what can be spent, here and in the counter. */
  estimate(now: number): number {
    if (this.bucket === undefined) return this.have + this.#level;
    const { rule } = this.bucket;
    if (this.askedAt === undefined) return rule.burst;
    return Math.min(rule.burst, this.have + this.#level + (now - this.askedAt) * perMs(rule));
  }

  /** dry tells whether asking for that much is useless for now. */
  dry(cost: number, now: number): boolean {
    if (this.askedAt === undefined || cost - this.have <= this.#level) return false;
    if (now - this.#gotAt >= slowMs) return false; // others may have returned something
    if (this.bucket === undefined) return true;
    // Many edges wait for each token of a quick bucket. They ask for a few at once rather than for each,
    // but not so late that it fills completely.
    const { rule } = this.bucket;
    const pause = Math.min(longPauseMs, waitMs(rule, rule.burst / 4));
    const finest = 0.001;
    return now - this.#gotAt + finest < pause || now - this.askedAt + finest < waitMs(rule, cost - this.have - this.#level);
  }

  /** renew asks for what the share lacks, or ahead of need if the cost is 0. One lease at a time. */
  async renew(from: Counters, cost: number, clock: () => number): Promise<void> {
    this.#waits += cost;
    try {
      await this.#alone(() => this.#renew(from, cost, clock));
    } finally {
      this.#waits -= cost;
    }
  }

  async #renew(from: Counters, cost: number, clock: () => number): Promise<void> {
    const now = clock();
    this.expire(now);
    const enough = cost > 0 ? this.have >= cost : !this.#steady || this.have >= Math.floor(this.#size / 2) + 1;
    if (enough || this.dry(cost, now) || now < this.exactUntil) return; // another request got it meanwhile
    this.#resize(now);
    const asked = this.#ask(this.#want(cost), Math.max(0, cost - this.have));
    this.lapsed = 0;
    try {
      this.#take(await from.lease(asked), now, clock());
    } catch (error) {
      if (error instanceof NotAsked) this.lapsed += asked.back;
      throw error;
    }
  }

  /** giveBack returns everything to the counters. */
  giveBack(from: Counters): Promise<void> {
    return this.#alone(async () => {
      const { have, lapsed } = this;
      this.have = 0;
      this.lapsed = have + lapsed;
      const asked = { ...this.#ask(0, 0), holds: 0 };
      this.lapsed = 0;
      this.#steady = false;
      this.askedAt = undefined;
      if (asked.back === 0) return;
      try {
        await from.lease(asked);
      } catch (error) {
        if (error instanceof NotAsked) {
          this.have += have;
          this.lapsed += lapsed;
        }
        throw error;
      }
    });
  }

  #ask(want: number, need: number): AskedShare {
    return {
      digest: this.digest,
      part: this.part,
      window: this.quota?.window ?? "",
      began: this.began,
      back: this.lapsed,
      holds: this.have,
      want,
      need,
    };
  }

  #alone(work: () => Promise<void>): Promise<void> {
    const done = this.#filling.then(work);
    this.#filling = done.catch(() => undefined);
    return done;
  }

  /** most bounds a share, so that no edge withholds much from the others. */
  get #most(): number {
    if (this.bucket === undefined) return Math.max(1, Math.floor(this.#level / quotaPart));
    return Math.max(1, Math.floor(this.bucket.rule.burst / bucketPart));
  }

  /** resize adjusts the size to how fast the last share was spent: it should last as long as the next one takes to come. */
  #resize(now: number): void {
    const lasted = now - this.#gotAt;
    this.#steady = this.askedAt !== undefined && lasted <= slowMs;
    if (this.askedAt === undefined) this.#size = 1;
    else if (lasted < Math.max(quickMs, this.#gotAt - this.askedAt)) this.#size *= 2;
    else if (lasted > slowMs) this.#size = Math.floor(this.#size / 2);
    this.#size = Math.max(1, Math.min(this.#size, this.#most));
  }

  /** want is how much to ask for: for the cost, what others wait for, and some more. */
  #want(cost: number): number {
    const waits = this.bucket === undefined ? this.#waits : Math.min(this.#waits, Math.floor(this.bucket.rule.burst / waitPart));
    return Math.max(0, Math.max(cost, waits, this.#size) - this.have);
  }

  /** take adds what was granted. Its time begins before the question, so it ends here first. */
  #take(granted: Granted, at: number, now: number): void {
    if (this.began !== 0 && this.began !== granted.began) {
      this.have = 0; // of counters that were lost, or of another node
      this.lapsed = 0;
    }
    this.began = granted.began;
    if (this.quota === undefined) {
      this.#level = granted.left;
      this.#ends = at + lifeMs;
    } else {
      this.#level = Math.max(0, this.quota.limit - granted.used);
    }
    this.have += granted.amount;
    this.askedAt = at;
    this.#gotAt = now;
    this.exactUntil = at + granted.exactMs;
  }
}
