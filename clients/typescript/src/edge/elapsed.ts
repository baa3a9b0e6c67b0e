import { uptime } from "node:os";
import { platform } from "node:process";

/** How far the two clocks of JavaScript may drift apart before a third is asked. */
const slackMs = 10;

/** Source is where an Elapsed reads time; tests have their own. */
export interface TimeSource {
  /** Monotonic; on Linux it stands still while the machine sleeps. */
  monotonic(): number;
  /** It does not stand still, but people set it. */
  wall(): number;
  /** Since the machine was started, with the time that it slept; undefined if nobody knows. */
  booted(): number | undefined;
}

export const systemTime: TimeSource = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  booted: () => (platform === "linux" ? uptime() * 1000 : undefined),
};

/**
 * Elapsed measures how much time has passed, in milliseconds, with the time in which the machine
 * slept. Where the system does not tell, a wall clock that was put forward counts as sleep: it is
 * safe to take too long a time for passed.
 */
export class Elapsed {
  readonly #source: TimeSource;
  readonly #start: number | undefined;
  #apart: number;
  #slept = 0;

  constructor(source: TimeSource = systemTime) {
    this.#source = source;
    this.#apart = source.wall() - source.monotonic();
    const booted = source.booted();
    this.#start = booted === undefined ? undefined : booted - source.monotonic();
  }

  /** now returns the time since some moment. It never runs backwards. */
  now(): number {
    const steady = this.#source.monotonic();
    const apart = this.#source.wall() - steady;
    const drift = apart - this.#apart;
    if (Math.abs(drift) > slackMs) {
      this.#apart = apart;
      const booted = this.#start === undefined ? undefined : this.#source.booted();
      if (booted === undefined || this.#start === undefined) {
        this.#slept += Math.max(0, drift);
      } else {
        const slept = booted - steady - this.#start;
        // The third clock tells hundredths of a second.
        if (slept > this.#slept + 2 * slackMs) this.#slept = slept + slackMs;
      }
    }
    return steady + this.#slept;
  }
}
