// The client against the real service.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { apiKey, isKind, Latchkey, LatchkeyError, userToken } from "@latchkey/client";
import { issue, organization, start, verifier, type Service } from "./service.js";

let service: Service;
before(async () => {
  service = await start();
});
after(() => service.stop());

test("a key is verified, and refused once it is revoked", async () => {
  const latchkey = await verifier(service);
  const { key, id, account } = await issue(service, ["invoices:read"], { external_id: "acme", metadata: { plan: 7 } });
  const verdict = await latchkey.verify({ key, scopes: ["invoices:read"], address: "203.0.113.7", userAgent: "curl/8" });
  assert.equal(verdict.code, "VALID");
  assert.equal(verdict.valid, true);
  assert.equal(verdict.status, 200);
  assert.equal(verdict.keyId, id);
  assert.equal(verdict.account?.id, account);
  assert.equal(verdict.account.externalId, "acme");
  assert.deepEqual(verdict.account.metadata, { plan: 7 });
  assert.equal(verdict.organizationId, organization);
  assert.deepEqual(verdict.scopes, ["invoices:read"]);
  assert.ok(verdict.rateLimit !== undefined && verdict.rateLimit.remaining > 0 && verdict.rateLimit.resetAfterMs >= 0);
  assert.match(verdict.limitHeaders["RateLimit"] ?? "", /"key";r=\d+;t=\d+/);

  const lacking = await latchkey.verify({ key, scopes: ["invoices:write"] });
  assert.deepEqual([lacking.code, lacking.status, lacking.missingScopes], ["INSUFFICIENT_SCOPE", 403, ["invoices:write"]]);

  const dry = await latchkey.verify({ key, scopes: ["invoices:write"], dryRun: true });
  assert.ok(dry.steps.some((step) => step.check === "scopes" && step.outcome === "failed" && step.change !== ""));

  const revoked = await service.admin.keys.revoke(id, { reason: "leaked" });
  assert.ok(Date.parse(revoked.effective_everywhere_by) > 0);
  const gone = await latchkey.verify({ key });
  assert.deepEqual([gone.valid, gone.code, gone.status], [false, "REVOKED", 401]);
  assert.equal((await latchkey.verify({ key: "nonsense" })).code, "MALFORMED");
});

test("a key speaks for itself", async () => {
  const { key, id, account } = await issue(service, ["invoices:read"]);
  const own = new Latchkey({ url: service.url, credential: apiKey(key) });
  const verdict = await own.verifySelf({ scopes: ["invoices:read"], cost: 2 });
  assert.deepEqual([verdict.valid, verdict.keyId, verdict.account?.id], [true, id, account]);
  const refused = await own.verifySelf({ scopes: ["invoices:write"] });
  assert.deepEqual([refused.code, refused.missingScopes], ["INSUFFICIENT_SCOPE", ["invoices:write"]]);
  const unknown = new Latchkey({ url: service.url, credential: apiKey("lk_live_4DPnoAMXN0CqObFqTqBgNsMTlvSSg1aGRR1mVUJYqAR1QNxu1") });
  assert.equal((await unknown.verifySelf()).code, "NOT_FOUND");
});

test("a verifier without the scope decides nothing", async () => {
  const { key } = await issue(service, ["invoices:read"]);
  const latchkey = new Latchkey({ url: service.url, credential: apiKey(key) });
  await assert.rejects(latchkey.verify({ key }), (e) => isKind(e, "forbidden") && e.status === 403 && !e.temporary);
});

test("limits tell when to come back", async () => {
  const latchkey = await verifier(service);
  const { key } = await issue(service, ["invoices:read"], { rate_limit: { requests: 1, per: "1h", burst: 1 } });
  assert.equal((await latchkey.verify({ key })).code, "VALID");
  const over = await latchkey.verify({ key });
  assert.deepEqual([over.code, over.status], ["RATE_LIMITED", 429]);
  assert.ok(over.retryAfterMs > 3_000_000 && over.retryAfterMs <= 3_600_000);
  assert.equal(over.limitHeaders["Retry-After"], String(over.retryAfterMs / 1000));
});

test("the portal's work: accounts, keys, tiers, scopes, pages, ETags", async () => {
  const { admin } = service;
  const tier = await admin.tiers.create({ name: "ts", title: "TS", rate_limit: { requests: 10, per: "1s" } });
  assert.equal((await admin.tiers.get("ts")).title, "TS");
  assert.equal((await admin.tiers.preview("ts", { rate_limit: { requests: 1, per: "1s" } })).accounts, 0);
  await admin.scopes.create({ name: "ts:read", description: "" });
  const account = await admin.accounts.create({ organization_id: organization, name: "pages", tier: tier.name, scopes: ["ts:*"] });
  for (let i = 0; i < 5; i++) await admin.keys.issue({ service_account_id: account.id, name: `key ${String(i)}` });
  const names: string[] = [];
  for await (const key of admin.keys.all({ service_account_id: account.id, limit: 2 })) names.push(key.name);
  assert.deepEqual(names, ["key 4", "key 3", "key 2", "key 1", "key 0"]);
  const page = await admin.keys.list({ service_account_id: account.id, limit: 2 });
  assert.equal(page.items.length, 2);
  assert.ok(page.next_cursor !== null);

  const key = await admin.keys.get(page.items[0]?.id ?? "");
  assert.ok(key.etag);
  const renamed = await admin.keys.update(key.id, { name: "nightly" }, { ifMatch: key.etag });
  assert.equal(renamed.name, "nightly");
  await assert.rejects(admin.keys.update(key.id, { name: "late" }, { ifMatch: key.etag }), (e) => isKind(e, "stale"));
  const rotated = await admin.keys.rotate(key.id, { grace: "1h" });
  assert.ok(rotated.key?.startsWith("lk_live_"));
  await admin.keys.delete(rotated.id);
  await assert.rejects(admin.keys.get(rotated.id), (e) => isKind(e, "not_found") && e.code === "not_found");

  const issued = await admin.keys.issue({ service_account_id: account.id, name: "once" }, { idempotencyKey: "the-same" });
  await assert.rejects(
    admin.keys.issue({ service_account_id: account.id, name: "once" }, { idempotencyKey: "the-same" }),
    (e) => isKind(e, "secret_lost") && (e.created as { id?: string }).id === issued.id,
  );
  assert.equal((await admin.keys.find(issued.key ?? ""))[0]?.id, issued.id);
});

test("faults of fields come with their codes", async () => {
  await assert.rejects(service.admin.keys.issue({ service_account_id: "sa_0", name: "" }), (e) => {
    assert.ok(e instanceof LatchkeyError);
    assert.equal(e.kind, "invalid");
    assert.equal(e.code, "invalid_request");
    assert.ok(e.fields.length > 0 && e.fields.every((f) => f.field !== "" && f.code !== undefined));
    assert.ok(e.requestId !== "");
    assert.match(e.message, /^latchkey: POST \/api\/keys: 400 invalid_request/);
    return true;
  });
});

test("people sign in by token, session and OAuth", async () => {
  const { admin, url } = service;
  const issued = await admin.tokens.create({ name: "ts" });
  const byToken = new Latchkey({ url, credential: userToken(issued.token) });
  assert.equal((await byToken.me.get()).email, "admin@localhost");
  const nobody = new Latchkey({ url });
  const { user, credential } = await nobody.sessions.signIn({ email: "admin@localhost", password: "correct horse battery staple" });
  assert.equal(user.email, "admin@localhost");
  const bySession = nobody.with(credential);
  assert.equal((await bySession.sessions.get()).user.email, "admin@localhost");
  await bySession.sessions.signOut();
  await assert.rejects(bySession.me.get(), (e) => isKind(e, "unauthenticated"));
  const pair = await nobody.auth.obtainTokenPair("admin@localhost", "correct horse battery staple");
  await nobody.auth.verifyToken(pair.access);

  const { key, account } = await issue(service, ["invoices:read"]);
  const client = { id: account, secret: apiKey(key) };
  const token = await nobody.oauth.token(client, ["invoices:read"]);
  const verdict = await (await verifier(service)).verify({ key: token.access_token, scopes: ["invoices:read"] });
  assert.equal(verdict.code, "VALID");
  await nobody.oauth.revoke(client, token.access_token);
  await assert.rejects(
    nobody.oauth.token({ id: account, secret: apiKey("wrong") }),
    (e) => isKind(e, "unauthenticated") && e.code === "invalid_client",
  );
});

test("reports and the state of the service", async () => {
  const { admin } = service;
  assert.ok((await admin.usage.get()).items.length >= 0);
  assert.match(await admin.usage.csv(), /,/);
  assert.equal((await admin.nodes.list()).length >= 1, true);
  assert.match(await admin.service.contract(), /^openapi: 3\.1/);
  assert.equal((await admin.service.health()).status, "ok");
  for await (const event of admin.audit.all({ limit: 3 })) {
    assert.ok(event.action);
    break;
  }
});
