/**
 * Hooks for Fastify: use them as `onRequest` of a route or of the whole server.
 * @packageDocumentation
 */
import { bodyOf, Guard, setIdentity, type GuardConfig, type Needs } from "./guard.js";
import { needOf } from "./need.js";
import { withCaller, type NodeRequest, type NodeResponse } from "./node-request.js";

export { identity } from "./guard.js";

interface Request {
  readonly raw: NodeRequest;
}

interface Reply {
  readonly raw: NodeResponse;
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  send(body: string): unknown;
}

/** Hook is an onRequest hook of Fastify. */
export type Hook<R> = (request: R, reply: Reply) => Promise<unknown>;

/** FastifyGuard makes hooks. */
export interface FastifyGuard {
  /** require admits requests with a valid key that has all of the scopes. */
  require(...scopes: string[]): Hook<Request>;
  /** requireFor asks for what each request needs. */
  requireFor<R extends Request = Request>(needs: Needs<R>): Hook<R>;
}

/** guard returns what makes hooks. Register CORS before it: a preflight has no key. */
export function guard(config: GuardConfig): FastifyGuard {
  const g = new Guard(config);
  const requireFor =
    <R extends Request>(needs: Needs<R>): Hook<R> =>
    async (request, reply) => {
      const need = await needOf(needs, request);
      const decision = await withCaller(request.raw, reply.raw, (caller) => g.decide(caller, need));
      for (const [name, value] of Object.entries(decision.headers)) reply.header(name, value);
      if (decision.allowed) {
        if (decision.verdict !== undefined) setIdentity(request, decision.verdict);
        return undefined;
      }
      reply.code(decision.problem?.status ?? 503);
      reply.header("Content-Type", "application/problem+json");
      reply.send(bodyOf(decision));
      return reply; // it has answered: no handler runs
    };
  return { requireFor, require: (...scopes) => requireFor(() => ({ scopes })) };
}
