// Builds the package, checks it, and runs its tests against build/latchkey. Arguments go to
// the test runner: --test-name-pattern=… runs some of the tests.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const require = createRequire(import.meta.url);
const tsc = require.resolve("typescript/bin/tsc");
const eslint = join(dirname(require.resolve("eslint/package.json")), "bin/eslint.js");
const out = join(root, ".test");

if (!existsSync(process.env.LATCHKEY_BINARY ?? join(root, "../../build/latchkey"))) {
  console.error("build/latchkey is missing: run make build");
  process.exit(1);
}
/** run runs a program of Node.js, and ends with it if it fails: it has said why. */
function run(...words) {
  const { status } = spawnSync(process.execPath, words, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

run(join(root, "scripts/build.mjs"));
rmSync(out, { recursive: true, force: true });
run(tsc, "-p", join(root, "test"));

// The linter takes a core and the tests mostly wait.
const lint = spawn(process.execPath, [eslint, "."], { cwd: root, stdio: "inherit" });
const linted = new Promise((resolve) => lint.on("close", resolve));
const tests = readdirSync(out)
  .filter((name) => name.endsWith(".test.js"))
  .map((name) => join(out, name));
const runner = spawn(
  process.execPath,
  ["--test", "--test-reporter=spec", "--test-timeout=120000", "--test-concurrency=4", ...process.argv.slice(2), ...tests],
  {
    cwd: root,
    stdio: "inherit",
  },
);
const tested = await new Promise((resolve) => runner.on("close", resolve));
const status = await linted;
if (status !== 0) console.error("eslint found faults");
process.exit(tested !== 0 || status !== 0 ? 1 : 0);
