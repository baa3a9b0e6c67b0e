// The middleware in the real frameworks, with the real service.
import assert from "node:assert/strict";
import { createServer, request as ask, type IncomingHttpHeaders, type RequestListener } from "node:http";
import { after, before, describe, test } from "node:test";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { NextRequest, NextResponse } from "next/server.js";
import { apiKey, Latchkey, type Verifier } from "@latchkey/client";
import * as onExpress from "@latchkey/client/express";
import * as onFastify from "@latchkey/client/fastify";
import * as onHono from "@latchkey/client/hono";
import * as onNext from "@latchkey/client/next";
import type { GuardConfig, Need } from "@latchkey/client/guard";
import { unknownVerdict } from "../dist/verdict.js";
import { closeAll, listen } from "./fake.js";
import { issue, start, until, verifier, type Service } from "./service.js";

let service: Service;
let latchkey: Latchkey;
before(async () => {
  service = await start();
  await service.admin.scopes.create({ name: "invoices:write", description: "" }).catch(() => undefined);
  latchkey = await verifier(service);
});
after(async () => {
  closeAll();
  await service.stop();
});

/** Every server has /invoices for readers, /write for writers at a cost, /open for all. */
type Build = (config: GuardConfig) => Promise<string>;

const hello = (who: { account: { id: string } | undefined } | undefined) => `hello ${who?.account?.id ?? "nobody"}`;
const needs = (path: string): Need => (path === "/open" ? { public: true } : { scopes: ["invoices:write"], cost: 5 });

const servers: Record<string, Build> = {
  async Express(config) {
    const app = express();
    const g = onExpress.guard(config);
    const say: express.RequestHandler = (req, res) => {
      res.send(hello(onExpress.identity(req)));
    };
    app.get("/invoices", g.require("invoices:read"), say);
    app.use(
      g.requireFor<express.Request>((req) => needs(req.path)),
      say,
    );
    return await listen(createServer(app));
  },
  async Fastify(config) {
    const app = fastify();
    const g = onFastify.guard(config);
    app.get("/invoices", { onRequest: g.require("invoices:read") }, (req) => hello(onFastify.identity(req)));
    const byPath = g.requireFor<fastify.FastifyRequest>((req) => needs(req.url));
    app.get("/write", { onRequest: byPath }, (req) => hello(onFastify.identity(req)));
    app.get("/open", { onRequest: byPath }, (req) => hello(onFastify.identity(req)));
    await app.ready();
    return await listen(
      createServer((req, res) => {
        app.routing(req, res);
      }),
    );
  },
  async Hono(config) {
    const app = new Hono();
    const g = onHono.guard(config);
    app.get("/invoices", g.require("invoices:read"), (c) => c.text(hello(onHono.identity(c))));
    app.use(g.requireFor((c) => needs(new URL((c.req.raw as Request).url).pathname)));
    app.all("*", (c) => new Response(hello(onHono.identity(c))));
    return await listen(createServer(served(app.fetch)));
  },
  async Next(config) {
    const g = onNext.guard({ ...config, peer: () => "127.0.0.1" });
    const read = g.require("invoices:read")((req: NextRequest) => NextResponse.json(hello(onNext.identity(req))));
    const rest = g.requireFor<NextRequest>((req) => needs(req.nextUrl.pathname))((req) => new Response(hello(onNext.identity(req))));
    // As Next calls a Route Handler.
    const route = (r: Request) => {
      const request = new NextRequest(r.url, { method: r.method, headers: r.headers, signal: r.signal });
      return (request.nextUrl.pathname === "/invoices" ? read : rest)(request);
    };
    return await listen(createServer(served(route)));
  },
};

/** served is the listener for a server of Node.js. */
function served(route: Parameters<typeof getRequestListener>[0]): RequestListener {
  const listener = getRequestListener(route);
  return (request, response) => {
    void listener(request, response);
  };
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** get asks as a client does, with headers as they are given: fetch would join two of one name. */
function get(address: string, path: string, headers: string[] = []): Promise<Answer> {
  const [host, port] = address.split(":");
  return new Promise((resolve, reject) => {
    const asked = ask({ host, port, path, headers: ["Host", address, "Connection", "close", ...headers] }, (response) => {
      let body = "";
      response.on("data", (part) => (body += String(part)));
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}

for (const [name, build] of Object.entries(servers)) {
  describe(name, () => {
    let address: string;
    before(async () => {
      address = await build({ verifier: latchkey, trustedProxies: ["127.0.0.1"] });
    });

    test("a good key is let in, with its identity and what is left of its limit", async () => {
      const { key, account } = await issue(service, ["invoices:read"]);
      const got = await get(address, "/invoices", ["X-API-Key", key]);
      assert.deepEqual([got.status, got.body.replaceAll('"', "")], [200, `hello ${account}`]);
      assert.match(String(got.headers["ratelimit"]), /"key";r=/);
      assert.equal((await get(address, "/invoices", ["Authorization", `Bearer ${key}`])).status, 200);
    });

    test("no key, a wrong one, a scope that is missing", async () => {
      const { key } = await issue(service, ["invoices:read"]);
      const none = await get(address, "/invoices");
      assert.deepEqual([none.status, none.headers["www-authenticate"]], [401, `Bearer realm="api"`]);
      assert.match(String(none.headers["content-type"]), /^application\/problem\+json/);
      assert.equal((JSON.parse(none.body) as { code: string }).code, "MISSING");
      const wrong = await get(address, "/invoices", ["X-API-Key", "nonsense"]);
      assert.deepEqual([wrong.status, (JSON.parse(wrong.body) as { code: string }).code], [401, "MALFORMED"]);
      const lacking = await get(address, "/write", ["X-API-Key", key]);
      assert.equal(lacking.status, 403);
      assert.match(String(lacking.headers["www-authenticate"]), /scope="invoices:write"/);
      assert.equal((JSON.parse(lacking.body) as { code: string }).code, "INSUFFICIENT_SCOPE");
    });

    test("two different keys in one request are refused", async () => {
      const [a, b] = await Promise.all([issue(service, ["invoices:read"]), issue(service, ["invoices:read"])]);
      for (const headers of [
        ["X-API-Key", a.key, "X-API-Key", b.key],
        ["X-API-Key", a.key, "Authorization", `Bearer ${b.key}`],
        ["Authorization", `Bearer ${a.key}`, "Authorization", `Bearer ${b.key}`],
      ]) {
        const got = await get(address, "/invoices", headers);
        assert.equal(got.status, 401, headers.join());
      }
    });

    test("over a limit, by the cost of the route", async () => {
      const { key } = await issue(service, ["invoices:*"], { rate_limit: { requests: 6, per: "1h", burst: 6 } });
      assert.equal((await get(address, "/write", ["X-API-Key", key])).status, 200);
      const over = await get(address, "/write", ["X-API-Key", key]);
      assert.deepEqual([over.status, (JSON.parse(over.body) as { code: string }).code], [429, "RATE_LIMITED"]);
      assert.ok(Number(over.headers["retry-after"]) > 100);
    });

    test("what is public has no identity", async () => {
      assert.equal((await get(address, "/open")).body, "hello nobody");
    });

    test("the address is what the trusted proxy says", async () => {
      const { key } = await issue(service, ["invoices:read"], { allowed_networks: ["203.0.113.0/24"] });
      assert.equal((await get(address, "/invoices", ["X-API-Key", key, "X-Forwarded-For", "203.0.113.9"])).status, 200);
      const wrong = await get(address, "/invoices", ["X-API-Key", key, "X-Forwarded-For", "203.0.113.9, 198.51.100.1"]);
      assert.deepEqual([wrong.status, (JSON.parse(wrong.body) as { code: string }).code], [403, "IP_NOT_ALLOWED"]);
      assert.equal((await get(address, "/invoices", ["X-API-Key", key])).status, 403);
    });

    test("an unreachable service is 503, and let through only where that is asked for", async () => {
      const heard: unknown[] = [];
      const gone = new Latchkey({ url: "http://127.0.0.1:1", credential: apiKey("x"), retries: 0 });
      const onError = (e: unknown) => {
        heard.push(e);
      };
      const closed = await build({ verifier: gone, onError });
      const refused = await get(closed, "/invoices", ["X-API-Key", "k"]);
      assert.deepEqual([refused.status, refused.headers["retry-after"], heard.length], [503, "5", 1]);
      const open = await build({ verifier: gone, onError, failOpen: true });
      const let_ = await get(open, "/invoices", ["X-API-Key", "k"]);
      assert.deepEqual([let_.status, let_.body.replaceAll('"', ""), heard.length], [200, "hello nobody", 2]);
      assert.equal((await get(open, "/invoices")).status, 401);
    });

    test("who has left is not waited for", async () => {
      let signal: AbortSignal | undefined;
      const slow: Verifier = {
        verify: (_question, options) => {
          signal = options?.signal;
          return new Promise((_, reject) =>
            signal?.addEventListener("abort", () => {
              reject(new Error("gone"));
            }),
          );
        },
      };
      const server = await build({ verifier: slow });
      const [host, port] = server.split(":");
      const asked = ask({ host, port, path: "/invoices", headers: { "X-API-Key": "k" } });
      asked.on("error", () => undefined);
      asked.end();
      await until("the question", () => signal !== undefined);
      asked.destroy();
      await until("the end", () => signal?.aborted === true);
    });
  });
}

test("a need that cannot be told is an error of the server, and lets nobody in", async () => {
  const app = express();
  const fail = () => {
    throw new Error("no such route");
  };
  app.use(onExpress.guard({ verifier: latchkey }).requireFor(fail), (_req, res) => {
    res.send("in");
  });
  const fault: express.ErrorRequestHandler = (error, _req, res, next) => {
    if (res.headersSent) next(error);
    else res.status(500).send("fault");
  };
  app.use(fault);
  assert.deepEqual((({ status, body }) => [status, body])(await get(await listen(createServer(app)), "/")), [500, "fault"]);
  await assert.rejects(onNext.guard({ verifier: latchkey }).requireFor(fail)(() => new Response("in"))(new Request("http://a")));
});

test("a need that was forgotten or misspelled lets no valid key in", async () => {
  const everyone: Verifier = {
    verify: () => Promise.resolve({ ...unknownVerdict("VALID", ""), valid: true }),
  };
  const request = new Request("http://a", { headers: { "X-API-Key": "k" } });
  const told = (need: unknown) =>
    onNext.guard({ verifier: everyone }).requireFor(() => need as Need)(() => new Response("in"))(request).then(
      (r) => r.status,
      (e: unknown) => e instanceof TypeError,
    );
  for (const bad of [undefined, null, "invoices:read", ["invoices:read"], { scope: ["invoices:read"] }]) {
    assert.equal(await told(bad), true, JSON.stringify(bad));
  }
  for (const good of [{}, { scopes: ["invoices:read"], cost: 2 }, { public: true }]) assert.equal(await told(good), 200);
});

test("headers of a response that cannot be changed are added to a copy", async () => {
  const { key } = await issue(service, ["invoices:read"]);
  const handler = onNext.guard({ verifier: latchkey }).require("invoices:read")(() => Response.redirect("http://elsewhere.example/", 307));
  const got = await handler(new Request("http://a/", { headers: { "X-API-Key": key } }));
  assert.deepEqual([got.status, got.headers.get("Location")], [307, "http://elsewhere.example/"]);
  assert.ok(got.headers.has("RateLimit"));
});

test("on Next the address is not known unless it is told", async () => {
  const { key } = await issue(service, ["invoices:read"], { allowed_networks: ["127.0.0.0/8"] });
  const request = () => new Request("http://a/", { headers: { "X-API-Key": key, "X-Forwarded-For": "127.0.0.1" } });
  const handler = onNext.guard({ verifier: latchkey }).require("invoices:read")(() => new Response("in"));
  assert.equal((await handler(request())).status, 403);
  const told = onNext.guard({ verifier: latchkey, peer: () => "127.0.0.1" }).require("invoices:read")(() => new Response("in"));
  assert.equal((await told(request())).status, 200);
});
