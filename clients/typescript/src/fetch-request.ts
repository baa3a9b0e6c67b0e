import type { Caller } from "./caller.js";
import { bodyOf, type Decision } from "./guard.js";

/** FetchRequest is what is read of a Request of the Fetch standard. */
export interface FetchRequest {
  readonly headers: { get(name: string): string | null };
  readonly signal?: AbortSignal | null;
}

/** callerOf is the caller of a request whose connection has the address. */
export function callerOf(request: FetchRequest, remoteAddress: string | undefined): Caller {
  return {
    header: (name) => {
      const value = request.headers.get(name); // several are joined by commas
      return value === null ? [] : [value];
    },
    remoteAddress,
    signal: request.signal ?? undefined,
  };
}

/** refusal is the response to a request that may not pass. */
export function refusal(decision: Decision): Response {
  const headers = { ...decision.headers, "Content-Type": "application/problem+json" };
  return new Response(bodyOf(decision), { status: decision.problem?.status ?? 503, headers });
}
