// The edge with the real service.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { apiKey, isKind, Latchkey, type Question, type Verdict } from "@latchkey/client";
import { Edge, type EdgeConfig } from "@latchkey/client/edge";
import { closeAll, listen } from "./fake.js";
import { freePort, issue, pause, start, until, type Service } from "./service.js";

let service: Service;
let feeder: string;
before(async () => {
  service = await start();
  feeder = (await issue(service, ["latchkey:edge-all", "latchkey:verify-all"])).key;
  const tiers = [
    { name: "unlimited", title: "No limits" },
    { name: "vast", title: "Vast", rate_limit: { requests: 100_000, per: "1s" } },
    { name: "metered", title: "Metered", rate_limit: { requests: 100_000, per: "1s" }, quota: { requests: 1_000, per: "day" as const } },
  ];
  for (const tier of tiers) await service.admin.tiers.create(tier);
});
after(async () => {
  closeAll();
  await service.stop();
});

/** withEdge runs the work with an edge of the service. */
async function withEdge<T>(work: (edge: Edge) => Promise<T>, config: Partial<EdgeConfig> = {}): Promise<T> {
  const edge = await Edge.start({ upstream: [service.url], key: feeder, name: "test", ...config });
  try {
    return await work(edge);
  } finally {
    await edge.close();
  }
}

test("an edge decides as its node", async (t) => {
  const node = new Latchkey({ url: service.url, credential: apiKey(feeder) });
  const of = { metadata: { plan: 7 }, external_id: "acme" };
  const { key: good } = await issue(service, ["invoices:read", "customers:*"], of);
  const odd = async (fields: object) => (await issue(service, ["invoices:read", "customers:*"], of, fields)).key;
  const gone = await issue(service, ["invoices:read"]);
  await service.admin.keys.revoke(gone.id);
  const rotated = await issue(service, ["invoices:read"]);
  await service.admin.keys.rotate(rotated.id, { grace: "0s" });
  const bound = { allowed_networks: ["192.0.2.0/24"], metadata: { a: 1 } };
  const lone = await issue(service, ["invoices:read"], { disabled: true });
  const limited = await odd({ rate_limit: { requests: 5, per: "1m", burst: 5 } });
  const metered = await issue(service, ["invoices:read"], { quota: { requests: 3, per: "month" } });
  const unlimited = await issue(service, ["invoices:read"], { tier: "unlimited" });
  const cases: Record<string, Question> = {
    valid: { key: good, scopes: ["customers:write"] },
    "no scope": { key: good, scopes: ["invoices:write", "invoices:read"] },
    malformed: { key: "lk_live_nonsense" },
    unknown: { key: "lk_live_4DPnoAMXN0CqObFqTqBgNsMTlvSSg1aGRR1mVUJYqAR1QNxu1" },
    "a wrong checksum": { key: "lk_live_4DPnoAMXN0CqObFqTqBgNsMTlvSSg1aGRR1mVUJYqAR2OC8kj" },
    "another brand": { key: "ab_live_4DPnoAMXN0CqObFqTqBgNsMTlvSSg1aGRR1mVUJYqAR1QNxu1" },
    disabled: { key: await odd({ disabled: true }) },
    "account disabled": { key: lone.key },
    revoked: { key: gone.key },
    rotated: { key: rotated.key },
    early: { key: await odd({ not_before: new Date(Date.now() + 3_600_000).toISOString() }) },
    "bound, elsewhere": { key: await odd(bound), address: "203.0.113.1" },
    "bound, there": { key: await odd(bound), address: "192.0.2.1" },
    "bound, mapped": { key: await odd(bound), address: "::ffff:192.0.2.1" },
    "bound, nowhere": { key: await odd(bound) },
    narrow: { key: await odd({ scopes: ["invoices:read"] }), scopes: ["customers:read"] },
    unlimited: { key: unlimited.key, cost: 1_000_000 },
    "too dear": { key: good, cost: 1_000_000 },
    "own limit": { key: limited, cost: 5 },
    "beyond the quota": { key: metered.key, cost: 4 },
    "within the quota": { key: metered.key, cost: 2 },
    test: { key: await odd({ environment: "test" }) },
    "with an end": { key: await odd({ expires_at: new Date(Date.now() + 3_600_000).toISOString() }) },
  };
  await withEdge(async (edge) => {
    for (const [name, question] of Object.entries(cases)) {
      await t.test(name, async () => {
        const dry = { ...question, dryRun: true }; // both charge the same counters
        const want = await node.verify(dry);
        assert.deepEqual(comparable(await edge.verify(dry)), comparable(want));
        assert.equal((await edge.verify(question)).code, want.code, "another code when it counts");
      });
    }
    assert.equal((await edge.verify({ key: "" })).code, "MISSING");
  });
});

/** comparable leaves out what differs by the moment. */
function comparable(v: Verdict): unknown {
  const headers = Object.entries(v.limitHeaders).map(([name, value]) => {
    if (name === "RateLimit") return [name, value.replace(/;t=\d+/g, ";t=")];
    return [name, name === "Retry-After" || name === "X-RateLimit-Reset" ? "" : value];
  });
  const steps = v.steps.map((step) => ({ ...step, change: step.change.replace(/wait [\dhms.]+,/, "wait,") }));
  const rateLimit = { ...v.rateLimit, resetAfterMs: 0, scope: "" };
  return { ...v, rateLimit, retryAfterMs: v.retryAfterMs > 0, limitHeaders: headers.sort(), steps };
}

test("an edge is of one organization unless staff let it reach further", async () => {
  const own = await issue(service, ["latchkey:edge"]);
  const inside = await issue(service, ["invoices:read"]);
  const other = await service.admin.organizations.create({ name: "Other" });
  const outside = await issue(service, ["invoices:read"], { organization_id: other.id });
  await withEdge(
    async (edge) => {
      assert.equal((await edge.verify({ key: inside.key })).code, "VALID");
      assert.equal((await edge.verify({ key: outside.key })).code, "NOT_FOUND");
    },
    { key: own.key },
  );
  await assert.rejects(Edge.start({ upstream: service.url, key: inside.key }), (e) => isKind(e, "forbidden") && !e.temporary);
  const wrong = "lk_live_4DPnoAMXN0CqObFqTqBgNsMTlvSSg1aGRR1mVUJYqAR1QNxu1";
  await assert.rejects(
    Edge.start({ upstream: service.url, key: wrong }),
    (e) => isKind(e, "unauthenticated") && !e.message.includes(wrong),
  );
  await assert.rejects(Edge.start({ upstream: "http://127.0.0.1:1", key: wrong }), (e) => isKind(e, "unavailable") && e.temporary);
});

test("a revoke reaches an edge within a second, whichever object changed", async () => {
  await withEdge(async (edge) => {
    const ends: Record<string, (id: string, account: string) => Promise<unknown>> = {
      revoked: (id) => service.admin.keys.revoke(id),
      disabled: (id) => service.admin.keys.update(id, { disabled: true }),
      "account disabled": (_id, account) => service.admin.accounts.update(account, { disabled: true }),
      deleted: (id) => service.admin.keys.delete(id),
    };
    for (const [name, end] of Object.entries(ends)) {
      const { id, key, account } = await issue(service, ["invoices:read"]);
      assert.equal((await edge.verify({ key })).code, "VALID", name);
      await end(id, account);
      const from = performance.now();
      await until(`${name} to hold`, async () => !(await edge.verify({ key, cost: 0 })).valid, 1_000);
      assert.ok(performance.now() - from < 1_000);
    }
    const other = await service.admin.organizations.create({ name: "Gone" });
    const { key } = await issue(service, ["invoices:read"], { organization_id: other.id });
    assert.equal((await edge.verify({ key })).code, "VALID");
    await service.admin.organizations.update(other.id, { disabled: true });
    await until("the organization to be disabled", async () => (await edge.verify({ key, cost: 0 })).code === "DISABLED", 1_000);
  });
});

test("an edge whose key is revoked stops and says why", async () => {
  const own = await issue(service, ["latchkey:edge-all"]);
  const { key } = await issue(service, ["invoices:read"]);
  await withEdge(
    async (edge) => {
      await edge.verify({ key });
      await service.admin.keys.revoke(own.id);
      await until(
        "the edge to stop",
        async () => {
          const error: unknown = await edge.verify({ key }).then(
            () => undefined,
            (e: unknown) => e,
          );
          if (error === undefined) return false;
          assert.ok(isKind(error, "unauthenticated") && !error.temporary && error.message.includes("revoked"));
          return true;
        },
        2_000,
      );
      assert.equal(edge.refused?.code, "REVOKED");
    },
    { key: own.key },
  );
});

test("signed tokens are decided by the node", async () => {
  const { key, account } = await issue(service, ["invoices:read"]);
  const anybody = new Latchkey({ url: service.url });
  const client = { id: account, secret: apiKey(key) };
  const token = (await anybody.oauth.token(client)).access_token;
  await withEdge(async (edge) => {
    const verdict = await edge.verify({ key: token, scopes: ["invoices:read"] });
    assert.deepEqual([verdict.code, verdict.account?.id], ["VALID", account]);
    assert.equal((await edge.verify({ key: token, scopes: ["invoices:write"] })).code, "INSUFFICIENT_SCOPE");
    assert.equal((await edge.verify({ key: "eyJ.eyJ.x" })).code, "MALFORMED");
    await anybody.oauth.revoke(client, token);
    const gone = await edge.verify({ key: token });
    assert.deepEqual([gone.code, gone.detail], ["REVOKED", "the token was revoked"]);
  });
});

test("a question that makes no sense is refused", async () => {
  await withEdge(async (edge) => {
    for (const bad of [
      { cost: -1 },
      { cost: 1.5 },
      { cost: 2e9 },
      { scopes: ["*"] },
      { scopes: ["invoices"] },
      { scopes: Array<string>(201).fill("a:b") },
    ]) {
      await assert.rejects(edge.verify({ key: "x", ...bad }), (e) => isKind(e, "invalid") && e.fields.length === 1);
    }
    const left = AbortSignal.abort();
    const { key } = await issue(service, ["invoices:read"]);
    await assert.rejects(edge.verify({ key }, { signal: left }), (e) => isKind(e, "canceled"));
  });
});

/** counted is a way to the service that counts what is asked, by path. */
async function counted(): Promise<{ url: string; asked: Map<string, number> }> {
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.set(path, (asked.get(path) ?? 0) + 1);
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const headers = { "Content-Type": "application/json", "X-API-Key": String(request.headers["x-api-key"]) };
      const answer = await fetch(service.url + path, { method: "POST", headers, body: Buffer.concat(parts) });
      response.writeHead(answer.status, { "Content-Type": answer.headers.get("Content-Type") ?? "" });
      response.end(await answer.text());
    })().catch(() => response.destroy());
  });
  return { url: `http://${await listen(server)}`, asked };
}

for (const leases of [false, true]) {
  test(`limits hold over edges, ${leases ? "leased" : "asked for exactly"}`, async () => {
    const small = await issue(service, ["invoices:read"], { rate_limit: { requests: 7, per: "1h", burst: 7 } });
    const quota = await issue(service, ["invoices:read"], { tier: "vast", quota: { requests: 400, per: "month" } });
    await withEdge(
      async (one) =>
        withEdge(
          async (other) => {
            const edges = [one, other];
            const ask = async (key: string, times: number) => {
              const codes = await Promise.all(Array.from({ length: times }, async (_, i) => (await edges[i % 2]!.verify({ key })).code));
              return { valid: codes.filter((code) => code === "VALID").length, codes: new Set(codes) };
            };
            const few = await ask(small.key, 20);
            assert.equal(few.valid, 7);
            assert.deepEqual([...few.codes].sort(), ["RATE_LIMITED", "VALID"]);
            // What one edge holds of a quota the other may not spend, and a share whose answer was lost is lost.
            let valid = 0;
            const end = performance.now() + 15_000;
            while (valid < 390 && performance.now() < end) {
              valid += (await ask(quota.key, 60)).valid;
              if (valid > 300) await pause(300);
            }
            valid += (await ask(quota.key, 60)).valid;
            assert.ok(valid <= 400 && valid >= (leases ? 350 : 390), `${valid} of 400 were let in`);
          },
          { leases },
        ),
      { leases },
    );
  });
}

test("a stream of decisions on a large limit asks seldom", async () => {
  const { key } = await issue(service, ["invoices:read"], { tier: "vast", quota: { requests: 1_000_000, per: "day" } });
  const way = await counted();
  const edge = await Edge.start({ upstream: way.url, key: feeder });
  let valid = 0;
  for (let i = 0; i < 4_000; i++) if ((await edge.verify({ key })).valid) valid++;
  await edge.close();
  assert.equal(valid, 4_000);
  const asked = (way.asked.get("/edge/v1/lease") ?? 0) + (way.asked.get("/edge/v1/limit") ?? 0);
  assert.ok(asked < 400, `asked ${String(asked)} times`);
  const verifier = new Latchkey({ url: service.url, credential: apiKey(feeder) });
  const left = await verifier.verify({ key, dryRun: true });
  assert.equal(left.quota?.remaining, 996_000, "a closed edge gives everything back");
});

test("usage, last use and refusals reach the node", async () => {
  const { id, key } = await issue(service, ["invoices:*"]);
  await withEdge(async (edge) => {
    for (let i = 0; i < 7; i++) await edge.verify({ key, scopes: ["invoices:read"], address: "203.0.113.7", userAgent: "acme/1" });
    for (let i = 0; i < 3; i++) await edge.verify({ key, scopes: ["customers:read"], address: "203.0.113.8" });
  });
  await until("the counts", async () => {
    const usage = await service.admin.keys.usage(id);
    const codes = usage.items.reduce<Record<string, number>>((sum, { codes: c }) => {
      for (const [code, n] of Object.entries(c)) sum[code] = (sum[code] ?? 0) + n;
      return sum;
    }, {});
    return (
      codes["VALID"] === 7 &&
      codes["INSUFFICIENT_SCOPE"] === 3 &&
      usage.scopes.some((s) => s.scope === "invoices:*" && s.last_asked_on !== null)
    );
  });
  await until("the last use", async () => (await service.admin.keys.get(id)).last_used_ip !== null); // nodes write it in the background
  const used = await service.admin.keys.get(id);
  assert.deepEqual([used.last_used_ip, used.last_used_user_agent], ["203.0.113.7", "acme/1"]);
  await until("the refusals", async () => (await service.admin.keys.refusals(id)).length === 3);
  const refusals = await service.admin.keys.refusals(id);
  assert.deepEqual([refusals.length, refusals[0]?.code, refusals[0]?.ip], [3, "INSUFFICIENT_SCOPE", "203.0.113.8"]);
  assert.match(refusals[0]?.detail ?? "", /customers:read/);
});

test("staff see the edge, and that it left", async () => {
  await withEdge(
    async () => {
      await until("the edge in the list", async () =>
        (await service.admin.nodes.list()).some((n) => n.kind === "edge" && n.name === "seen"),
      );
    },
    { name: "seen" },
  );
  await until("the edge to be gone", async () => !(await service.admin.nodes.list()).some((n) => n.name === "seen"));
});

test("an edge goes on while it is cut off, and no longer than the node said", async () => {
  const own = await start({ LATCHKEY_MAX_STALE: "4s" });
  try {
    const key = (await issue(own, ["latchkey:edge-all"])).key;
    await own.admin.tiers.create({ name: "vast", title: "Vast", rate_limit: { requests: 1_000, per: "1s" } });
    const rated = await issue(own, ["invoices:read"], { tier: "vast" });
    const metered = await issue(own, ["invoices:read"], { tier: "vast", quota: { requests: 10_000, per: "day" } });
    const edge = await Edge.start({ upstream: own.url, key });
    for (const { key: k } of [rated, metered]) assert.equal((await edge.verify({ key: k })).code, "VALID");
    await pause(500); // what the node tells twice has been told
    for (const { key: k } of [rated, metered]) assert.equal((await edge.verify({ key: k })).code, "VALID");
    await pause(300); // the share of the quota went back
    own.process.kill("SIGSTOP");
    const from = performance.now();
    const first = await edge.verify({ key: rated.key });
    assert.deepEqual([first.code, first.rateLimit?.scope === "node" || performance.now() - from < 1_000], ["VALID", true]);
    await until(
      "the quota to be refused",
      async () => {
        const v = await edge.verify({ key: metered.key });
        return v.code === "RATE_LIMITED" && v.retryAfterMs > 0;
      },
      3_000,
    );
    assert.equal((await edge.verify({ key: rated.key })).code, "VALID");
    await until(
      "the edge to stop",
      async () =>
        await edge.verify({ key: rated.key }).then(
          () => false,
          (e: unknown) => isKind(e, "unavailable"),
        ),
      8_000,
    );
    own.process.kill("SIGCONT");
    await until(
      "the edge to be fed again",
      async () =>
        await edge.verify({ key: metered.key }).then(
          (v) => v.valid,
          () => false,
        ),
    );
    await edge.close();
  } finally {
    await own.stop();
  }
});

test("an edge moves on to another node, and believes nothing that the one before told", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-ts-"));
  const ports = [await freePort(), await freePort()];
  const [first, second] = [await start({}, ports[0], folder), await start({}, ports[1], folder)];
  try {
    const key = (await issue(second, ["latchkey:edge-all"])).key;
    const asked = await issue(second, ["invoices:read"]);
    const edge = await Edge.start({ upstream: [first.url, second.url], key });
    assert.equal((await edge.verify({ key: asked.key })).code, "VALID");
    first.process.kill("SIGKILL");
    await second.admin.keys.revoke(asked.id);
    await until(
      "the revoke",
      async () =>
        await edge.verify({ key: asked.key }).then(
          (v) => v.code === "REVOKED",
          () => false,
        ),
      5_000,
    );
    await edge.close();
  } finally {
    await Promise.all([first.stop(), second.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a node that begins anew is another one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-ts-"));
  const port = await freePort();
  let node = await start({}, port, folder);
  const key = (await issue(node, ["latchkey:edge-all"])).key;
  const asked = await issue(node, ["invoices:read"]);
  const edge = await Edge.start({ upstream: node.url, key });
  try {
    assert.equal((await edge.verify({ key: asked.key })).code, "VALID");
    await node.stop();
    const elsewhere = await start({}, undefined, folder);
    await elsewhere.admin.keys.revoke(asked.id);
    await elsewhere.stop();
    node = await start({}, port, folder);
    await until(
      "the revoke that nobody told",
      async () =>
        await edge.verify({ key: asked.key }).then(
          (v) => v.code === "REVOKED",
          () => false,
        ),
      5_000,
    );
    await edge.close();
  } finally {
    await edge.close().catch(() => undefined);
    await node.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("imported keys are verified as by a node", async () => {
  const service = await start();
  const folder = mkdtempSync(join(tmpdir(), "latchkey-ts-"));
  try {
    const [plain, hashed, weak] = ["pay_" + "0123456789abcdef".repeat(2), "AbCdEfGh." + "z9y8x7w6".repeat(4), "abcd-1234-efgh-77"];
    const rows = [
      { id: "plain", key: plain },
      { id: "hashed", algorithm: "sha512", digest: createHash("sha512").update(hashed).digest("hex") },
      { id: "weak", key: weak },
    ];
    const file = join(folder, "keys.jsonl");
    writeFileSync(file, rows.map((row) => JSON.stringify(row) + "\n").join(""));
    const { key } = await issue(service, ["latchkey:edge-all"]);
    const edge = await Edge.start({ upstream: [service.url], key });
    const code = async (text: string): Promise<string> => (await edge.verify({ key: text })).code;
    assert.equal(await code(plain), "MALFORMED");
    service.command("import", "--from", "jsonl", "--accept-weak", file);
    await until("the edge knows the shapes of imported keys", async () => (await code(plain)) === "VALID", 20_000);
    for (const text of [plain, hashed, weak]) {
      for (let n = 0; n < 2; n++) assert.equal(await code(text), "VALID");
      assert.equal(await code(text.slice(0, -1) + "0"), "NOT_FOUND");
    }
    assert.equal(await code("lk_live_" + "a".repeat(49)), "MALFORMED");
    await edge.close();
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
