import { askTimeoutMs, Unanswered } from "./upstream.js";

/** How many questions are under way at once, and how many wait for their turn. */
const mostAsking = 64;
const mostWaiting = 1_000;

/**
 * Gate bounds what callers can make an edge ask. Without it a flood of keys that nobody knows opens
 * thousands of connections, and the node seems to be gone.
 */
export class Gate {
  #asking = 0;
  readonly #waiting: (() => void)[] = [];

  /** pass asks in turn. It throws if too many wait, or if the turn comes too late. */
  async pass<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#asking < mostAsking) this.#asking++;
    else await this.#turn();
    try {
      return await ask();
    } finally {
      this.#next();
    }
  }

  async #turn(): Promise<void> {
    if (this.#waiting.length >= mostWaiting) throw new Unanswered("limited", "too many keys are asked for at once");
    const since = performance.now();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (performance.now() - since < askTimeoutMs) return;
    this.#next();
    throw new Unanswered("unavailable", "the node takes too long");
  }

  /** next hands the place on. */
  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#asking--;
    else next();
  }
}
