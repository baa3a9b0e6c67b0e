import { createHash } from "node:crypto";

/** digestOf is SHA-256 of the whole key, in hex. It is all of a key that an edge keeps. */
export function digestOf(key: string): string {
  return createHash("sha256").update(key, "utf8").digest("hex");
}

/** markIdOf is the id of the mark of the key with the digest. */
export function markIdOf(digest: string): string {
  return createHash("sha256").update("latchkey mark ").update(Buffer.from(digest, "hex")).digest("hex").slice(0, 32);
}

/** markOf is the mark of the object with the id, in hex: what a node names when it changes. */
export function markOf(id: string): string {
  return createHash("sha256").update(`latchkey edge mark ${id}`, "utf8").digest("hex").slice(0, 16);
}

const slots = 1 << 16;

/** Mark is a counter as it was read. */
export interface Mark {
  readonly slot: number;
  readonly value: number;
}

/**
 * Marks is a table of counters. A change to an object counts up the mark of its id. Whoever keeps
 * a copy keeps the mark that was read before the object was, and uses the copy only while the mark
 * is the same. Ids that share a slot cause more reading, never stale copies.
 */
export class Marks {
  readonly #counters = new Float64Array(slots);
  #all = 0;

  /** read returns the mark of the object with the id. Read it before the object. */
  read(id: string): Mark {
    const slot = slotOf(markOf(id));
    return { slot, value: this.#at(slot) };
  }

  /** stands tells whether nothing was bumped since the mark was read. */
  stands(mark: Mark): boolean {
    return this.#at(mark.slot) === mark.value;
  }

  /** bump voids every copy of the object with the mark, which is in hex. */
  bump(mark: string): void {
    const slot = slotOf(mark);
    this.#counters[slot] = (this.#counters[slot] ?? 0) + 1;
  }

  /** bumpAll voids every copy. */
  bumpAll(): void {
    this.#all++;
  }

  #at(slot: number): number {
    return (this.#counters[slot] ?? 0) + this.#all;
  }
}

function slotOf(mark: string): number {
  return Number.parseInt(mark.slice(-4), 16);
}

/** unpackMarks reads marks as a node sends them: eight bytes each, in base64 without padding. */
export function unpackMarks(packed: string): string[] | undefined {
  if (!/^[A-Za-z0-9+/]*$/.test(packed) || packed.length % 4 === 1) return undefined;
  const bytes = Buffer.from(packed, "base64");
  if (bytes.length % 8 !== 0) return undefined;
  return Array.from({ length: bytes.length / 8 }, (_, i) => bytes.toString("hex", 8 * i, 8 * i + 8));
}
