// No secret is shown by printing, logging or encoding.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { inspect } from "node:util";
import { apiKey, bearerToken, Latchkey, password, userToken, version } from "@latchkey/client";
import { closeAll, reply, secret, serve } from "./fake.js";

after(closeAll);

test("credentials and clients show nothing", () => {
  for (const credential of [apiKey(secret), userToken(secret), bearerToken(secret), password("ada", secret)]) {
    const latchkey = new Latchkey({ url: "http://localhost", credential });
    const shown = [credential, { credential }, latchkey, latchkey.keys].map((value) => inspect(value, { depth: 9, showHidden: true }));

    shown.push(String(credential), JSON.stringify({ credential, latchkey }), Object.entries(latchkey).join());
    for (const text of shown) assert.ok(!text.includes(secret), text);
    assert.equal(String(credential), "[redacted]");
  }
});

test("what is created shows its secret only to who takes it", async () => {
  const a = await serve({}, reply(201, JSON.stringify({ id: "key_1", key: secret })));
  const issued = await a.client.keys.issue({ service_account_id: "sa_1", name: "CI" });
  assert.equal(issued.key, secret);
  assert.ok(JSON.stringify(issued).includes(secret));
  assert.ok(!inspect(issued).includes(secret) && inspect(issued).includes("[redacted]"));
  assert.ok(!inspect({ issued: [issued] }, { depth: 9 }).includes(secret));

  const b = await serve({}, reply(200, JSON.stringify({ access: secret, refresh: secret })));
  assert.ok(!inspect(await b.client.auth.obtainTokenPair("ada@example.com", "x")).includes(secret));
  const c = await serve({}, reply(200, JSON.stringify({ access_token: secret })));
  assert.ok(!inspect(await c.client.oauth.token({ id: "sa_1", secret: apiKey("x") })).includes(secret));
});

test("each credential is sent as its scheme says, and the client says who it is", async () => {
  const credentials = [apiKey("k"), userToken("t"), bearerToken("b"), password("ada", "pä:ss")];
  const sent: unknown[] = [];
  for (const credential of credentials) {
    const a = await serve({ credential, userAgent: "billing/2.1" }, reply(200, "{}"));
    await a.client.me.get();
    const { headers } = a.requests[0] ?? {};
    sent.push(headers?.["x-api-key"] ?? headers?.authorization);
    assert.equal(headers?.["user-agent"], `billing/2.1 latchkey-typescript/${version}`);
  }
  assert.deepEqual(sent, ["k", "Token t", "Bearer b", `Basic ${Buffer.from("ada:pä:ss").toString("base64")}`]);
});
