import { LatchkeyError } from "./errors.js";

/** Page is a part of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** For the next page; null on the last. */
  readonly next_cursor: string | null;
}

/** The largest page that the service returns. */
const mostPerPage = 200;

/** walk yields all objects of a list, page by page. It throws at an error. */
export async function* walk<T, F extends { limit?: number; cursor?: string }>(
  filter: F | undefined,
  list: (filter: F) => Promise<Page<T>>,
): AsyncGenerator<T, void, undefined> {
  const at = { ...filter, limit: filter?.limit ?? mostPerPage } as F;
  // An earlier cursor, and the page number at which to replace it: finds a loop of any length.
  let seen = at.cursor;
  let next = 2;
  for (let pages = 1; ; pages++) {
    const page = await list(at);
    yield* page.items;
    const cursor = page.next_cursor;
    if (cursor === null) return;
    if (cursor === "" || cursor === at.cursor || cursor === seen) {
      throw new LatchkeyError({ kind: "bad_answer", detail: "the list does not go on" });
    }
    at.cursor = cursor;
    if (pages === next) {
      seen = cursor;
      next *= 2;
    }
  }
}
