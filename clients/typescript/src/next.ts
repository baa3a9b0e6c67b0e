/**
 * Protects Route Handlers of Next, and whatever else takes a Request and returns a Response.
 * @packageDocumentation
 */
import { callerOf, refusal, type FetchRequest } from "./fetch-request.js";
import { Guard, setIdentity, type GuardConfig, type Needs } from "./guard.js";
import { needOf } from "./need.js";

export { identity } from "./guard.js";

/** Handler is a Route Handler. */
export type Handler<R, C extends unknown[]> = (request: R, ...context: C) => Response | Promise<Response>;

/** NextConfig is a GuardConfig that also says where the address of the connection is. */
export interface NextConfig extends GuardConfig {
  /**
   * Returns the address of the connection, which Next does not tell. Behind a proxy it is the
   * proxy's, so that `trustedProxies` and `forwardedHeader` find the client; on a host that sets
   * a header which clients cannot, it is that header. Without it the address is not known, and
   * keys with allowed networks are refused.
   */
  peer?: (request: FetchRequest) => string | undefined;
}

/** NextGuard protects Route Handlers. */
export interface NextGuard {
  /** require admits requests with a valid key that has all of the scopes. */
  require(...scopes: string[]): <R extends FetchRequest, C extends unknown[]>(handler: Handler<R, C>) => ProtectedHandler<R, C>;
  /** requireFor asks for what each request needs. */
  requireFor<R extends FetchRequest>(needs: Needs<R>): <C extends unknown[]>(handler: Handler<R, C>) => ProtectedHandler<R, C>;
}

/** ProtectedHandler is a Route Handler behind a guard. */
export type ProtectedHandler<R, C extends unknown[]> = (request: R, ...context: C) => Promise<Response>;

/** guard returns what protects Route Handlers. */
export function guard(config: NextConfig): NextGuard {
  const g = new Guard(config);
  const protect =
    <R extends FetchRequest, C extends unknown[]>(needs: Needs<R>, handler: Handler<R, C>): ProtectedHandler<R, C> =>
    async (request, ...context) => {
      const need = await needOf(needs, request);
      const decision = await g.decide(callerOf(request, config.peer?.(request)), need);
      if (!decision.allowed) return refusal(decision);
      if (decision.verdict !== undefined) setIdentity(request, decision.verdict);
      return withHeaders(await handler(request, ...context), decision.headers);
    };
  return {
    require:
      (...scopes) =>
      (handler) =>
        protect(() => ({ scopes }), handler),
    requireFor: (needs) => (handler) => protect(needs, handler),
  };
}

/** withHeaders adds the headers, to a copy if those of the response cannot be changed. */
function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  const all = Object.entries(headers);
  if (all.length === 0) return response;
  try {
    for (const [name, value] of all) response.headers.set(name, value);
    return response;
  } catch {
    const copy = new Response(response.body, response);
    for (const [name, value] of all) copy.headers.set(name, value);
    return copy;
  }
}
