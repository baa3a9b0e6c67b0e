import type { Elapsed } from "./elapsed.js";

/** How old the last poll may be: others were promised that it is no older. */
export const boundMs = 1_000;
/** An answer that took longer tells of changes later than was promised, and does not count. */
export const pollTimeMs = 700;
/** How long after its last record others may assume that this edge polls, plus what writing one may take. */
const awakeForMs = 1_500 + 1_000;

/**
 * Lease tells whether decisions may be made from memory. It began when the last poll that counts
 * was asked, less what the node itself may have missed, and lasts a second. While no node answers
 * it goes on until maxStale, but not in a process that stood still: others rely on that such a one
 * asks before it answers.
 */
export class Lease {
  readonly #elapsed: Elapsed;
  /** When it began; undefined: there is none. */
  #began: number | undefined;
  /** When it began, or a poll last failed: until a second after that nobody needs to ask. */
  #word = -Infinity;
  #ticked: number;
  #slept = false;
  #maxStaleMs = 0;

  constructor(elapsed: Elapsed) {
    this.#elapsed = elapsed;
    this.#ticked = elapsed.now();
  }

  /** fresh tells whether a decision from memory needs no poll. */
  fresh(): boolean {
    return this.#elapsed.now() - this.#word <= boundMs && !this.stale();
  }

  /** stale tells whether nothing may be decided from memory, whoever is silent. */
  stale(): boolean {
    return this.#began === undefined || this.#elapsed.now() - this.#began > this.#maxStaleMs;
  }

  /** tick notices that the process did not run for long. It is called when a poll is due. */
  tick(): void {
    const now = this.#elapsed.now();
    const last = this.#ticked;
    this.#ticked = now;
    // If nothing had been heard for long before that, nobody relied on this edge.
    if (now - last > boundMs && last - (this.#began ?? -Infinity) <= awakeForMs) this.#slept = true;
  }

  /** hear begins the lease anew: a poll was asked at that time, less the node's own delay. */
  hear(began: number, maxStaleMs: number): void {
    this.#maxStaleMs = maxStaleMs;
    if (this.#began === undefined || began > this.#began) {
      this.#began = began;
      if (this.#elapsed.now() - began <= boundMs) this.#slept = false;
    }
    this.#word = Math.max(this.#word, began);
  }

  /** fail notes that a poll failed: there is nothing to wait for, unless the process stood still. */
  fail(): void {
    this.tick();
    if (!this.#slept) this.#word = Math.max(this.#word, this.#elapsed.now());
  }

  /** forget ends the lease: another node answers. */
  forget(): void {
    this.#began = undefined;
    this.#word = -Infinity;
  }
}
