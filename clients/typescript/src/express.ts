/**
 * Middleware for Express, and for whatever else passes on Node.js's request, response and next.
 * @packageDocumentation
 */
import { bodyOf, Guard, setIdentity, type GuardConfig, type Needs } from "./guard.js";
import { needOf } from "./need.js";
import { withCaller, type NodeRequest, type NodeResponse } from "./node-request.js";

export { identity } from "./guard.js";

interface Response extends NodeResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/** Middleware is a handler of Express. */
export type Middleware<Request> = (request: Request, response: Response, next: (error?: unknown) => void) => void;

/** ExpressGuard makes middleware. */
export interface ExpressGuard {
  /** require admits requests with a valid key that has all of the scopes. */
  require(...scopes: string[]): Middleware<NodeRequest>;
  /** requireFor asks for what each request needs. */
  requireFor<Request extends NodeRequest = NodeRequest>(needs: Needs<Request>): Middleware<Request>;
}

/** guard returns what makes middleware. Put CORS middleware before it: a preflight has no key. */
export function guard(config: GuardConfig): ExpressGuard {
  const g = new Guard(config);
  const requireFor =
    <Request extends NodeRequest>(needs: Needs<Request>): Middleware<Request> =>
    (request, response, next) => {
      protect(g, needs, request, response).then((allowed) => {
        if (allowed) next();
      }, next);
    };
  return { requireFor, require: (...scopes) => requireFor(() => ({ scopes })) };
}

async function protect<Request extends NodeRequest>(
  g: Guard,
  needs: Needs<Request>,
  request: Request,
  response: Response,
): Promise<boolean> {
  const need = await needOf(needs, request);
  const decision = await withCaller(request, response, (caller) => g.decide(caller, need));
  for (const [name, value] of Object.entries(decision.headers)) response.setHeader(name, value);
  if (decision.allowed) {
    if (decision.verdict !== undefined) setIdentity(request, decision.verdict);
    return true;
  }
  response.statusCode = decision.problem?.status ?? 503;
  response.setHeader("Content-Type", "application/problem+json");
  response.end(bodyOf(decision));
  return false;
}
