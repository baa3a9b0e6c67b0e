/**
 * Middleware for Hono.
 * @packageDocumentation
 */
import { callerOf, refusal, type FetchRequest } from "./fetch-request.js";
import { Guard, setIdentity, type GuardConfig, type Needs } from "./guard.js";
import { needOf } from "./need.js";

export { identity } from "./guard.js";

interface Context {
  readonly req: { readonly raw: FetchRequest };
  readonly env: unknown;
  header(name: string, value: string): void;
}

/** Middleware is a handler of Hono. */
export type Middleware<C> = (context: C, next: () => Promise<void>) => Promise<Response | undefined>;

/** HonoConfig is a GuardConfig that also says where the address of the connection is. */
export interface HonoConfig<C extends Context = Context> extends GuardConfig {
  /**
   * Returns the address of the connection. By default it is what Node.js (@hono/node-server),
   * Deno and Bun tell. On Workers it is the header CF-Connecting-IP.
   */
  peer?: (context: C) => string | undefined;
}

/** HonoGuard makes middleware. */
export interface HonoGuard {
  /** require admits requests with a valid key that has all of the scopes. */
  require(...scopes: string[]): Middleware<Context>;
  /** requireFor asks for what each request needs. */
  requireFor<C extends Context = Context>(needs: Needs<C>): Middleware<C>;
}

/** guard returns what makes middleware. Put CORS middleware before it: a preflight has no key. */
export function guard(config: HonoConfig): HonoGuard {
  const g = new Guard(config);
  const peer = config.peer ?? peerOf;
  const requireFor =
    <C extends Context>(needs: Needs<C>): Middleware<C> =>
    async (context, next) => {
      const need = await needOf(needs, context);
      const decision = await g.decide(callerOf(context.req.raw, peer(context)), need);
      if (!decision.allowed) return refusal(decision);
      if (decision.verdict !== undefined) setIdentity(context, decision.verdict);
      await next();
      // Afterwards, because a handler may return a response of its own.
      for (const [name, value] of Object.entries(decision.headers)) context.header(name, value);
      return undefined;
    };
  return { requireFor, require: (...scopes) => requireFor(() => ({ scopes })) };
}

/** Env is what the servers of Node.js, Deno and Bun pass on. */
interface Env {
  incoming?: { socket?: { remoteAddress?: string } };
  remoteAddr?: { hostname?: string };
  requestIP?: (request: FetchRequest) => { address?: string } | null;
  server?: Env;
}

function peerOf(context: Context): string | undefined {
  const env = (context.env ?? {}) as Env;
  const bun = env.requestIP === undefined ? env.server : env;
  return env.incoming?.socket?.remoteAddress ?? env.remoteAddr?.hostname ?? bun?.requestIP?.(context.req.raw)?.address;
}
