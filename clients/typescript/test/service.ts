// Starts the real service, as internal/e2e does, and makes what tests need in it.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { apiKey, Latchkey, password, userToken, type Body } from "@latchkey/client";

export const root = fileURLToPath(new URL("..", import.meta.url));
export const adminPassword = "correct horse battery staple";
export const organization = "org_00000000000070008000000000000001";

const binary = process.env["LATCHKEY_BINARY"] ?? join(root, "../../build/latchkey");

/** Service is a running Latchkey. */
export interface Service {
  readonly url: string;
  readonly process: ChildProcess;
  /** A client with a token of the first admin. */
  readonly admin: Latchkey;
  /** Runs a command on the service's own store. */
  command(...words: string[]): string;
  stop(): Promise<void>;
}

/** start runs the binary on a database of its own, or in the folder that is given. */
export async function start(settings: Record<string, string> = {}, port?: number, folder?: string): Promise<Service> {
  if (!existsSync(binary)) {
    throw new Error("build/latchkey is missing: run make build");
  }
  const data = folder ?? mkdtempSync(join(tmpdir(), "latchkey-ts-"));
  const address = `127.0.0.1:${String(port ?? (await freePort()))}`;
  const url = `http://${address}`;
  const env = {
      PATH: process.env["PATH"],
      HOME: data,
      LATCHKEY_ADDR: address,
      LATCHKEY_URL: url,
      LATCHKEY_DATABASE_URL: `sqlite:${join(data, "latchkey.db")}`,
      LATCHKEY_DATA_DIR: data,
      LATCHKEY_ADMIN_PASSWORD: adminPassword,
      LATCHKEY_SIGN_IN_LIMIT: "off",
      LATCHKEY_SECRET: "what signing keys are sealed under in tests",
      LATCHKEY_THROTTLE_ADMIN: "off",
      LATCHKEY_DRAIN: "0s",
      LATCHKEY_LOG: "warn",
      ...settings,
    };
  const child = spawn(binary, ["serve"], { env, stdio: ["ignore", "pipe", "pipe"] });
  const command = (...words: string[]) => execFileSync(binary, words, { env, cwd: data, encoding: "utf8", stdio: "pipe" });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += String(text)));
  const ended = new Promise<void>((resolve) =>
    child.on("close", () => {
      resolve();
    }),
  );
  const stop = async () => {
    child.kill("SIGCONT");
    child.kill("SIGTERM");
    await ended;
    if (folder === undefined) rmSync(data, { recursive: true, force: true });
  };
  const byPassword = new Latchkey({ url, credential: password("admin@localhost", adminPassword), retries: 0 });
  for (let tries = 0; ; tries++) {
    if (child.exitCode !== null || tries > 400) {
      await stop();
      throw new Error(`the service does not start:\n${output}`);
    }
    const ready = await byPassword.service.ready().catch(() => undefined);
    if (ready?.status === "ok") break;
    await pause(50);
  }
  // A password is slow to check, a token is not.
  const { token } = await byPassword.tokens.create({ name: "tests" });
  return { url, process: child, admin: byPassword.with(userToken(token)), command, stop };
}

/** Issued is a key with what it belongs to. */
export interface Issued {
  readonly id: string;
  readonly key: string;
  readonly account: string;
}

type Account = Partial<Body<"createServiceAccount">>;

/** issue makes a service account with the scopes, and a key of it. */
export async function issue(
  service: Service,
  scopes: string[],
  account: Account = {},
  key: Partial<Body<"createKey">> = {},
): Promise<Issued> {
  const made = await service.admin.accounts.create({ organization_id: organization, name: "test", scopes, ...account });
  const issued = await service.admin.keys.issue({ service_account_id: made.id, name: "test", ...key });
  if (issued.key === undefined) throw new Error("no secret");
  return { id: issued.id, key: issued.key, account: made.id };
}

/** verifier is a client with a key that may verify. */
export async function verifier(service: Service): Promise<Latchkey> {
  const { key } = await issue(service, ["latchkey:verify"]);
  return new Latchkey({ url: service.url, credential: apiKey(key) });
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
  });
}

/** until waits for the condition. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited too long for ${what}`);
    await pause(10);
  }
}
