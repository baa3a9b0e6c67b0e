// What goes wrong between the client and the service, and what the client makes of it.
import assert from "node:assert/strict";
import { createServer as createSecureServer } from "node:https";
import { after, test } from "node:test";
import { runInNewContext } from "node:vm";
import { apiKey, isKind, Latchkey, LatchkeyError, type Config, type ErrorKind } from "@latchkey/client";
import { selfSigned } from "./certificate.js";
import { closeAll, cut, listen, now, problem, reply, secret, serve, type Handler } from "./fake.js";

after(closeAll);
const body = { service_account_id: "sa_1", name: "CI" };
const json = { "Content-Type": "application/json" };
const html = { "Content-Type": "text/html; charset=utf-8" };

/** fails returns the error, which is of the kind and has no secret. */
async function fails(work: Promise<unknown>, kind: ErrorKind): Promise<LatchkeyError> {
  const error: unknown = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  assert.ok(error instanceof LatchkeyError, `got ${String(error)}`);
  assert.equal(error.kind, kind, error.message);
  assert.ok(!`${error.message}${error.stack ?? ""}${JSON.stringify(error)}`.includes(secret), "the error has the secret");
  return error;
}

test("nobody listens: tried again, as nothing was sent", async () => {
  const { url } = await serve({}, reply(200, "{}"));
  closeAll();
  const latchkey = new Latchkey({ url, credential: apiKey(secret) });
  const e = await fails(latchkey.verify({ key: secret }), "unreachable");
  assert.deepEqual([e.reason, e.tries, e.temporary], ["ECONNREFUSED", 3, true]);
});

test("no such host", async () => {
  const latchkey = new Latchkey({ url: "https://nowhere.invalid", retries: 0 });
  const e = await fails(latchkey.verify({ key: secret }), "unreachable");
  assert.match(e.reason, /^(ENOTFOUND|EAI_AGAIN)$/);
});

test("a certificate that nobody trusts is not tried again", async () => {
  const url = `https://${await listen(createSecureServer(selfSigned(), (_request, response) => response.end("{}")))}`;
  const e = await fails(new Latchkey({ url, credential: apiKey(secret) }).verify({ key: secret }), "unreachable");
  assert.match(e.reason, /SELF_SIGNED/);
  assert.equal(e.tries, 1);
});

test("https where there is http", async () => {
  const { url } = await serve({}, reply(200, "{}"));
  const latchkey = new Latchkey({ url: url.replace("http:", "https:") });
  const e = await fails(latchkey.keys.get("key_1"), "unreachable");
  assert.equal(e.tries, 1);
});

test("time-outs, and callers who give up", async () => {
  const hang: Handler = () => undefined;
  const config = { timeoutMs: 200, verifyTimeoutMs: 200 };
  let a = await serve(config, hang);
  await fails(a.client.verify({ key: secret }), "timed_out");
  assert.equal(a.requests.length, 1, "a verification that may have been charged is sent once");

  a = await serve({ timeoutMs: 600 }, hang, reply(200, `{"id":"key_1"}`));
  assert.equal((await a.client.keys.get("key_1")).id, "key_1");
  assert.equal(a.requests.length, 2);

  const controller = new AbortController();
  a = await serve({}, () => {
    controller.abort();
  });
  await fails(a.client.keys.get("key_1", { signal: controller.signal }), "canceled");
  assert.equal(a.requests.length, 1);
  await fails(a.client.keys.get("key_1", { signal: controller.signal }), "canceled");
  assert.equal(a.requests.length, 1, "nothing is asked for who has given up");

  a = await serve({}, hang);
  await fails(a.client.keys.get("key_1", { signal: AbortSignal.timeout(100) }), "timed_out");
  assert.equal(a.requests.length, 1);

  // In the middle of the body.
  a = await serve(config, (_request, response) => {
    response.writeHead(200, json).write(`{"id":`);
  });
  await fails(a.client.verify({ key: secret }), "timed_out");
});

test("what may have happened is not sent again", async (t) => {
  const get = (c: Latchkey) => c.keys.get("key_1");
  const issue = (c: Latchkey) => c.keys.issue(body);
  const remove = (c: Latchkey) => c.keys.delete("key_1");
  const matched = (c: Latchkey) => c.keys.delete("key_1", { ifMatch: `"3"` });
  const revoke = (c: Latchkey) => c.keys.revoke("key_1");
  const patch = (c: Latchkey) => c.keys.update("key_1", { name: "x" });
  const verify = (c: Latchkey) => c.verify({ key: secret });
  const self = (c: Latchkey) => c.verifySelf();
  const dryRun = (c: Latchkey) => c.verify({ key: secret, dryRun: true });
  const gateway = reply(502, "<html>bad gateway</html>", html);
  const upstream = reply(503, "no upstream", { "Content-Type": "text/plain" });
  const cases: [string, (c: Latchkey) => Promise<unknown>, Handler, number][] = [
    ["read, connection cut", get, cut, 3],
    ["read, 500", get, problem(500, "internal_error"), 1],
    ["read, 502 of a proxy", get, gateway, 3],
    ["read, 503", get, problem(503, "unavailable"), 3],
    ["read, 404", get, problem(404, "not_found"), 1],
    ["creation, cut: its Idempotency-Key makes it safe", issue, cut, 3],
    ["creation, while the first is being answered", issue, problem(409, "idempotency_key_in_use"), 3],
    ["creation, conflict", issue, problem(409, "too_many_keys"), 1],
    ["deletion, cut", remove, cut, 3],
    ["deletion of a revision, cut: again it would be stale", matched, cut, 1],
    ["change, cut", patch, cut, 1],
    ["revoke, cut", revoke, cut, 1],
    ["revoke, 502", revoke, gateway, 1],
    ["revoke, 503", revoke, problem(503, "unavailable"), 1],
    ["revoke, 429: it did nothing", revoke, problem(429, "throttled"), 3],
    ["verification, cut: it may have been charged", verify, cut, 1],
    ["verification, 502", verify, gateway, 1],
    ["verification, 503: it was not decided", verify, problem(503, "unavailable"), 3],
    ["verification, 503 of a proxy, which does not know", verify, upstream, 1],
    ["verification of the key itself, cut", self, cut, 1],
    ["dry run, 503 of a proxy", dryRun, upstream, 3],
    ["verification, 429", verify, problem(429, "throttled"), 3],
    ["dry run, cut: it costs nothing", dryRun, cut, 3],
  ];
  for (const [name, work, answer, times] of cases) {
    await t.test(name, async () => {
      const a = await serve({ credential: apiKey(secret) }, answer);
      const error: unknown = await work(a.client).then(
        () => undefined,
        (e: unknown) => e,
      );
      assert.ok(error instanceof LatchkeyError && !error.message.includes(secret));
      assert.equal(a.requests.length, times);
      assert.equal(error.tries, times);
      assert.equal(new Set(a.requests.map((r) => r.headers["idempotency-key"])).size, 1, "a retry has another Idempotency-Key");
    });
  }
});

test("a deletion that finds nothing when it is sent again has worked", async () => {
  const a = await serve({}, cut, problem(404, "not_found"));
  await a.client.keys.delete("key_1");
  const b = await serve({}, problem(404, "not_found"));
  await fails(b.client.keys.delete("key_1"), "not_found");
});

test("waits as long as the answer says", async (t) => {
  const date = (ms: number) => new Date(ms).toUTCString();
  const cases: [string, string, number | undefined][] = [
    ["not said", "", 50],
    ["seconds", "7", 7_000],
    ["a date", date(now + 9_000), 9_000],
    ["a date that has passed", date(now - 3_600_000), 50],
    ["longer than maxWaitMs", "3600", undefined],
    ["nonsense", "soon", 50],
    ["negative", "-5", 50],
    ["more than any number", "9".repeat(400), undefined],
    ["next century", "Fri, 31 Dec 9999 23:59:59 GMT", undefined],
  ];
  for (const [name, after, want] of cases) {
    await t.test(name, async () => {
      const headers = { "Retry-After": after, Date: date(now) };
      const a = await serve({ retries: 1 }, problem(429, "throttled", headers));
      await fails(a.client.keys.get("key_1"), "limited");
      assert.deepEqual(a.waits, want === undefined ? [] : [want]);
      // A verification never waits beyond its own time.
      const b = await serve({ retries: 1 }, problem(429, "throttled", headers));
      await fails(b.client.verify({ key: secret }), "limited");
      assert.ok(b.waits.every((wait) => wait < 2_000));
    });
  }
});

test("an answer of something in between is told by status and type, and no part of it is repeated", async (t) => {
  const page = `<html>the body with ${secret}</html>`;
  const truncated: Handler = (_request, response) => {
    response.writeHead(200, { ...json, "Content-Length": "900" }).write(`{"id":"`, () => response.socket?.destroy());
  };
  const endless: Handler = (_request, response) => {
    response.writeHead(200, json);
    const timer = setInterval(() => response.write(" ".repeat(100)), 1);
    response.on("close", () => {
      clearInterval(timer);
    });
  };
  const noHTTP: Handler = (request) => request.socket.end(`garbage ${secret}\r\n\r\n`);
  const cases: [string, Handler, ErrorKind, number, string][] = [
    ["a page in the place of JSON", reply(200, page, html), "bad_answer", 200, "text/html"],
    ["a 404 of a proxy is no missing key", reply(404, page, html), "bad_answer", 404, "text/html"],
    ["a 401 of a proxy is no wrong key", reply(401, page, html), "bad_answer", 401, "text/html"],
    ["a 404 of another service", reply(404, `{"error":"not_found","code":"not_found"}`, json), "bad_answer", 404, "no problem document"],
    ["a 401 of OAuth where there is none", reply(401, `{"error":"${secret}"}`, json), "bad_answer", 401, "no problem document"],
    ["JSON that is no problem", reply(400, `{"message":"${secret}"}`), "bad_answer", 400, "no problem document"],
    ["broken JSON", reply(200, `{"id":${secret}`), "bad_answer", 200, "not the JSON"],
    ["JSON of another shape", reply(200, `"${secret}"`), "bad_answer", 200, "not the JSON"],
    ["bytes that are no text", (_q, r) => r.writeHead(200, json).end(Buffer.from([0x7b, 0xff, 0x7d])), "bad_answer", 200, "not the JSON"],
    ["no type", reply(200, "{}", { "Content-Type": "" }), "bad_answer", 200, "no Content-Type"],
    ["a redirect", reply(307, "", { ...html, Location: `http://elsewhere.example/?key=${secret}` }), "bad_answer", 307, "redirect"],
    ["cut off in the middle", truncated, "broken", 200, ""],
    ["longer than it may be", reply(200, `"${"x".repeat(2_000)}"`), "bad_answer", 200, "maxBody"],
    ["without an end in sight", endless, "bad_answer", 200, "maxBody"],
    ["no HTTP at all", noHTTP, "broken", 0, "broken"],
  ];
  for (const [name, answer, kind, status, says] of cases) {
    await t.test(name, async () => {
      const a = await serve({ maxBody: 1_000, credential: apiKey(secret), retries: 0 }, answer);
      const e = await fails(a.client.keys.get("key_1"), kind);
      assert.equal(e.status, status);
      assert.ok(e.message.includes(says), e.message);
      assert.ok(!e.message.includes("html>"));
      assert.equal(a.requests.length, 1);
    });
  }
});

test("contradictions are no verdict", async (t) => {
  const answers = [`{"valid":true,"code":"REVOKED"}`, `{"valid":false,"code":"VALID"}`, `{"valid":true}`, `{"code":"VALID"}`, "{}", "[]"];
  for (const answer of answers) {
    await t.test(answer, async () => {
      const a = await serve({}, reply(200, answer));
      await fails(a.client.verify({ key: secret }), "bad_answer");
      await fails(a.client.verifySelf(), "bad_answer");
    });
  }
  const created = await serve({}, reply(201, `{"valid":true,"code":"VALID"}`));
  await fails(created.client.verify({ key: secret }), "bad_answer");
  const mixed = await serve({}, reply(200, `{"valid":false,"code":"REVOKED"}`, { "X-Latchkey-Code": "VALID" }));
  await fails(mixed.client.verifySelf(), "bad_answer");
});

test("a code of tomorrow is a refusal", async () => {
  const a = await serve({}, reply(200, `{"valid":false,"code":"TOO_LOUD","detail":"hush"}`));
  const verdict = await a.client.verify({ key: secret });
  assert.deepEqual([verdict.valid, verdict.code, verdict.status], [false, "TOO_LOUD", 401]);
});

test("problems are told", async () => {
  const document = {
    type: "urn:x",
    title: "Bad Request",
    status: 400,
    code: "invalid_request",
    detail: "the request has fields that are not valid",
    instance: "urn:latchkey:request:REQ-1",
    errors: [{ field: "name", code: "required", detail: "is required" }],
  };
  let a = await serve({}, reply(400, JSON.stringify(document)));
  const e = await fails(a.client.keys.issue(body), "invalid");
  assert.deepEqual([e.code, e.requestId, e.fields[0]?.code, e.temporary], ["invalid_request", "REQ-1", "required", false]);
  assert.equal(
    e.message,
    "latchkey: POST /api/keys: 400 invalid_request: the request has fields that are not valid: name is required (request REQ-1)",
  );
  const kinds: [number, ErrorKind][] = [
    [401, "unauthenticated"],
    [403, "forbidden"],
    [404, "not_found"],
    [409, "conflict"],
    [412, "stale"],
    [413, "too_large"],
    [422, "invalid"],
    [429, "limited"],
    [500, "internal"],
    [503, "unavailable"],
    [406, "unexpected"],
  ];
  for (const [status, kind] of kinds) {
    a = await serve({ retries: 0 }, problem(status, "x"));
    await fails(a.client.keys.get("key_1"), kind);
  }
  a = await serve({}, reply(401, `{"error":"invalid_client"}`, json));
  assert.equal((await fails(a.client.oauth.token({ id: "sa_1", secret: apiKey(secret) }), "unauthenticated")).code, "invalid_client");
});

test("a secret whose answer was lost is told by an error with the object", async () => {
  const a = await serve({}, cut, reply(201, `{"id":"key_1"}`, { "Idempotent-Replayed": "true" }));
  const e = await fails(a.client.keys.issue(body), "secret_lost");
  assert.equal((e.created as { id: string }).id, "key_1");
});

test("lists end, whatever the service answers", async (t) => {
  const page = (items: string, cursor: string) => reply(200, `{"items":[${items}],"next_cursor":${cursor}}`);
  await t.test("pages", async () => {
    const a = await serve({}, page(`{"id":"1"},{"id":"2"}`, `"b"`), page(`{"id":"3"}`, "null"));
    const ids: string[] = [];
    for await (const key of a.client.keys.all({ status: "active", q: "" })) ids.push(key.id);
    assert.deepEqual(ids, ["1", "2", "3"]);
    assert.deepEqual(
      a.requests.map((r) => r.url),
      ["/api/keys?status=active&limit=200", "/api/keys?status=active&limit=200&cursor=b"],
    );
  });
  for (const [name, ...cursors] of [
    ["stands still", `"a"`],
    ["empty", `""`],
    ["turns around", `"a"`, `"b"`, `"c"`, `"a"`, `"b"`, `"c"`],
  ]) {
    await t.test(name ?? "", async () => {
      const a = await serve({}, ...cursors.map((cursor) => page("", cursor)));
      await fails(walk(a.client), "bad_answer");
    });
  }
  await t.test("no list", async () => {
    const a = await serve({}, reply(200, `{"items":7}`));
    await fails(walk(a.client), "bad_answer");
  });
  await t.test("an error on the way", async () => {
    const a = await serve({}, page(`{"id":"1"}`, `"b"`), problem(403, "permission_denied"));
    await fails(walk(a.client), "forbidden");
  });
});

async function walk(client: Latchkey): Promise<void> {
  for await (const key of client.keys.all()) assert.ok(key.id);
}

test("what makes no sense is not sent", async (t) => {
  const a = await serve({ credential: apiKey(secret) }, reply(200, "{}"));
  const cases: [string, () => Promise<unknown>][] = [
    ["no id", () => a.client.keys.get("")],
    ["a parent", () => a.client.keys.get("..")],
    ["a key in a path", () => a.client.keys.get(secret)],
    ["a key in a query", () => a.client.keys.list({ q: `x ${secret}` })],
    ["an empty ETag would match any revision", () => a.client.keys.update("key_1", {}, { ifMatch: "" })],
    ["no ETag, of an object of a list", () => a.client.keys.update("key_1", {}, { ifMatch: undefined })],
    ["an ETag where nothing is changed", () => a.client.keys.issue(body, { ifMatch: `"1"` })],
    ["an Idempotency-Key where it has no effect", () => a.client.keys.revoke("key_1", {}, { idempotencyKey: "x" })],
    ["a header in an Idempotency-Key", () => a.client.keys.issue(body, { idempotencyKey: "x\r\nSet-Cookie: y" })],
    ["an empty Idempotency-Key", () => a.client.keys.issue(body, { idempotencyKey: "" })],
  ];
  for (const [name, work] of cases) {
    await t.test(name, async () => {
      await fails(work(), "misused");
      assert.equal(a.requests.length, 0);
    });
  }
  await a.client.keys.get("a/b?c#d");
  assert.equal(a.requests[0]?.url, "/api/keys/a%2Fb%3Fc%23d");
});

test("credentials that change, and those that fail", async () => {
  let times = 0;
  const a = await serve({ credentials: () => Promise.resolve(apiKey(`key-${String(++times)}`)) }, cut, reply(200, `{"id":"key_1"}`));
  await a.client.keys.get("key_1");
  assert.deepEqual(
    a.requests.map((r) => r.headers["x-api-key"]),
    ["key-1", "key-2"],
  );
  const b = await serve({ credentials: () => Promise.reject(new Error(`vault: ${secret}`)) }, reply(200, "{}"));
  await fails(b.client.keys.get("key_1"), "misused");
  assert.equal(b.requests.length, 0);
  // Also a promise of another realm, or of a library.
  const foreign = runInNewContext("new Promise(() => undefined)") as Promise<never>;
  for (const never of [new Promise<never>(() => undefined), foreign]) {
    const c = await serve({ credentials: () => never, verifyTimeoutMs: 50 }, reply(200, "{}"));
    await fails(c.client.verify({ key: secret }), "timed_out");
    const d = await serve({ fetch: () => never, verifyTimeoutMs: 50 }, reply(200, "{}"));
    await fails(d.client.verify({ key: secret }), "timed_out");
  }
});

test("what the configuration may not be", async (t) => {
  const url = "https://keys.example.com";
  const bad: [string, Config][] = [
    ["no url", { url: undefined }],
    ["no address", { url: "keys.example.com" }],
    ["another scheme", { url: "ftp://keys.example.com" }],
    ["http beyond loopback", { url: "http://keys.example.com" }],
    ["http to what only looks like loopback", { url: "http://localhost.example.com" }],
    ["a password", { url: `https://admin:${secret}@keys.example.com` }],
    ["a query", { url: `${url}/?key=${secret}` }],
    ["an empty query", { url: `${url}/?` }],
    ["two kinds of credentials", { url, credential: apiKey("a"), credentials: () => apiKey("b") }],
    ["a header in the name", { url, userAgent: "a\r\nb: c" }],
    ["no time", { url, timeoutMs: 0 }],
    ["nonsense", { url, verifyTimeoutMs: Number.NaN }],
    ["negative", { url, retries: -1 }],
  ];
  for (const [name, config] of bad) {
    await t.test(name, () => {
      assert.throws(
        () => new Latchkey(config),
        (e) => e instanceof TypeError && !e.message.includes(secret),
      );
    });
  }
  for (const key of ["", undefined, "a b", "a\r\nb", "ä"]) assert.throws(() => apiKey(key), TypeError);
  for (const good of ["http://localhost:1", "http://127.0.0.9", "http://[::1]:8", `${url}/base/`]) new Latchkey({ url: good });
  new Latchkey({ url: "http://latchkey.svc", allowHTTP: true });
});

test("kinds are told apart", () => {
  const e = new LatchkeyError({ kind: "limited" });
  assert.ok(isKind(e, "conflict", "limited") && !isKind(e, "conflict") && !isKind(new Error("x"), "limited"));
});
