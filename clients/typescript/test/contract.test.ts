// The client against openapi.yaml, which lies beside it in Latchkey's repository.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { apiKey, version, type Latchkey } from "@latchkey/client";
import { sentences } from "../dist/edge/checks.js";
import { closeAll, reply, serve } from "./fake.js";
import { root } from "./service.js";

after(closeAll);

const contract = readFileSync(join(root, "../../openapi.yaml"), "utf8");

/** Operations that no program asks for. */
const left: Record<string, string> = {
  "GET /api": "links for a browser",
  "GET /api/clients": "another name of /api/service-accounts",
  "GET /docs": "a page for people",
  "GET /.well-known/latchkey-keys/gitleaks.toml": "a file for gitleaks",
  "GET /.well-known/latchkey-keys/trufflehog.yaml": "a file for trufflehog",
  "POST /leaks/github": "GitHub asks for it",
  "POST /leaks/signed": "partners of the provider ask for it",
  "GET /leaks/gitlab/v1/revocable_token_types": "GitLab asks for it",
  "POST /leaks/gitlab/v1/revoke_tokens": "GitLab asks for it",
};

/** asked reads method and path of each operation, with ID for parameters. */
function inContract(): Set<string> {
  const found = new Set<string>();
  let path = "";
  for (const line of contract.split("\nwebhooks:")[0]?.split("\n") ?? []) {
    const [, name] = /^ {2}(\/[^:]*):/.exec(line) ?? [];
    path = name?.replace(/\{[a-z_]+\}/g, "ID") ?? path;
    const [, method] = /^ {4}(get|post|put|patch|delete):/.exec(line) ?? [];
    if (method !== undefined) found.add(`${method.toUpperCase()} ${path}`);
  }
  return found;
}

/** callAll calls every method of every service. */
async function callAll(client: Latchkey): Promise<void> {
  await client.verify({ key: "k" }).catch(() => undefined);
  await client.verifySelf().catch(() => undefined);
  for (const service of Object.values(client) as object[]) {
    const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(service)).filter((name) => name !== "constructor");
    for (const name of methods) {
      const method = (service as Record<string, (...words: unknown[]) => unknown>)[name];
      assert.ok(method !== undefined);
      // Ids and names are texts, and of the rest nothing is looked at.
      const [, parameters] = /\(([^)]*)\)/.exec(method.toString()) ?? [];
      const words: unknown[] = (parameters ?? "").split(", ").map((p) => (p === "options" || p.includes("=") ? undefined : "ID"));
      if (service === client.oauth) words.splice(0, 1, { id: "ID", secret: apiKey("ID") });
      try {
        const result = method.apply(service, words);
        if (typeof result === "object" && result !== null && Symbol.asyncIterator in result) {
          for await (const one of result as AsyncIterable<unknown>) assert.ok(one);
        }
        await result;
      } catch {
        // The answer is none that fits.
      }
    }
  }
}

test("every operation of the contract has a method", async () => {
  const want = inContract();
  assert.ok(want.size > 100, `read ${String(want.size)} operations`);
  const a = await serve({ retries: 0 }, reply(200, `{"items":[],"next_cursor":null}`));
  await callAll(a.client);
  const got = new Set(a.requests.map((r) => `${r.method ?? ""} ${(r.url ?? "").split("?")[0] ?? ""}`));
  const missing = [...want].filter((operation) => !got.has(operation) && left[operation] === undefined);
  assert.deepEqual(missing, [], "no method asks for these");
  assert.deepEqual(
    [...got].filter((operation) => !want.has(operation)),
    [],
    "the contract has none of these",
  );
  assert.deepEqual(
    Object.keys(left).filter((operation) => got.has(operation) || !want.has(operation)),
    [],
    "not left out",
  );
});

test("types and operations are those of openapi.yaml", () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-ts-"));
  execFileSync(process.execPath, [join(root, "scripts/generate.mjs"), folder]);
  for (const name of ["openapi.ts", "operations.ts"]) {
    const same = readFileSync(join(folder, name), "utf8") === readFileSync(join(root, "src", name), "utf8");
    assert.ok(same, `src/${name} is not up to date: run npm run generate`);
  }
  rmSync(folder, { recursive: true });
});

test("the version is the service's, everywhere", () => {
  const [, service] = /^ {2}version: (\S+)$/m.exec(contract) ?? [];
  const { version: packaged } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  assert.deepEqual([version, packaged], [service, service]);
});

test("only the edge imports what belongs to Node.js, and nothing imports packages", () => {
  const files = readdirSync(join(root, "dist"), { recursive: true, encoding: "utf8" }).filter((name) => /\.(js|d\.ts)$/.test(name));
  assert.ok(files.length > 50);
  for (const name of files) {
    const text = readFileSync(join(root, "dist", name), "utf8");
    for (const [, from] of text.matchAll(/(?:from|import\(|import) ?["']([^"']+)["']/g)) {
      if (name.startsWith("edge/") && from?.startsWith("node:")) continue;
      assert.ok(from?.startsWith("."), `${name} imports ${String(from)}`);
    }
    if (!name.startsWith("edge/") && name.endsWith(".js")) {
      assert.ok(!/\b(process|Buffer|require|__dirname)\b[.(]/.test(text), `${name} uses what only Node.js has`);
    }
  }
});

test("an edge says what the service says", () => {
  const { errors } = JSON.parse(readFileSync(join(root, "../../internal/texts/en.json"), "utf8")) as { errors: Record<string, string> };
  for (const [code, sentence] of Object.entries(sentences)) assert.equal(sentence, errors[code], code);
});

test("the lock file names no registry", () => {
  assert.ok(!readFileSync(join(root, "package-lock.json"), "utf8").includes('"resolved"'));
});
