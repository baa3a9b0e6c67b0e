/** Bound ends by the caller's signal or after a time. */
export class Bound {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #give = () => {
    this.#controller.abort(this.#parent?.reason);
  };

  constructor(parent: AbortSignal | undefined, limitMs: number) {
    this.signal = this.#controller.signal;
    this.#parent = parent;
    if (parent?.aborted) this.#give();
    parent?.addEventListener("abort", this.#give, { once: true });
    if (Number.isFinite(limitMs)) {
      this.#timer = setTimeout(() => {
        this.#controller.abort(new DOMException("the time is over", "TimeoutError"));
      }, limitMs);
    }
  }

  get over(): boolean {
    return this.signal.aborted;
  }

  /** canceled tells whether the caller gave up, and not because of a time-out. */
  get canceled(): boolean {
    const reason: unknown = this.signal.reason;
    return this.over && !(reason instanceof Error && reason.name === "TimeoutError");
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#parent?.removeEventListener("abort", this.#give);
  }
}

/** within waits for the work, but no longer than the bound: a fetch of another kind may not heed its signal. */
export async function within<T>(bound: Bound, work: T | Promise<T>): Promise<T> {
  const working = Promise.resolve(work); // a promise of another realm, or of a library, is none of this one's
  let give: () => void = () => undefined;
  const over = new Promise<never>((_, reject) => {
    give = () => {
      reject(new Error("aborted"));
    };
    if (bound.over) give();
    bound.signal.addEventListener("abort", give, { once: true });
  });
  working.catch(() => undefined); // after the bound nobody waits for it
  try {
    return await Promise.race([working, over]);
  } finally {
    bound.signal.removeEventListener("abort", give);
  }
}
