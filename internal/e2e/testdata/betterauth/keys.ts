// An API with better-auth's API keys on SQLite, as its documentation sets them up, to move away from.
//
// Usage: bun keys.ts DATABASE DUMP. It makes keys, prints what better-auth says of each as JSON, and writes its tables.
import { apiKey } from "@better-auth/api-key";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { Database } from "bun:sqlite";
import { writeFileSync } from "node:fs";

const [database = "", dump = ""] = process.argv.slice(2);
const sqlite = new Database(database);
const auth = betterAuth({
  database: sqlite,
  secret: "what the move signs with, and nobody else",
  baseURL: "http://localhost",
  emailAndPassword: { enabled: true },
  plugins: [apiKey({ defaultPrefix: "acme_", enableMetadata: true })],
});
await (await getMigrations(auth.options)).runMigrations();
const { user } = await auth.api.signUpEmail({ body: { name: "Ada", email: "ada@example.com", password: "correct horse battery staple" } });

const made: Record<string, string> = {};
for (const [name, body] of Object.entries({
  valid: { permissions: { invoices: ["read"] }, metadata: { plan: "pro" } },
  limited: { permissions: { invoices: ["read"] }, rateLimitEnabled: true, rateLimitMax: 3, rateLimitTimeWindow: 3_600_000 },
  other: { permissions: { customers: ["read"] } },
  disabled: { permissions: { invoices: ["read"] } },
  expired: { permissions: { invoices: ["read"] }, expiresIn: 86_400 },
})) {
  const key = await auth.api.createApiKey({ body: { name, userId: user.id, ...body } });
  made[name] = key.key;
  if (name === "disabled") await auth.api.updateApiKey({ body: { keyId: key.id, userId: user.id, enabled: false } });
  if (name === "expired") sqlite.run("UPDATE apikey SET createdAt = ?, expiresAt = ? WHERE id = ?", ["2025-01-01T00:00:00.000Z", "2025-02-01T00:00:00.000Z", key.id]);
}
writeFileSync(dump, JSON.stringify({ user: sqlite.query("SELECT * FROM user").all(), apikey: sqlite.query("SELECT * FROM apikey").all() }));

const answers: Record<string, [string, boolean]> = {};
for (const [name, key] of Object.entries(made)) {
  const { valid } = await auth.api.verifyApiKey({ body: { key, permissions: { invoices: ["read"] } } });
  answers[name] = [key, valid];
}
console.log(JSON.stringify(answers));
