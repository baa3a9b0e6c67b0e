// The guard's decisions, whoever verifies.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LatchkeyError, statusOf, type Question, type Verdict } from "@latchkey/client";
import { Guard, type Caller, type GuardConfig } from "@latchkey/client/guard";

const key = "lk_live_4DPnoAMXN0CqObFqTqBgNsMTlvSSg1aGRR1mVUJYqAR1QNxu1";

/** verdict is one with the code, of a key over no limit. */
function verdict(code: string, more: Partial<Verdict> = {}): Verdict {
  return {
    valid: code === "VALID",
    code,
    detail: "why",
    keyId: "key_1",
    name: "",
    environment: "live",
    account: undefined,
    organizationId: "",
    tier: "",
    scopes: [],
    expiresAt: undefined,
    metadata: {},
    missingScopes: [],
    rateLimit: undefined,
    quota: undefined,
    steps: [],
    retryAfterMs: 0,
    status: statusOf(code),
    limitHeaders: { RateLimit: `"key";r=9;t=1`, "Retry-After": "2" },
    ...more,
  };
}

/** answers is a verifier that answers the same always, and notes the questions. */
function answers(answer: Verdict | Error = verdict("VALID")) {
  const asked: Question[] = [];
  const verify = (question: Question) => {
    asked.push(question);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { verify, asked };
}

/** from is a request from the address with the headers, of which a name may come several times. */
function from(headers: [string, string][], remoteAddress: string | undefined = "192.0.2.1", signal?: AbortSignal): Caller {
  const header = (name: string) => headers.filter(([n]) => n.toLowerCase() === name).map(([, value]) => value);
  return { header, remoteAddress, signal };
}

test("a valid key passes", async () => {
  const verifier = answers();
  const d = await new Guard({ verifier }).decide(
    from([
      ["X-API-Key", key],
      ["User-Agent", "curl/8"],
    ]),
    { scopes: ["invoices:read"], cost: 5 },
  );
  assert.deepEqual([d.allowed, d.verdict?.keyId, d.problem], [true, "key_1", undefined]);
  assert.deepEqual(d.headers, { RateLimit: `"key";r=9;t=1` });
  assert.deepEqual(verifier.asked, [{ key, scopes: ["invoices:read"], cost: 5, address: "192.0.2.1", userAgent: "curl/8" }]);
});

test("what is public asks nobody", async () => {
  const verifier = answers();
  const d = await new Guard({ verifier }).decide(from([]), { public: true });
  assert.deepEqual([d.allowed, d.verdict, verifier.asked.length], [true, undefined, 0]);
});

test("refusals are those of /verify", async (t) => {
  const invalid = `Bearer realm="api", error="invalid_token"`;
  const cases: [string, number, string | undefined][] = [
    ["NOT_FOUND", 401, invalid],
    ["REVOKED", 401, invalid],
    ["DISABLED", 401, invalid],
    ["A_CODE_OF_TOMORROW", 401, invalid],
    ["IP_NOT_ALLOWED", 403, undefined],
    ["PENDING", 403, undefined],
    ["INSUFFICIENT_SCOPE", 403, `Bearer realm="api", error="insufficient_scope", scope="a:b"`],
    ["RATE_LIMITED", 429, undefined],
    ["QUOTA_EXCEEDED", 429, undefined],
  ];
  for (const [code, status, says] of cases) {
    await t.test(code, async () => {
      const d = await new Guard({ verifier: answers(verdict(code, { missingScopes: ["a:b"] })) }).decide(from([["X-API-Key", key]]));
      assert.equal(d.allowed, false);
      assert.equal(d.verdict?.code, code);
      const type = `urn:latchkey:problem:${code.toLowerCase()}`;
      const { title, ...rest } = d.problem ?? {};
      assert.ok(title);
      assert.deepEqual(rest, { type, status, code, detail: "why", missing_scopes: ["a:b"] });
      assert.equal(d.headers["WWW-Authenticate"], says);
      assert.deepEqual([d.headers["Cache-Control"], d.headers["Retry-After"]], ["no-store", "2"]);
      assert.ok(d.headers["RateLimit"]);
    });
  }
});

test("where keys are read", async (t) => {
  const other = "lk_live_another";
  const cases: [string, [string, string][], string][] = [
    ["X-API-Key", [["X-API-Key", key]], key],
    ["bearer", [["Authorization", `Bearer ${key}`]], key],
    ["bearer in lower case", [["authorization", `bearer ${key}`]], key],
    ["Api-Key", [["Authorization", `Api-Key ${key}`]], key],
    ["signed token", [["Authorization", "Bearer eyJ.a.b"]], "eyJ.a.b"],
    [
      "the same twice",
      [
        ["X-API-Key", key],
        ["Authorization", `Bearer ${key}`],
      ],
      key,
    ],
    ["the same twice in one header", [["X-API-Key", `${key}, ${key}`]], key],
    [
      "a bearer token of the API's own",
      [
        ["X-API-Key", key],
        ["Authorization", "Bearer eyJ.a.b"],
      ],
      key,
    ],
    [
      "Basic is not Latchkey's",
      [
        ["X-API-Key", key],
        ["Authorization", "Basic YTpi"],
      ],
      key,
    ],
    ["none", [], "MISSING"],
    ["an empty one", [["X-API-Key", ""]], "MISSING"],
    ["a bearer of nothing", [["Authorization", "Bearer "]], "MISSING"],
    ["Basic alone", [["Authorization", "Basic YTpi"]], "MISSING"],
    ["Digest, which has commas", [["Authorization", `Digest username="a", realm="b"`]], "MISSING"],
    [
      "two headers",
      [
        ["X-API-Key", key],
        ["X-API-Key", other],
      ],
      "MALFORMED",
    ],
    ["two in one header", [["X-API-Key", `${key}, ${other}`]], "MALFORMED"],
    [
      "two in two headers",
      [
        ["X-API-Key", key],
        ["Authorization", `Bearer ${other}`],
      ],
      "MALFORMED",
    ],
    [
      "two in Authorization",
      [
        ["Authorization", `Bearer ${key}`],
        ["Authorization", `Bearer ${other}`],
      ],
      "MALFORMED",
    ],
    ["two in Authorization, joined", [["Authorization", `Bearer ${key}, Bearer ${other}`]], "MALFORMED"],
    [
      "two more",
      [
        ["X-API-Key", key],
        ["Authorization", "Api-Key x"],
      ],
      "MALFORMED",
    ],
    ["endless", [["X-API-Key", "x".repeat(5_000)]], "MALFORMED"],
  ];
  for (const [name, headers, want] of cases) {
    await t.test(name, async () => {
      const verifier = answers();
      const d = await new Guard({ verifier }).decide(from(headers));
      assert.equal(d.allowed ? verifier.asked[0]?.key : d.problem?.code, want);
      assert.equal(d.problem?.status, d.allowed ? undefined : 401);
    });
  }
  await t.test("another header", async () => {
    const verifier = answers();
    const g = new Guard({ verifier, keyHeaders: ["X-Acme-Key", "Acme-Key"], realm: "invoices" });
    assert.ok(
      (
        await g.decide(
          from([
            ["Acme-Key", key],
            ["X-API-Key", other],
          ]),
        )
      ).allowed,
    );
    assert.equal(verifier.asked[0]?.key, key);
    assert.equal(
      (
        await g.decide(
          from([
            ["Acme-Key", key],
            ["X-Acme-Key", other],
          ]),
        )
      ).problem?.code,
      "MALFORMED",
    );
    const none = await g.decide(from([["X-API-Key", key]]));
    assert.deepEqual([none.problem?.code, none.headers["WWW-Authenticate"]], ["MISSING", `Bearer realm="invoices"`]);
  });
});

test("the client's address", async (t) => {
  const proxies = ["192.0.2.0/24", "10.0.0.0/8"];
  const forwarded = "Forwarded";
  const cases: [string, Partial<GuardConfig>, [string, string][], string | undefined][] = [
    ["no proxy is trusted", {}, [["X-Forwarded-For", "203.0.113.9"]], "192.0.2.1"],
    ["one proxy", { trustedProxies: proxies }, [["X-Forwarded-For", "203.0.113.9"]], "203.0.113.9"],
    [
      "what the client wrote to the left",
      { trustedProxies: proxies },
      [["X-Forwarded-For", "127.0.0.1, 203.0.113.9, 10.0.0.3"]],
      "203.0.113.9",
    ],
    [
      "several lines",
      { trustedProxies: proxies },
      [
        ["X-Forwarded-For", "203.0.113.9"],
        ["X-Forwarded-For", "10.0.0.3"],
      ],
      "203.0.113.9",
    ],
    ["no header", { trustedProxies: proxies }, [], "192.0.2.1"],
    ["nonsense is nobody", { trustedProxies: proxies }, [["X-Forwarded-For", "203.0.113.9, unknown"]], undefined],
    ["an octal number is nonsense", { trustedProxies: proxies }, [["X-Forwarded-For", "010.0.0.1"]], undefined],
    ["another header", { trustedProxies: proxies }, [["Forwarded", "for=203.0.113.9"]], "192.0.2.1"],
    [
      "RFC 7239",
      { trustedProxies: proxies, forwardedHeader: forwarded },
      [["Forwarded", `for=1.1.1.1, for="[2001:db8::7]:47";proto=https, for=10.0.0.3`]],
      "2001:db8::7",
    ],
    [
      "one address",
      { trustedProxies: proxies, forwardedHeader: "X-Real-IP" },
      [
        ["X-Real-IP", "203.0.113.9"],
        ["X-Forwarded-For", "1.1.1.1"],
      ],
      "203.0.113.9",
    ],
    [
      "a quote that the client left open hides nobody",
      { trustedProxies: proxies, forwardedHeader: forwarded },
      [["Forwarded", `for=198.51.100.7;x=", for=203.0.113.9`]],
      undefined,
    ],
    [
      "nor over two lines",
      { trustedProxies: proxies, forwardedHeader: forwarded },
      [
        ["Forwarded", `for=198.51.100.7;x="`],
        ["Forwarded", `for="[2001:db8::7]:47"`],
      ],
      undefined,
    ],
    [
      "a quote that was closed",
      { trustedProxies: proxies, forwardedHeader: forwarded },
      [["Forwarded", `for=198.51.100.7;x=",", for=203.0.113.9`]],
      "203.0.113.9",
    ],
    ["IPv4 in IPv6", { trustedProxies: proxies }, [["X-Forwarded-For", "::ffff:203.0.113.9"]], "203.0.113.9"],
    ["with ports", { trustedProxies: proxies }, [["X-Forwarded-For", "203.0.113.9:4711, 10.0.0.3:80"]], "203.0.113.9"],
  ];
  for (const [name, config, headers, want] of cases) {
    await t.test(name, async () => {
      const verifier = answers();
      await new Guard({ verifier, ...config }).decide(from([...headers, ["X-API-Key", key]], "::ffff:192.0.2.1"));
      assert.equal(verifier.asked[0]?.address, want);
    });
  }
});

test("a header that a client made as odd as it can takes no longer than its length", async () => {
  const g = new Guard({ verifier: answers(), trustedProxies: ["192.0.2.0/24"], forwardedHeader: "Forwarded" });
  const took = async (odd: string) => {
    const start = process.cpuUsage();
    await g.decide(
      from([
        ["Forwarded", odd],
        ["X-API-Key", key],
      ]),
    );
    return process.cpuUsage(start).user / 1_000;
  };
  for (const part of [" ", "\t", '"', ",", ";", "=", "%a", ":", "["]) {
    for (const odd of [`for=1;${part.repeat(200_000)}x`, `for=x${part.repeat(200_000)}x`]) {
      const ms = await took(odd); // what grows with the square takes a minute
      assert.ok(ms < 2_000, `${part} took ${String(ms)} ms`);
    }
  }
});

test("addresses are written in their one form", async () => {
  const forms: [string, string | undefined][] = [
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["fe80::1%eth0", "fe80::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["64:ff9b::1.2.3.4", "64:ff9b::102:304"],
    ["10:0:0:0:20:0:0:0", "10::20:0:0:0"],
    ["1::2::3", undefined],
    ["1:2:3:4:5:6:7", undefined],
    ["1:2:3:4:5:6:7:8:9", undefined],
    ["12345::", undefined],
    ["1.2.3", undefined],
    ["256.1.1.1", undefined],
    ["", undefined],
    [":", undefined],
    ["1::2:3:4:5:6:7:8", undefined],
    [":1:2:3:4:5:6:7", undefined],
  ];
  for (const [text, want] of forms) {
    const verifier = answers();
    await new Guard({ verifier }).decide(from([["X-API-Key", key]], text));
    assert.equal(verifier.asked[0]?.address, want, text);
  }
});

test("fails closed", async (t) => {
  const gone = new LatchkeyError({ kind: "unreachable", reason: "10.0.0.7" });
  const wrong = new LatchkeyError({ kind: "unauthenticated", status: 401 });
  const often = new LatchkeyError({ kind: "limited", status: 429 });
  const page = new LatchkeyError({ kind: "bad_answer", status: 503, contentType: "text/html" });
  const left = AbortSignal.abort();
  const cases: [string, boolean, Error, AbortSignal | undefined, boolean][] = [
    ["closed", false, gone, undefined, false],
    ["open", true, gone, undefined, true],
    ["open, and a proxy finds no Latchkey", true, page, undefined, true],
    ["open, and the verifier's own key is wrong", true, wrong, undefined, false],
    ["open, and it was wrong too often", true, often, undefined, false],
    ["open, and the client has gone", true, gone, left, false],
    ["open, and nobody knows what it is", true, new Error("broken"), undefined, false],
    ["open, and the verdict contradicts itself", true, new LatchkeyError({ kind: "bad_answer" }), undefined, false],
  ];
  for (const [name, failOpen, error, signal, allowed] of cases) {
    await t.test(name, async () => {
      const heard: unknown[] = [];
      const onError = (e: unknown) => {
        heard.push(e);
      };
      const g = new Guard({ verifier: answers(error), failOpen, onError });
      const d = await g.decide(from([["X-API-Key", key]], "192.0.2.1", signal));
      assert.deepEqual([d.allowed, d.verdict, d.error, heard], [allowed, undefined, error, [error]]);
      if (!allowed) {
        assert.deepEqual([d.problem?.status, d.problem?.code, d.headers["Retry-After"]], [503, "unavailable", "5"]);
        assert.ok(!JSON.stringify(d.problem).includes("10.0.0.7"));
      }
      assert.equal((await g.decide(from([]))).problem?.status, 401, "fails open for a request without a key");
    });
  }
  for (const bad of [verdict("REVOKED", { valid: true }), verdict("VALID", { valid: false })]) {
    const d = await new Guard({ verifier: answers(bad), failOpen: true, onError: () => undefined }).decide(from([["X-API-Key", key]]));
    assert.deepEqual([d.allowed, d.problem?.status], [false, 503]);
  }
  const full = new Error("the log is full");
  for (const onError of [
    () => {
      throw full;
    },
    () => Promise.reject(full), // nobody waits for it: it must not end the process
  ]) {
    const clumsy = new Guard({ verifier: answers(gone), onError });
    assert.equal((await clumsy.decide(from([["X-API-Key", key]]))).problem?.status, 503);
  }
});

test("what the configuration may not be", () => {
  const verifier = answers();
  const bad: Partial<GuardConfig>[] = [
    { failOpen: true },
    { trustedProxies: ["10.0.0.0/33"] },
    { trustedProxies: ["10.0.0.0/08"] },
    { trustedProxies: ["proxy"] },
    { trustedProxies: ["::ffff:10.0.0.0/104"] },
    { forwardedHeader: "X-Real-IP" },
    { forwardedHeader: "X Real IP", trustedProxies: ["10.0.0.0/8"] },
    { keyHeaders: [] },
    { keyHeaders: ["a b"] },
    { realm: `a" b` },
    { realm: "a\r\nSet-Cookie: b" },
  ];
  for (const config of bad) assert.throws(() => new Guard({ verifier, ...config }), TypeError, JSON.stringify(config));
  assert.throws(() => new Guard({} as GuardConfig), TypeError);
  new Guard({ verifier, trustedProxies: ["10.0.0.1", "2001:db8::/32", "0.0.0.0/0"] });
});

test("no more of User-Agent is asked than the service takes", async () => {
  for (const agent of ["x".repeat(3_000), "ü".repeat(2_000), "😀".repeat(1_000), "a\0b"]) {
    const verifier = answers();
    await new Guard({ verifier }).decide(
      from([
        ["X-API-Key", key],
        ["User-Agent", agent],
      ]),
    );
    const sent = verifier.asked[0]?.userAgent ?? "";
    assert.ok(Buffer.byteLength(sent) <= 2_048 && sent.length > 1 && !sent.includes("\0") && !sent.includes("\ufffd"));
  }
});
