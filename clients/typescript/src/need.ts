import type { Need, Needs } from "./guard.js";

const members = new Set(["scopes", "cost", "public"]);

/**
 * needOf returns what the request needs. A function that forgets to return it, or misspells a
 * member, must not let every valid key in: it throws.
 */
export async function needOf<Request>(needs: Needs<Request>, request: Request): Promise<Need> {
  const need: unknown = await needs(request);
  if (typeof need !== "object" || need === null || !Object.keys(need).every((name) => members.has(name))) {
    throw new TypeError("guard: requireFor needs scopes, cost or public; {} is any valid key");
  }
  return need;
}
