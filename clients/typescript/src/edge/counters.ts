import type { Elapsed } from "./elapsed.js";
import type { Charge } from "./buckets.js";
import { Unanswered, type Upstream } from "./upstream.js";
import { readLimits, readShare, type AskedShare, type Limits, type Share } from "./wire.js";

/** How long a verification waits for the node's counters. */
const limitTimeoutMs = 1_000;
/** How many messages about shares are under way at once, and how many shares one has. */
const mostSending = 8;
const mostShares = 64;
/** How long a node that hands out no shares is not asked again. */
const withoutMs = 30_000;
/** The longest that a node may refuse shares at a time. */
const longestExactMs = 60_000;

/** NotAsked is thrown if the counters were not reached for sure: what was to be returned is still held. */
export class NotAsked extends Unanswered {
  constructor() {
    super("unavailable", "no node answers");
  }
}

/** NoShare is thrown if the node is there but cannot hand out this share now. */
export class NoShare extends Unanswered {
  constructor(code: string) {
    super("unavailable", `the node cannot hand out shares now: ${code}`);
  }
}

interface Waiting {
  readonly asked: AskedShare;
  readonly resolve: (share: Share) => void;
  readonly reject: (error: unknown) => void;
}

/** Counters are those of the node. Shares that are asked for at the same moment travel together. */
export class Counters {
  readonly #up: Upstream;
  readonly #edgeId: string;
  readonly #elapsed: Elapsed;
  readonly #waiting: Waiting[] = [];
  #sending = 0;
  /** When to ask for shares again. */
  #resume = -Infinity;
  /** No node answers: nothing is asked until a poll is answered. */
  cut = false;

  constructor(up: Upstream, edgeId: string, elapsed: Elapsed) {
    this.#up = up;
    this.#edgeId = edgeId;
    this.#elapsed = elapsed;
  }

  /** take has the node charge the limits. */
  async take(charge: Charge): Promise<Limits> {
    const question = { digest: charge.digest, cost: charge.cost, dry_run: charge.dryRun };
    const told = (await this.#up.ask("/edge/v1/limit", question, { timeoutMs: limitTimeoutMs })) as { decision?: unknown };
    const limits = readLimits(told.decision);
    if (limits === undefined) throw new Unanswered("unavailable", "the node answered a decision that makes no sense");
    return limits;
  }

  /** lease asks for a share. */
  lease(asked: AskedShare): Promise<Share> {
    if (this.cut) return Promise.reject(new NotAsked());
    const left = this.#resume - this.#elapsed.now();
    if (left > 0) return Promise.resolve({ code: "", amount: 0, left: 0, used: 0, began: 0, exactMs: left });
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject });
      if (this.#sending < mostSending) {
        this.#sending++;
        queueMicrotask(() => void this.#send());
      }
    });
  }

  async #send(): Promise<void> {
    for (let batch = this.#waiting.splice(0, mostShares); batch.length > 0; batch = this.#waiting.splice(0, mostShares)) {
      await this.#deliver(batch);
    }
    this.#sending--;
  }

  async #deliver(batch: readonly Waiting[]): Promise<void> {
    try {
      const told = await this.#ask(batch.map(({ asked }) => asked));
      for (const [i, w] of batch.entries()) settle(w, told[i]);
    } catch (error) {
      const pathless = error instanceof Unanswered && (error.fault === "not_found" || error.fault === "no_path");
      if (pathless) this.#resume = this.#elapsed.now() + withoutMs;
      for (const { resolve, reject } of batch) {
        if (pathless) resolve({ code: "", amount: 0, left: 0, used: 0, began: 0, exactMs: withoutMs });
        else reject(error);
      }
    }
  }

  /**
   * ask asks the node that answered last. If it does not answer, it may have taken back what is
   * returned, so nothing is returned to the next one: it may know the same counter.
   */
  async #ask(shares: AskedShare[]): Promise<unknown[]> {
    const end = this.#elapsed.now() + limitTimeoutMs;
    let told: unknown;
    try {
      told = await this.#up.askOne("/edge/v1/lease", { edge_id: this.#edgeId, shares }, limitTimeoutMs);
    } catch (error) {
      const left = end - this.#elapsed.now();
      if (!(error instanceof Unanswered) || error.fault !== "unavailable" || this.#up.alone || left <= 0) throw error;
      for (const share of shares) share.back = 0;
      told = await this.#up.ask("/edge/v1/lease", { edge_id: this.#edgeId, shares }, { timeoutMs: left });
    }
    const list = (told as { shares?: unknown }).shares;
    if (!Array.isArray(list) || list.length !== shares.length)
      throw new Unanswered("unavailable", "the node answered shares that make no sense");
    return list as unknown[];
  }
}

function settle({ asked, resolve, reject }: Waiting, told: unknown): void {
  const share = readShare(told, asked);
  if (share === undefined) reject(new Unanswered("unavailable", "the node answered a share that makes no sense"));
  else if (share.code === "not_found") reject(new Unanswered("not_found", "there is no such key"));
  else if (share.code === "rate_limited") reject(new Unanswered("limited", "the node takes no more questions for now"));
  else if (share.code !== "") reject(new NoShare(share.code));
  else resolve({ ...share, exactMs: Math.min(share.exactMs, longestExactMs) });
}
