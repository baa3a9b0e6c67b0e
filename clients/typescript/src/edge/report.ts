import { formatAddress } from "../address.js";
import type { KnownCode } from "../verdict.js";
import { sentence, type Asked, type Text } from "./checks.js";
import type { Grant } from "./grants.js";
import { covers } from "./scopes.js";
import { Unanswered, type Upstream } from "./upstream.js";
import type { Self } from "./wire.js";

const reportEveryMs = 500;
/** Bounds of a message. */
const mostTallies = 500;
const mostUses = 500;
const mostRefused = 50;
const mostRefusalsOfOne = 100;
/** Bounds of what waits: keys that were counted, messages that no node took. */
const mostCounted = 100_000;
const mostUnsent = 400;
/** The precision of the last use. */
const touchEveryMs = 5 * 60_000;

/** The outcomes in the order in which they are counted. */
const outcomes: readonly KnownCode[] = [
  "VALID",
  "MALFORMED",
  "NOT_FOUND",
  "REVOKED",
  "EXPIRED",
  "NOT_YET_VALID",
  "DISABLED",
  "IP_NOT_ALLOWED",
  "INSUFFICIENT_SCOPE",
  "RATE_LIMITED",
  "QUOTA_EXCEEDED",
  "MISSING",
  "PLAIN_HTTP",
];
const countsLength = 16;

interface Tally {
  readonly accountId: string;
  readonly organizationId: string;
  readonly counts: number[];
  readonly scopes: Map<string, number>;
}

interface Refused {
  readonly at: string;
  readonly outcome: number;
  readonly address: string;
  readonly detail: string;
  readonly said: Text;
}

interface Use {
  readonly at: string;
  readonly address: string;
  readonly user_agent: string;
}

/** Message reports what was decided. */
interface Message {
  readonly edge: Self;
  readonly batch: number;
  readonly tallies: readonly unknown[];
  readonly uses: Readonly<Record<string, Use>>;
  readonly refusals: Readonly<Record<string, readonly Refused[]>>;
}

/** Reporter reports to the nodes what was decided here, twice a second. */
export class Reporter {
  readonly #up: Upstream;
  readonly #self: Self;
  readonly #onError: (error: unknown) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #tallies = new Map<string, Tally>();
  readonly #uses = new Map<string, Use>();
  readonly #refusals = new Map<string, Refused[]>();
  #unsent: Message[] = [];
  #batch = 0;
  #dropped = false;
  #sending: Promise<void> = Promise.resolve();
  #flushes = 0;

  constructor(up: Upstream, self: Self, onError: (error: unknown) => void) {
    this.#up = up;
    this.#self = self;
    this.#onError = onError;
    this.#timer = setInterval(() => {
      if (this.#flushes > 0) return; // otherwise close would wait for all that gathered while a node was silent
      this.flush().catch(() => undefined); // what could not be sent is tried again
    }, reportEveryMs);
  }

  /** used counts a success, the granted scopes that it took, and the last use. */
  used(grant: Grant, asked: Asked, now: number): void {
    const tally = this.#tally(grant);
    if (tally !== undefined) {
      count(tally, "VALID");
      for (const scope of asked.scopes) {
        const granted = grant.scopes.find((g) => covers(g, scope));
        if (granted !== undefined) tally.scopes.set(granted, (tally.scopes.get(granted) ?? 0) + 1);
      }
    }
    if (now - grant.touched < touchEveryMs || this.#uses.size >= 8 * mostUses) return;
    grant.touched = now;
    const address = asked.address === undefined ? "" : formatAddress(asked.address);
    this.#uses.set(grant.key.id, { at: new Date(now).toISOString(), address, user_agent: asked.userAgent });
  }

  /** refused counts a refusal of a known key, and keeps the reason for those who look after the key. */
  refused(grant: Grant, asked: Asked, code: KnownCode, said: Text, now: number): void {
    const tally = this.#tally(grant);
    if (tally !== undefined) count(tally, code);
    const list = this.#refusals.get(grant.key.id) ?? [];
    if (list.length === 0 && this.#refusals.size >= 8 * mostRefused) return;
    list.push({
      at: new Date(now).toISOString(),
      outcome: outcomes.indexOf(code),
      address: asked.address === undefined ? "" : formatAddress(asked.address),
      detail: sentence(said),
      said,
    });
    if (list.length > mostRefusalsOfOne) list.shift();
    this.#refusals.set(grant.key.id, list);
  }

  /** unknown counts a refusal of a key that nobody knows. */
  unknown(code: KnownCode): void {
    const tally = this.#tally(undefined);
    if (tally !== undefined) count(tally, code);
  }

  /** flush sends everything that was counted. It throws if no node takes it; then it is kept. */
  flush(): Promise<void> {
    this.#flushes++;
    const sent = this.#sending.then(() => this.#flush()).finally(() => this.#flushes--);
    this.#sending = sent.catch(() => undefined);
    return sent;
  }

  /** close sends the rest. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  /** tally returns the counts of the key, or of unknown keys; undefined if too many wait already. */
  #tally(grant: Grant | undefined): Tally | undefined {
    const id = grant?.key.id ?? "";
    let tally = this.#tallies.get(id);
    if (tally === undefined) {
      if (this.#tallies.size >= mostCounted) return this.#drop();
      tally = {
        accountId: grant?.account.id ?? "",
        organizationId: grant?.account.organizationId ?? "",
        counts: Array.from({ length: countsLength }, () => 0),
        scopes: new Map(),
      };
      this.#tallies.set(id, tally);
    }
    return tally;
  }

  #drop(): undefined {
    if (!this.#dropped)
      this.#onError(new Unanswered("unavailable", "counts of verifications are dropped: no node has taken any for too long"));
    this.#dropped = true;
    return undefined;
  }

  async #flush(): Promise<void> {
    this.#gather();
    for (let message = this.#unsent[0]; message !== undefined; message = this.#unsent[0]) {
      try {
        await this.#up.ask("/edge/v1/usage", message);
      } catch (error) {
        const fault = error instanceof Unanswered ? error.fault : "unavailable";
        if (fault === "too_large" && this.#halve(message)) continue;
        if (fault !== "invalid" && fault !== "too_large") throw error;
        this.#onError(error); // no node will ever take it
      }
      this.#unsent.shift();
    }
    this.#dropped = false;
  }

  /** gather makes messages of what was counted since the last one. */
  #gather(): void {
    const at = new Date().toISOString();
    const tallies = [...this.#tallies].map(([id, tally]) => ({
      key_id: id,
      service_account_id: tally.accountId,
      organization_id: tally.organizationId,
      at,
      counts: tally.counts,
      scopes: Object.fromEntries(tally.scopes),
    }));
    this.#tallies.clear();
    let uses = taken(this.#uses, mostUses);
    let refusals = taken(this.#refusals, mostRefused);
    for (let i = 0; i < tallies.length || size(uses) + size(refusals) > 0; i += mostTallies) {
      const message = { edge: this.#self, batch: ++this.#batch, tallies: tallies.slice(i, i + mostTallies), uses, refusals };
      this.#unsent.push(message);
      uses = {};
      refusals = {};
    }
    const over = this.#unsent.length - mostUnsent;
    if (over > 0) {
      this.#unsent.splice(0, over);
      this.#drop();
    }
  }

  /** halve replaces the first message by two of half its length, if it can. Those behind it get later numbers. */
  #halve(whole: Message): boolean {
    const [tallies, uses, refusals] = [halves(whole.tallies), halvesOf(whole.uses), halvesOf(whole.refusals)];
    const [first, second] = [0, 1].map((i) => ({ tallies: tallies[i] ?? [], uses: uses[i] ?? {}, refusals: refusals[i] ?? {} }));
    if (first === undefined || second === undefined || sizeOf(first) === 0 || sizeOf(second) === 0) return false;
    const all = [{ ...whole, ...first }, { ...whole, ...second }, ...this.#unsent.slice(1)];
    this.#unsent = all.map((message, i) => ({ ...message, batch: whole.batch + i }));
    this.#batch++;
    return true;
  }
}

function count(tally: Tally, code: KnownCode): void {
  const at = outcomes.indexOf(code);
  tally.counts[at] = (tally.counts[at] ?? 0) + 1;
}

/** taken removes and returns the first entries. */
function taken<V>(from: Map<string, V>, most: number): Record<string, V> {
  const some = [...from].slice(0, most);
  for (const [id] of some) from.delete(id);
  return Object.fromEntries(some);
}

function size(of: object): number {
  return Object.keys(of).length;
}

function sizeOf(message: Pick<Message, "tallies" | "uses" | "refusals">): number {
  return message.tallies.length + size(message.uses) + size(message.refusals);
}

/** halves cuts the list in the middle. Of an odd one the second half is the longer. */
function halves<T>(all: readonly T[]): [T[], T[]] {
  const middle = Math.floor(all.length / 2);
  return [all.slice(0, middle), all.slice(middle)];
}

/** halvesOf cuts an object. Of an odd one the first half is the longer, so that a list and an object of one entry each are parted. */
function halvesOf<V>(all: Readonly<Record<string, V>>): [Record<string, V>, Record<string, V>] {
  const entries = Object.entries(all);
  const middle = Math.ceil(entries.length / 2);
  return [Object.fromEntries(entries.slice(0, middle)), Object.fromEntries(entries.slice(middle))];
}
