// The packed package in an empty folder, as its users have it, and every example of the README.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { freePort, issue, root, start, until, type Issued, type Service } from "./service.js";

const require_ = createRequire(import.meta.url);
const modules = realpathSync(join(root, "node_modules"));
const readme = readFileSync(join(root, "README.md"), "utf8");
/** The examples of the README, by file name. */
const examples = new Map([...readme.matchAll(/^```ts (\S+)\n(.*?)^```$/gms)].map(([, name, text]) => [name ?? "", text ?? ""]));

let service: Service;
let folder: string;
let packed: string[];
let env: NodeJS.ProcessEnv;
let caller: Issued;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-ts-"));
  const [told] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], { cwd: root, encoding: "utf8" }),
  ) as { filename: string; files: { path: string }[] }[];
  packed = told?.files.map(({ path }) => path) ?? [];
  writeFileSync(join(folder, "package.json"), `{"name":"empty","private":true,"type":"module"}`);
  const install = ["install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", `./${told?.filename ?? ""}`];
  execFileSync("npm", install, { cwd: folder, stdio: "pipe" });
  service = await start();
  caller = await issue(service, ["invoices:*"], { name: "Acme" });
  env = {
    PATH: process.env["PATH"],
    HOME: folder,
    NEXT_TELEMETRY_DISABLED: "1",
    LATCHKEY_URL: service.url,
    LATCHKEY_API_KEY: (await issue(service, ["latchkey:verify"])).key,
    LATCHKEY_EDGE_KEY: (await issue(service, ["latchkey:edge-all"])).key,
    LATCHKEY_TOKEN: (await service.admin.tokens.create({ name: "readme" })).token,
    KEY: caller.key,
    ACCOUNT: caller.account,
  };
});
after(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("the package has what it needs and nothing else", () => {
  assert.ok(packed.includes("LICENSE") && packed.includes("README.md"));
  assert.deepEqual(
    packed.filter((path) => !/^(LICENSE|README\.md|package\.json|dist\/.+\.(js|d\.ts))$/.test(path)),
    [],
  );
  const { dependencies, exports } = JSON.parse(readFileSync(join(folder, "node_modules/@latchkey/client/package.json"), "utf8")) as {
    dependencies?: object;
    exports: Record<string, { types: string; default: string } | string>;
  };
  assert.equal(dependencies, undefined);
  for (const entry of Object.values(exports)) {
    for (const file of typeof entry === "string" ? [entry] : [entry.types, entry.default]) assert.ok(packed.includes(file.slice(2)), file);
  }
  assert.deepEqual(
    readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith(".")),
    ["@latchkey"],
  );
});

describe("the examples", () => {
  before(() => {
    // What users install beside it.
    for (const name of ["express", "fastify", "hono", "next", "react", "react-dom"]) link(name);
    for (const scope of ["@hono", "@types"]) link(scope);
    for (const [name, text] of examples) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const options = {
      strict: true,
      target: "ES2022",
      module: "NodeNext",
      skipLibCheck: true,
      types: ["node"],
      rewriteRelativeImportExtensions: true,
    };
    const files = [...examples.keys()];
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files }));
    const compiled = spawnSync(process.execPath, [require_.resolve("typescript/bin/tsc"), "-p", folder], { encoding: "utf8" });
    assert.equal(compiled.status, 0, compiled.stdout);
  });

  test("are all known here", () => {
    const known = ["express.ts", "fastify.ts", "hono.ts", "app/invoices/route.ts", "ask.ts", "manage.ts", "edge.ts"];
    assert.deepEqual([...examples.keys()], known);
    assert.equal(readme.match(/^```/gm)?.length, 2 * known.length, "a block of code has no name, so nobody runs it");
    const quickstart = (examples.get("express.ts") ?? "").split("\n").filter(Boolean);
    assert.equal(quickstart.length, 5);
  });

  for (const name of ["express", "fastify", "hono"]) {
    test(name, async () => {
      const port = await freePort();
      await serving([`${name}.js`], port, async (url) => {
        const good = await fetch(url, { headers: { "X-API-Key": caller.key } });
        assert.deepEqual([good.status, await good.text()], [200, "invoices of Acme"]);
        assert.ok(good.headers.has("RateLimit"));
        assert.equal((await fetch(url)).status, 401);
      });
    });
  }

  test("ask", () => {
    assert.match(run("ask.js"), /^true VALID Acme \[ 'invoices:\*' \] \d+\n$/);
  });

  test("manage", () => {
    const said = run("manage.js");
    assert.match(said, /key: '\[redacted\]'/);
    assert.match(said, /\nCI\n/);
    assert.match(said, /no node accepts it after \d{4}-/);
  });

  test("edge", () => {
    assert.equal(run("edge.js"), "VALID\n");
  });

  test("next, built and served", { timeout: 120_000 }, async () => {
    const app = join(folder, "site");
    mkdirSync(join(app, "app/invoices"), { recursive: true });
    writeFileSync(join(app, "package.json"), `{"name":"site","private":true,"type":"module"}`);
    symlinkSync(join(folder, "node_modules"), join(app, "node_modules"));
    const layout = "export default ({ children }) => <html><body>{children}</body></html>;\n";
    writeFileSync(join(app, "app/layout.js"), layout);
    writeFileSync(join(app, "app/invoices/route.js"), readFileSync(join(folder, "app/invoices/route.js")));
    writeFileSync(join(app, "next.config.mjs"), `export default { turbopack: { root: "/" } };\n`); // where the links lead
    const next = join(modules, "next/dist/bin/next");
    const built = spawnSync(process.execPath, [next, "build"], { cwd: app, env, encoding: "utf8" });
    assert.equal(built.status, 0, built.stdout + built.stderr);
    const port = await freePort();
    await serving(
      [next, "start", "-H", "127.0.0.1", "-p", String(port)],
      port,
      async (url) => {
        const good = await fetch(url, { headers: { "X-API-Key": caller.key } });
        assert.deepEqual([good.status, await good.text()], [200, "invoices of Acme"]);
        assert.ok(good.headers.has("RateLimit"));
        const none = await fetch(url);
        assert.deepEqual([none.status, none.headers.get("Content-Type")], [401, "application/problem+json"]);
      },
      app,
    );
  });
});

const program = `
import { apiKey, isKind, Latchkey } from "@latchkey/client";
import { Edge } from "@latchkey/client/edge";
import { guard, identity } from "@latchkey/client/hono";
import { Hono } from "hono";
const { env } = process;
const latchkey = new Latchkey({ url: env.LATCHKEY_URL, credential: apiKey(env.LATCHKEY_API_KEY) });
const say = (...words) => console.log(words.join(" "));
say("verify", (await latchkey.verify({ key: env.KEY, scopes: ["invoices:read"] })).code);
const failed = (work) => work.then(() => "worked", (e) => [e.kind, e.reason].join(" ").trim());
say("forbidden", await failed(latchkey.keys.list()));
say("closed", await failed(new Latchkey({ url: "http://127.0.0.1:" + env.CLOSED, retries: 0 }).verify({ key: "k" })));
const silent = new Latchkey({ url: env.LATCHKEY_URL, fetch: () => new Promise(() => {}), verifyTimeoutMs: 50 });
say("time", await failed(silent.verify({ key: "k" })));
const edge = await Edge.start({ upstream: env.LATCHKEY_URL, key: env.LATCHKEY_EDGE_KEY });
say("edge", (await edge.verify({ key: env.KEY })).code, (await edge.verify({ key: env.KEY, scopes: ["customers:read"] })).code);
const app = new Hono();
app.get("/", guard({ verifier: edge }).require("invoices:read"), (c) => c.text(identity(c).account.name));
let port, stop;
if (globalThis.Deno) {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request, info) => app.fetch(request, info));
  port = server.addr.port, stop = () => server.shutdown();
} else {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request, server) => app.fetch(request, server) });
  port = server.port, stop = () => server.stop(true);
}
for (const key of [env.KEY, env.BOUND, ""]) {
  const answer = await fetch("http://127.0.0.1:" + port, { headers: { "X-API-Key": key } });
  say("hono", answer.status, answer.status === 200 ? await answer.text() : (await answer.json()).code);
}
await stop();
await edge.close();
`;

for (const [name, at, words] of [
  ["Bun", `@oven/bun-linux-${process.arch === "arm64" ? "aarch64" : process.arch}/bin/bun`, ["run"]],
  ["Deno", `@deno/linux-${process.arch}-glibc/deno`, ["run", "--allow-all", "--node-modules-dir=manual", "--no-lock"]],
] as const) {
  test(`on ${name}`, async () => {
    const binary = join(modules, at);
    assert.ok(existsSync(binary), `${name} is missing: run make parts`);
    link("hono");
    writeFileSync(join(folder, "runtime.mjs"), program);
    const bound = await issue(service, ["invoices:read"], { name: "Bound", allowed_networks: ["127.0.0.0/8"] });
    const settings = { ...env, BOUND: bound.key, CLOSED: String(await freePort()) };
    const child = spawnSync(binary, [...words, "runtime.mjs"], { cwd: folder, env: settings, encoding: "utf8", timeout: 30_000 });
    assert.equal(child.status, 0, child.stdout + child.stderr);
    assert.deepEqual(child.stdout.trim().split("\n"), [
      "verify VALID",
      "forbidden forbidden",
      "closed unreachable ECONNREFUSED",
      "time timed_out",
      "edge VALID INSUFFICIENT_SCOPE",
      "hono 200 Acme",
      "hono 200 Bound",
      "hono 401 MISSING",
    ]);
  });
}

/** link puts a package that is installed here beside the client. */
function link(name: string): void {
  const to = join(folder, "node_modules", name);
  if (!existsSync(to)) symlinkSync(join(modules, name), to);
}

function run(file: string): string {
  const child = spawnSync(process.execPath, [join(folder, file)], { cwd: folder, env, encoding: "utf8" });
  assert.equal(child.status, 0, child.stderr);
  return child.stdout;
}

/** serving runs a server and the work with its address, and ends it. */
async function serving(words: string[], port: number, work: (url: string) => Promise<void>, cwd = folder): Promise<void> {
  const child = spawn(process.execPath, words, { cwd, env: { ...env, PORT: String(port) }, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += String(text)));
  const url = `http://localhost:${String(port)}/invoices`;
  try {
    await until(`the server: ${said}`, () =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    );
    await work(url);
  } finally {
    child.kill();
  }
}
