// An edge that was suspended answers nothing from memory afterwards. It is asked while it stands
// still, so that it answers as soon as it goes on.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { issue, pause, start, until, type Service } from "./service.js";

let service: Service;
before(async () => {
  service = await start();
  await service.admin.tiers.create({ name: "vast", title: "Vast", rate_limit: { requests: 100_000, per: "1s" } });
});
after(() => service.stop());

async function child(): Promise<{
  lines: string[];
  ask: (key: string) => void;
  signal: (name: NodeJS.Signals) => void;
  end: () => Promise<unknown>;
}> {
  const { key } = await issue(service, ["latchkey:edge-all"]);
  const process_ = spawn(process.execPath, [fileURLToPath(new URL("edge-child.js", import.meta.url))], {
    env: { ...process.env, UPSTREAM: service.url, EDGE_KEY: key },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines: string[] = [];
  process_.stdout.on("data", (text) => {
    lines.push(...String(text).split("\n").filter(Boolean));
  });
  const ended = new Promise((resolve) => process_.on("close", resolve));
  await until("the edge", () => lines.includes("ready"));
  lines.length = 0;
  return {
    lines,
    ask: (asked) => process_.stdin.write(`${asked}\n`),
    signal: (name) => process_.kill(name),
    end: () => {
      process_.kill("SIGCONT");
      process_.stdin.end();
      return ended;
    },
  };
}

test("a suspended edge asks before it answers", async () => {
  const edge = await child();
  try {
    for (let round = 0; round < 3; round++) {
      const { id, key } = await issue(service, ["invoices:read"], { tier: "vast" });
      edge.lines.length = 0;
      edge.ask(key);
      await until("the first answer", () => edge.lines.length === 1);
      assert.deepEqual(edge.lines, ["VALID"]);
      await pause(300);
      edge.signal("SIGSTOP");
      const revoked = await service.admin.keys.revoke(id);
      edge.lines.length = 0;
      for (let i = 0; i < 8; i++) edge.ask(key);
      await pause(Math.max(0, Date.parse(revoked.effective_everywhere_by) - Date.now()) + 20 + 400 * round);
      edge.signal("SIGCONT");
      await until("all answers", () => edge.lines.length === 8);
      assert.deepEqual([...new Set(edge.lines)], ["REVOKED"], `in round ${String(round)}`);
    }
  } finally {
    await edge.end();
  }
});

test("and answers nothing if nobody can be asked", async () => {
  const edge = await child();
  const { key } = await issue(service, ["invoices:read"], { tier: "vast" });
  try {
    edge.ask(key);
    await until("the first answer", () => edge.lines.length === 1);
    edge.signal("SIGSTOP");
    service.process.kill("SIGSTOP");
    edge.lines.length = 0;
    for (let i = 0; i < 8; i++) edge.ask(key);
    await pause(1_100);
    edge.signal("SIGCONT");
    await until("all answers", () => edge.lines.length === 8, 20_000);
    assert.ok(
      edge.lines.every((line) => line.includes("unavailable")),
      edge.lines.join(),
    );
    service.process.kill("SIGCONT");
    await until("an answer of the node", () => {
      edge.ask(key);
      return edge.lines.includes("VALID");
    });
  } finally {
    service.process.kill("SIGCONT");
    await edge.end();
  }
});
