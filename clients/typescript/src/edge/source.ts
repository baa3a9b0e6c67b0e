import type { Elapsed } from "./elapsed.js";
import type { Marks } from "./digest.js";
import type { Shape } from "./format.js";
import { Gate } from "./gate.js";
import { boundMs, pollTimeMs, type Lease } from "./lease.js";
import { askTimeoutMs, Unanswered, type Upstream } from "./upstream.js";
import { readChanges, readGrant, type Changes, type Self, type Told } from "./wire.js";

const pollEveryMs = (boundMs * 2) / 5;
/** Polls take at most askTimeoutMs, so no more are under way. */
const mostPolls = Math.ceil(askTimeoutMs / pollEveryMs);
/** Proxies end connections that are silent for longer. */
const listenForMs = 25_000;
const leastPauseMs = 100;
const longestPauseMs = 5_000;

/** Moved is thrown if another node answers than the one before. */
export class Moved extends Unanswered {
  constructor() {
    super(
      "unavailable",
      "another node answers than the one before: list the nodes one by one, or have the load balancer keep an edge on one",
    );
  }
}

/**
 * Heard is what an answer is worth. It renews the lease only if it came in time, did not wait for a
 * change, and is of the process that answered before.
 */
type Heard = "counts" | "late" | "waited" | "moved";

/** Source reads changes and grants from the nodes, and keeps the lease. */
export class Source {
  readonly #up: Upstream;
  readonly #self: Self;
  readonly #marks: Marks;
  readonly #lease: Lease;
  readonly #elapsed: Elapsed;
  readonly #answered: () => void;
  readonly #stopped = new AbortController();
  readonly #gate = new Gate();
  #timer: ReturnType<typeof setInterval> | undefined;
  #listening: Promise<void> | undefined;
  #catchingUp: Promise<void> | undefined;
  #polls = 0;

  #epoch = "";
  #place = 0;
  #brand = "";
  #foreign: readonly Shape[] = [];
  /** When the last poll that was answered in time began; undefined: none was. */
  #heard: number | undefined;

  constructor(up: Upstream, self: Self, marks: Marks, lease: Lease, elapsed: Elapsed, answered: () => void) {
    this.#up = up;
    this.#self = self;
    this.#marks = marks;
    this.#lease = lease;
    this.#elapsed = elapsed;
    this.#answered = answered;
  }

  get brand(): string {
    return this.#brand;
  }

  /** foreign has the shapes of imported keys. */
  get foreign(): readonly Shape[] {
    return this.#foreign;
  }

  /** begin asks a node what an edge has to know. It throws if no node answers. */
  async begin(): Promise<void> {
    await this.#changes(0);
    await this.catchUp(); // if it fails, each question asks until a poll is answered
    this.#timer = setInterval(() => {
      this.#lease.tick();
      if (this.#polls < mostPolls) void this.#poll();
    }, pollEveryMs);
    this.#listening = this.#listen();
  }

  /** stop ends the polls. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopped.abort();
    await this.#listening;
  }

  /** leave tells the node that this edge answers nothing any more, so that nobody waits for it. */
  async leave(): Promise<void> {
    const question = { edge: this.#self, epoch: "", after: 0, wait_ms: 0, heard_ms: 0, leave: true };
    await this.#up.ask("/edge/v1/changes", question).catch(() => undefined); // else it finds out by itself
  }

  /** catchUp polls once, for all who wait for it. */
  catchUp(): Promise<void> {
    this.#lease.tick();
    this.#catchingUp ??= this.#poll(pollTimeMs).finally(() => (this.#catchingUp = undefined));
    return this.#catchingUp;
  }

  /** poll renews the lease, or notes that no node answers. */
  async #poll(timeoutMs = askTimeoutMs): Promise<void> {
    this.#polls++;
    try {
      if ((await this.#changes(0, timeoutMs)) === "late") this.#lease.fail();
    } catch (error) {
      if (!(error instanceof Moved)) this.#lease.fail(); // after a move a poll is worth waiting for
    } finally {
      this.#polls--;
    }
  }

  /** changes asks what changed, voids it, and renews the lease if the answer counts. */
  async #changes(waitMs: number, timeoutMs = askTimeoutMs): Promise<Heard> {
    const began = this.#elapsed.now();
    const from = this.#epoch;
    const question = {
      edge: this.#self,
      epoch: from,
      after: this.#place,
      wait_ms: waitMs,
      heard_ms: this.#heard === undefined ? 0 : Math.floor(began - this.#heard) + 1,
      leave: false,
    };
    const asking = {
      timeoutMs: waitMs + timeoutMs,
      // A node may take longer for an edge that begins.
      patienceMs: this.#heard === undefined ? askTimeoutMs : waitMs + pollTimeMs,
      signal: this.#stopped.signal,
    };
    let told: Changes | undefined;
    try {
      told = readChanges(await this.#up.ask("/edge/v1/changes", question, asking));
    } catch (error) {
      if (error instanceof Unanswered && error.fault === "refused") this.#marks.bumpAll(); // it may see no more what it was told
      throw error;
    }
    if (told === undefined) throw new Unanswered("unavailable", "the node answered what makes no sense");
    return this.#apply(began, from, told, waitMs > 0);
  }

  /**
   * apply voids what changed before it stores the place: whoever asks from there has learned of all
   * before it. Places and marks of different nodes have nothing to do with each other, so after a
   * move everything is forgotten. A late answer of the node before is passed over.
   */
  #apply(began: number, from: string, told: Changes, waited: boolean): Heard {
    const another = told.epoch !== this.#epoch;
    if (another && from !== this.#epoch) throw new Moved();
    if (another) this.#lease.forget();
    if (another || told.all) this.#marks.bumpAll();
    else for (const mark of told.marks) this.#marks.bump(mark);
    this.#place = another ? told.place : Math.max(this.#place, told.place);
    this.#epoch = told.epoch;
    this.#brand = told.brand;
    this.#foreign = told.foreign;
    const inTime = this.#elapsed.now() - began <= pollTimeMs;
    if (this.#heard === undefined || inTime) this.#heard = Math.max(this.#heard ?? -Infinity, began);
    this.#answered();
    if (another) return "moved";
    if (waited) return "waited";
    if (!inTime) return "late";
    this.#lease.hear(began - told.ageMs, told.maxStaleMs);
    return "counts";
  }

  /** listen hears of changes as they happen. It renews no lease; the next poll tells what it misses. */
  async #listen(): Promise<void> {
    const { signal } = this.#stopped;
    let pause = leastPauseMs;
    while (!signal.aborted) {
      try {
        await this.#changes(listenForMs);
        pause = leastPauseMs;
      } catch {
        await pauseFor(pause, signal);
        pause = Math.min(2 * pause, longestPauseMs);
      }
    }
  }

  /**
   * grant asks what is known of the key with the digest. It is believed only if it comes from the
   * process whose changes are heard: nothing would take it back otherwise.
   */
  async grant(digest: string, fresh: boolean): Promise<Told> {
    let told = await this.#grantOnce(digest, fresh);
    if (told.epoch === this.#epoch) return told;
    await this.#changes(0);
    told = await this.#grantOnce(digest, fresh);
    if (told.epoch !== this.#epoch) throw new Moved();
    return told;
  }

  async #grantOnce(digest: string, fresh: boolean): Promise<Told> {
    const told = readGrant(await this.#gate.pass(() => this.#up.ask("/edge/v1/grant", { digest, fresh })));
    if (told === undefined) throw new Unanswered("unavailable", "the node answered a grant that makes no sense");
    return told;
  }
}

function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
