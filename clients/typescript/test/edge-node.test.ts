// The edge with a node that does what real ones seldom do.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, test } from "node:test";
import { inspect } from "node:util";
import { isKind, type Verdict } from "@latchkey/client";
import { Edge, type EdgeConfig } from "@latchkey/client/edge";
import { Guard } from "@latchkey/client/guard";
import { digestOf, markIdOf, markOf, Marks, unpackMarks } from "../dist/edge/digest.js";
import { Elapsed } from "../dist/edge/elapsed.js";
import { isKey } from "../dist/edge/format.js";
import { Reporter } from "../dist/edge/report.js";
import type { Upstream } from "../dist/edge/upstream.js";
import { closeAll } from "./fake.js";
import { allowed, edgeKey, gone, grantOf, key, Node, notFound, reply, type Message, type Reply } from "./node.js";
import { pause, until } from "./service.js";

after(closeAll);

/** withEdge runs the work with an edge of the nodes. */
async function withEdge(nodes: Node[], work: (edge: Edge) => Promise<void>, config: Partial<EdgeConfig> = {}): Promise<void> {
  const edge = await Edge.start({ upstream: nodes.map(({ url }) => url), key: edgeKey, leases: false, ...config });
  try {
    await work(edge);
  } finally {
    await edge.close().catch(() => undefined);
  }
}

const ask = (edge: Edge): Promise<Verdict> => edge.verify({ key, scopes: ["invoices:read"] });
const code = (edge: Edge): Promise<string> =>
  ask(edge).then(
    (v) => v.code,
    (e: unknown) => (e instanceof Error ? e.message : "?"),
  );

test("test vectors of the protocol", () => {
  const sample = "lk_live_4DPnoAMXN0CqObFqTqBgNsMTlvSSg1aGRR1mVUJYqAR2OC8kj";
  const digest = digestOf(sample);
  assert.equal(digest, "fac14877285c485660c9ced3364696bb5cb78c0af6c6fa30e17114720b964fc9");
  assert.equal(markIdOf(digest), "c31ebdaf498ef3912923f517ec5c134d");
  assert.equal(markOf(markIdOf(digest)), "aedc2c8166b5cdb4");
  assert.equal(markOf("sa_01a20bfc254874149c0899a4b59d351d"), "dc62e4d99d2b2cb6");
  assert.equal(markOf("pro"), "ff6a80aa84b0f5bb");
  assert.deepEqual(unpackMarks("AAAAAAAAAAH+3LqYdlQyEA"), ["0000000000000001", "fedcba9876543210"]);
  for (const bad of ["AAAA", "=", "AAAAAAAAAAE=", "A", "AAAAAAAAAAH_3LqYdlQyEA"]) assert.equal(unpackMarks(bad), undefined, bad);
  assert.ok(isKey("lk", key) && !isKey("lk", sample) && !isKey("ab", key) && !isKey("lk", `${key} `) && !isKey("lk", ""));
});

test("marks void what was read before, and nothing else", () => {
  const marks = new Marks();
  const [a, b] = [marks.read("a"), marks.read("b")];
  marks.bump(markOf("a"));
  assert.deepEqual([marks.stands(a), marks.stands(b)], [false, true]);
  marks.bumpAll();
  assert.equal(marks.stands(b), false);
  assert.ok(marks.stands(marks.read("a")));
});

test("elapsed counts sleep and never runs backwards, whatever the clocks do", () => {
  for (const linux of [true, false]) {
    const clock = { steady: 1_000, wall: 5e12, booted: 9e6 };
    const elapsed = new Elapsed({
      monotonic: () => clock.steady,
      wall: () => clock.wall,
      booted: () => (linux ? clock.booted : undefined),
    });
    const pass = (ms: number, slept = 0, set = 0) => {
      clock.steady += ms;
      clock.wall += ms + slept + set;
      clock.booted += ms + slept;
    };
    const from = elapsed.now();
    pass(100);
    assert.equal(elapsed.now() - from, 100);
    pass(100, 5_000); // the machine sleeps
    const woke = elapsed.now() - from;
    assert.ok(woke >= 5_200 && woke <= 5_220, String(woke));
    pass(100, 0, -3_600_000); // the clock is set back
    assert.equal(elapsed.now() - from, woke + 100);
    pass(100, 0, 3_600_000); // and forward: no sleep, if somebody can tell
    const after_ = elapsed.now() - from - woke;
    assert.ok(linux ? after_ === 200 : after_ >= 3_600_200, String(after_));
    if (linux) {
      pass(100, 5_000, -5_000); // both at once, which a look at two clocks does not show
      pass(100, 0, 60_000);
      assert.ok(elapsed.now() - from >= woke + 400 + 5_000);
    }
  }
});

test("an edge whose machine slept asks before it answers", async () => {
  const node = await new Node().begin();
  let slept = 0;
  const elapsed = new Elapsed({
    monotonic: () => performance.now(),
    wall: () => Date.now() + slept,
    booted: () => performance.now() + slept,
  });
  await withEdge(
    [node],
    async (edge) => {
      assert.equal(await code(edge), "VALID");
      node.grant = gone();
      node.place++; // a change that nobody tells of until somebody asks
      node.changes = () => ({ epoch: "E1", place: node.place, marks: "", all: true, age_ms: 0, max_stale_ms: 300_000, brand: "lk" });
      slept = 1_500;
      assert.equal(await code(edge), "REVOKED");
    },
    { elapsed },
  );
});

test("a change of any object voids what is kept at once", async () => {
  for (const id of [markIdOf(digestOf(key)), "sa_1", "org_1", "free", undefined]) {
    const node = await new Node().begin();
    await withEdge([node], async (edge) => {
      assert.equal(await code(edge), "VALID");
      const grants = node.count("/edge/v1/grant");
      assert.equal(grants, 2, "the objects are read again once their marks are known");
      assert.equal(await code(edge), "VALID");
      assert.equal(node.count("/edge/v1/grant"), grants, "what is kept is not asked for");
      node.grant = gone();
      node.change(id);
      await until("the change", async () => (await code(edge)) === "REVOKED", 300);
    });
  }
});

test("what changes while it is read is not kept", async () => {
  const node = await new Node().begin();
  const answer = node.replies["/edge/v1/grant"]!;
  let times = 0;
  node.replies["/edge/v1/grant"] = async (question, response, request) => {
    const told: unknown = await answer(question, response, request);
    if (++times === 2) {
      // the second answer is from before the revoke, and comes after it
      node.grant = gone();
      node.change(markIdOf(digestOf(key)));
      await pause(100);
    }
    return told;
  };
  await withEdge([node], async (edge) => {
    assert.equal(await code(edge), "REVOKED");
  });
});

test("a revoke while the limits are asked for", async () => {
  const node = await new Node().begin();
  node.replies["/edge/v1/limit"] = async () => {
    node.grant = gone();
    node.change(markIdOf(digestOf(key)));
    await pause(100);
    return { decision: allowed };
  };
  await withEdge([node], async (edge) => {
    assert.equal(await code(edge), "REVOKED");
    assert.equal(node.count("/edge/v1/limit"), 1, "it is charged once");
  });
});

test("answers that are late renew no lease, and nothing is believed beyond what the node allows", async () => {
  const node = await new Node().begin();
  node.maxStaleMs = 2_000;
  await withEdge([node], async (edge) => {
    assert.equal(await code(edge), "VALID");
    node.changesAfterMs = 900;
    node.replies["/edge/v1/grant"] = (_question, response) => {
      response.destroy();
    };
    const from = performance.now();
    await until("the edge to stop", async () => (await code(edge)).includes("unavailable"), 5_000);
    const took = performance.now() - from;
    assert.ok(took > 1_000 && took < 3_500, `it stopped after ${String(took)}`);
    const heard = node.asked.filter((a) => a.path === "/edge/v1/changes").map((a) => Number(a.question["heard_ms"]));
    assert.ok(Math.max(...heard) >= 1_500, "it says that it hears nothing");
    node.changesAfterMs = 0;
    node.replies["/edge/v1/grant"] = () => ({ epoch: node.epoch, ...node.grant });
    await until("the edge to go on", async () => (await code(edge)) === "VALID");
  });
});

test("the node's own delay shortens the lease", async () => {
  const node = await new Node().begin();
  node.ageMs = 5_000;
  node.maxStaleMs = 4_000;
  await withEdge([node], async (edge) => {
    for (let i = 0; i < 3; i++) assert.equal(await code(edge), "VALID");
    assert.ok(node.count("/edge/v1/grant") >= 6, "each is asked for");
  });
});

test("another process is another node: everything is forgotten", async () => {
  const node = await new Node().begin();
  await withEdge([node], async (edge) => {
    assert.equal(await code(edge), "VALID");
    node.grant = gone();
    node.epoch = "E2";
    await until("the other process to be noticed", async () => (await code(edge)) === "REVOKED", 1_000);
  });
});

test("a grant of a process whose changes are not heard is not believed", async () => {
  const node = await new Node().begin();
  let strange = true;
  node.replies["/edge/v1/grant"] = () => ({ ...node.grant, epoch: strange ? "E9" : node.epoch });
  await withEdge([node], async (edge) => {
    assert.match(await code(edge), /another node answers/);
    strange = false;
    assert.equal(await code(edge), "VALID");
  });
});

test("with several nodes the next one is asked if one is silent", async () => {
  const [first, second] = [await new Node().begin(), await new Node().begin()];
  second.epoch = "E2";
  second.grant = gone();
  await withEdge([first, second], async (edge) => {
    assert.equal(await code(edge), "VALID");
    for (const path of Object.keys(first.replies)) first.replies[path] = () => undefined; // it hangs
    await until("the second node", async () => (await code(edge)) === "REVOKED", 5_000);
  });
});

test("a key with checks of a later version is decided by the node", async () => {
  const node = await new Node().begin();
  node.grant = { ...grantOf(), needs: ["phase_of_the_moon"] };
  node.replies["/edge/v1/verify"] = (question) => {
    assert.deepEqual([question["key"], question["scopes"], question["cost"]], [key, ["invoices:read"], 1]);
    return {
      code: "IP_NOT_ALLOWED",
      detail: { code: "the_moon_is_new", args: {} },
      at: "2026-11-29T12:00:00Z",
      grant: grantOf(),
      limits: null,
    };
  };
  await withEdge([node], async (edge) => {
    for (let i = 1; i <= 2; i++) {
      const verdict = await ask(edge);
      assert.deepEqual([verdict.code, verdict.detail, verdict.keyId], ["IP_NOT_ALLOWED", "the_moon_is_new", "key_1"]);
      assert.equal(node.count("/edge/v1/verify"), i, "it is not kept");
    }
    for (const nonsense of [
      { code: "VALID" },
      { code: "VALID", grant: grantOf(), limits: { allowed: false, refused: "key" } },
      { code: "" },
      { grant: {} },
      {},
    ]) {
      node.replies["/edge/v1/verify"] = () => nonsense;
      await assert.rejects(ask(edge), (e) => isKind(e, "unavailable"), JSON.stringify(nonsense));
    }
    node.replies["/edge/v1/verify"] = () => ({ code: "OF_TOMORROW", grant: grantOf() });
    const verdict = await ask(edge);
    assert.deepEqual([verdict.valid, verdict.code, verdict.status, verdict.keyId], [false, "OF_TOMORROW", 401, "key_1"]);
  });
});

test("what callers can cause lets nobody through a guard that fails open", async () => {
  const node = await new Node().begin();
  await withEdge([node], async (edge) => {
    const g = new Guard({ verifier: edge, failOpen: true, onError: () => undefined });
    const caller = (sent: string) => ({ header: (name: string) => (name === "x-api-key" ? [sent] : []) });
    assert.equal((await g.decide(caller(key))).allowed, true);
    for (const [status, kind] of [
      [429, "limited"],
      [400, "invalid"],
      [413, "too_large"],
    ] as const) {
      for (const path of ["/edge/v1/grant", "/edge/v1/verify"]) {
        node.replies[path] = (_question, response) => {
          reply(response, { status, code: "rate_limited", detail: "too many unknown keys" }, status);
        };
      }
      for (const sent of ["lk_live_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA3nJAaO", "eyJhbGciOiJub25lIn0.e30.x"]) {
        const d = await g.decide(caller(sent));
        assert.deepEqual([d.allowed, d.problem?.status, isKind(d.error, kind)], [false, 503, true], `${kind} ${sent}`);
      }
    }
    node.replies["/edge/v1/verify"] = () => ({ code: "OF_TOMORROW", grant: null });
    const refused = await g.decide(caller("eyJhbGciOiJub25lIn0.e30.x"));
    assert.deepEqual([refused.allowed, refused.problem?.code], [false, "OF_TOMORROW"]);
  });
});

test("a limit that cannot be read is not no limit", async () => {
  const broken: Message[] = [
    { ...grantOf({ rate_limit: { requests: 5 } }) },
    { ...grantOf({}, { quota: { Requests: 5, Per: "week" } }) },
    { ...grantOf({}, { override: { until: "soon" } }) },
    { ...grantOf({ revoked_at: 7 }) },
    { ...grantOf({ expires_at: "tomorrow" }) },
    { ...grantOf({ allowed_networks: ["everywhere"] }) },
    { ...grantOf({ allowed_networks: "10.0.0.0/8" }) },
    { ...grantOf({ scopes: "invoices:read" }) },
    { ...grantOf({ disabled: "yes" }) },
    { ...grantOf(), tier: { name: "free", rate_limit: { Requests: 5 } } },
    { ...grantOf(), organization: { id: "org_2" } },
    { ...grantOf(), account: null },
    {},
  ];
  const node = await new Node().begin();
  await withEdge([node], async (edge) => {
    for (const grant of broken) {
      node.grant = grant;
      await assert.rejects(ask(edge), (e) => isKind(e, "unavailable"), JSON.stringify(grant));
    }
    node.grant = grantOf();
    assert.equal(await code(edge), "VALID");
    for (const decision of [
      undefined,
      {},
      { allowed: true, refused: "key" },
      { allowed: false, refused: "" },
      { allowed: "yes", refused: "" },
    ]) {
      node.replies["/edge/v1/limit"] = () => ({ decision });
      await ask(edge); // it counts alone: the node is taken for cut off
      await until("a poll", () => node.asked.at(-1)?.path === "/edge/v1/changes");
    }
  });
});

test("garbage on the connection is no answer", async () => {
  const node = await new Node().begin();
  node.maxStaleMs = 1_500;
  const garbage: Reply[] = [
    (_q, response) => {
      response.socket?.end("SSH-2.0-OpenSSH_9.2\r\n");
    },
    (_q, response) => {
      response.writeHead(200, { "Content-Type": "text/html" }).end("<html>hello</html>");
    },
    (_q, response) => {
      response.writeHead(200, { "Content-Type": "application/json" }).end("{");
    },
    (_q, response) => {
      response.writeHead(200, { "Content-Type": "application/json" }).end(`"${"x".repeat(2 << 20)}"`);
    },
    (_q, response) => {
      response.writeHead(302, { Location: "http://elsewhere.example/" }).end();
    },
    (_q, response) => {
      response.writeHead(401, { "Content-Type": "text/html" }).end("sign in");
    },
    (_q, response) => {
      response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "500" }).write("{");
      response.destroy();
    },
    () => ({ epoch: "", place: 1 }),
    () => ({ epoch: "E1", place: -1, max_stale_ms: 1, age_ms: 0, brand: "lk" }),
    () => ({ epoch: "E1", place: 1, marks: "AAAA", max_stale_ms: 1_500, age_ms: 0, brand: "lk" }),
  ];
  await withEdge([node], async (edge) => {
    assert.equal(await code(edge), "VALID");
    let turn = 0;
    const rubbish: Reply = (...words) => garbage[turn++ % garbage.length]?.(...words);
    const real = { ...node.replies };
    for (const path of ["/edge/v1/changes", "/edge/v1/grant", "/edge/v1/limit"]) node.replies[path] = rubbish;
    await until("the edge to stop", async () => (await code(edge)).includes("unavailable"), 5_000);
    const codes = new Set<string>();
    for (let i = 0; i < 30; i++) codes.add(await code(edge));
    assert.ok(
      [...codes].every((c) => c.includes("unavailable") && !c.includes(edgeKey)),
      [...codes].join(),
    );
    Object.assign(node.replies, real);
    await until("the edge to go on", async () => (await code(edge)) === "VALID");
  });
});

test("a node without leases is asked for each decision", async () => {
  const node = await new Node().begin();
  node.replies["/edge/v1/lease"] = (_question, response) => notFound(response);
  await withEdge(
    [node],
    async (edge) => {
      for (let i = 0; i < 5; i++) assert.equal(await code(edge), "VALID");
      assert.deepEqual([node.count("/edge/v1/lease"), node.count("/edge/v1/limit")], [1, 5]);
    },
    { leases: true },
  );
});

test("shares that make no sense are not spent", async () => {
  const node = await new Node().begin();
  const shares: unknown[] = [
    { amount: 1e9, left: 1, used: 0, began: 1, exact_ms: 0 },
    { amount: -1, left: 1, used: 0, began: 1, exact_ms: 0 },
    { amount: 1, left: "x", used: 0, began: 1, exact_ms: 0 },
    { amount: 0.5, left: 1, used: 0, began: 1, exact_ms: 0 },
    null,
    {},
    { code: "unavailable" },
  ];
  await withEdge(
    [node],
    async (edge) => {
      for (const share of shares) {
        node.replies["/edge/v1/lease"] = () => ({ shares: [share] });
        const verdict = await ask(edge);
        assert.equal(verdict.rateLimit?.scope, "node", JSON.stringify(share)); // it counts alone
        await until("a poll", () => node.asked.at(-1)?.path === "/edge/v1/changes");
      }
    },
    { leases: true },
  );
});

test("while cut off, keys with limits are refused where that is asked for", async () => {
  const node = await new Node().begin();
  await withEdge(
    [node],
    async (edge) => {
      assert.equal(await code(edge), "VALID");
      for (const path of Object.keys(node.replies))
        node.replies[path] = (_q, response) => {
          response.destroy();
        };
      await until("the refusal", async () => (await code(edge)) === "RATE_LIMITED", 2_000);
      assert.equal((await ask(edge)).detail, "the limits that all nodes share cannot be reached, and nothing passes without them");
    },
    { denyLimits: true },
  );
});

test("alone, rates hold here", async () => {
  const node = await new Node().begin();
  node.grant = grantOf({ rate_limit: { Requests: 5, Per: 3600e9, Burst: 5 } });
  await withEdge([node], async (edge) => {
    assert.equal(await code(edge), "VALID");
    for (const path of Object.keys(node.replies))
      node.replies[path] = (_q, response) => {
        response.destroy();
      };
    const codes: string[] = [];
    for (let i = 0; i < 8; i++) codes.push(await code(edge));
    assert.equal(codes.filter((c) => c === "VALID").length, 5, codes.join());
    assert.equal(codes.at(-1), "RATE_LIMITED");
  });
});

test("a question while the node is silent is shared by all who ask", async () => {
  const node = await new Node().begin();
  await withEdge([node], async (edge) => {
    const codes = await Promise.all(Array.from({ length: 50 }, () => code(edge)));
    assert.deepEqual([...new Set(codes)], ["VALID"]);
    assert.equal(node.count("/edge/v1/grant"), 2);
    const unknown = "lk_live_00000000000000000000000000000000000000000000000000";
    for (let i = 0; i < 5; i++) assert.equal((await edge.verify({ key: unknown })).code, "MALFORMED");
    assert.equal(node.count("/edge/v1/grant"), 2, "what is no key is not asked for");
  });
});

test("counts are sent again until they are taken, in halves if they are too long", async () => {
  const node = await new Node().begin();
  const taken: Message[] = [];
  let refusals = 3;
  node.replies["/edge/v1/usage"] = (question, response) => {
    const entries = (question["tallies"] as unknown[]).length + Object.keys(question["uses"] as object).length;
    if (refusals-- > 0) response.writeHead(503).end();
    else if (entries > 1) reply(response, { code: "payload_too_large" }, 413);
    else {
      taken.push(question);
      return {};
    }
    return undefined;
  };
  const heard: unknown[] = [];
  await withEdge(
    [node],
    async (edge) => {
      assert.equal(await code(edge), "VALID");
      await until("the counts", () => taken.length === 2, 5_000);
      const [tally] = taken.flatMap((message) => message["tallies"] as { key_id: string; counts: number[]; scopes: object }[]);
      assert.deepEqual([tally?.key_id, tally?.counts[0], tally?.scopes], ["key_1", 1, { "invoices:*": 1 }]);
      const batches = taken.map((message) => Number(message["batch"]));
      assert.ok((batches[0] ?? 0) < (batches[1] ?? 0));
    },
    { onError: (e) => heard.push(e) },
  );
  assert.deepEqual(heard, []);
});

test("a flood of keys that only a node knows does not keep the node from being heard", async () => {
  const node = await new Node().begin();
  let [open, most] = [0, 0];
  node.replies["/edge/v1/verify"] = async () => {
    most = Math.max(most, ++open);
    await pause(50);
    open--;
    return { code: "NOT_FOUND" };
  };
  await withEdge([node], async (edge) => {
    const codes = await Promise.all(
      Array.from({ length: 2_000 }, (_, i) =>
        edge.verify({ key: `eyJ${String(i)}.e30.x` }).then(
          (v) => v.code,
          (e: unknown) => (isKind(e, "limited") ? "limited" : isKind(e, "unavailable") ? "unavailable" : String(e)),
        ),
      ),
    );
    const count = (want: string) => codes.filter((c) => c === want).length;
    assert.ok(most <= 64, `${String(most)} were asked at once`);
    assert.equal(count("limited"), 2_000 - 1_064);
    assert.equal(count("NOT_FOUND") + count("unavailable"), 1_064); // on a busy machine turns come too late
    assert.equal((await edge.verify({ key: "eyJ.e30.x" })).code, "NOT_FOUND", "places are handed on");
  });
});

test("what is decided while the edge closes is counted, and what nobody waits for is not begun", async () => {
  const node = await new Node().begin();
  let decide: (told: unknown) => void = () => undefined;
  node.replies["/edge/v1/limit"] = () => new Promise((resolve) => (decide = resolve));
  const edge = await Edge.start({ upstream: node.url, key: edgeKey, leases: false });
  await assert.rejects(edge.verify({ key }, { signal: AbortSignal.abort() }), (e) => isKind(e, "canceled"));
  await pause(100);
  assert.equal(node.count("/edge/v1/grant"), 0);
  const verdict = ask(edge);
  await until("the question for limits", () => node.count("/edge/v1/limit") === 1);
  const closed = edge.close();
  await pause(400);
  assert.ok(!node.asked.some(({ question }) => question["leave"] === true), "it left before it had decided");
  decide({ decision: allowed });
  assert.equal((await verdict).code, "VALID");
  await closed;
  const tallies = node.asked.filter(({ path }) => path === "/edge/v1/usage").flatMap(({ question }) => question["tallies"] as Message[]);
  assert.deepEqual(
    tallies.map((tally) => [tally["key_id"], (tally["counts"] as number[])[0]]),
    [["key_1", 1]],
  );
  assert.equal(node.asked.at(-1)?.question["leave"], true);
});

test("reports do not queue up behind one that waits for its answer", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let asked = 0;
  let answer: () => void = () => undefined;
  const up = {
    ask: () =>
      new Promise<object>((_, reject) => {
        asked++;
        answer = () => {
          reject(new Error("no node answers"));
        };
      }),
  };
  const self = { id: "edge_1", name: "", version: "", started_at: "" };
  const reporter = new Reporter(up as unknown as Upstream, self, () => undefined);
  reporter.unknown("NOT_FOUND");
  for (let i = 0; i < 100; i++) {
    t.mock.timers.tick(500);
    await Promise.resolve();
  }
  const closed = reporter.close().then(
    () => "sent",
    () => "not sent",
  );
  for (let i = 0; i < 2; i++) {
    await new Promise(setImmediate);
    answer();
  }
  await new Promise(setImmediate);
  assert.equal(await Promise.race([closed, Promise.resolve("waits")]), "not sent");
  assert.equal(asked, 2, "one that waited, and the last");
});

test("counts that no node takes are told once, even to a listener that fails", async () => {
  const node = await new Node().begin();
  let refused = 0;
  node.replies["/edge/v1/usage"] = (_question, response) => {
    if (refused++ > 0) return {};
    reply(response, { status: 400, code: "invalid_request", detail: "no" }, 400);
    return undefined;
  };
  let heard = 0;
  const onError = () => {
    heard++;
    throw new Error("the log is full");
  };
  const edge = await Edge.start({ upstream: node.url, key: edgeKey, leases: false, onError });
  assert.equal(await code(edge), "VALID");
  await edge.close();
  assert.deepEqual([heard, node.count("/edge/v1/usage")], [1, 1]);
});

test("nothing that is sent or shown has a key or its digest, except where the protocol says so", async () => {
  const node = await new Node().begin();
  const edge = await Edge.start({ upstream: node.url, key: edgeKey, leases: false });
  await ask(edge);
  await edge.verify({ key, scopes: ["customers:read"] });
  await edge.close();
  for (const { path, question } of node.asked) {
    const text = JSON.stringify(question);
    assert.ok(!text.includes(key), path);
    if (path === "/edge/v1/usage" || path === "/edge/v1/changes") assert.ok(!text.includes(digestOf(key)), path);
  }
  const shown = inspect(edge, { depth: 9, showHidden: true });
  assert.ok(
    !shown.includes(edgeKey) && !shown.includes(digestOf(key)) && !shown.includes(createHash("sha256").update(edgeKey).digest("hex")),
  );
  assert.equal(node.asked.at(-1)?.question["leave"], true, "it says that it leaves");
  await assert.rejects(ask(edge), (e) => isKind(e, "misused"));
});

test("what the configuration may not be", async () => {
  const bad: EdgeConfig[] = [
    { upstream: [], key: "k" },
    { upstream: undefined, key: "k" },
    { upstream: "http://keys.example.com", key: "k" },
    { upstream: "https://a:b@c", key: "k" },
    { upstream: "https://keys.example.com", key: "" },
    { upstream: "https://keys.example.com", key: undefined },
    { upstream: "https://keys.example.com", key: "k", cacheSize: 0 },
  ];
  for (const config of bad) await assert.rejects(Edge.start(config), TypeError);
});
