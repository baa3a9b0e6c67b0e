// The main story, told by whatever client: sign in, make a service account and
// a key, verify, rotate, revoke, page through a list, and read problems.
import assert from 'node:assert/strict';
import { env } from 'node:process';

// Problem is what the story reads of a refusal.
export interface Problem {
  status: number;
  code: string;
  errors?: { field: string; detail: string }[];
}

export interface Key {
  id: string;
  status: string;
  rotated_from: string | null;
  key?: string;
}

// Client is a generated one, in the words of the story. What is refused where
// it should not be throws.
export interface Client {
  name: string;
  signIn(email: string, password: string): Promise<void>;
  organizations(): Promise<{ id: string }[]>;
  createAccount(organization: string, name: string, scopes: string[]): Promise<{ id: string; metadata: Record<string, unknown> }>;
  createKey(account: string, name: string): Promise<Key>;
  verify(key: string, scopes: string[]): Promise<{ valid: boolean; code: string }>;
  verifySelf(key: string, scope: string): Promise<number>;
  rotate(id: string, grace: string): Promise<Key>;
  revoke(id: string): Promise<Key & { effective_everywhere_by: string }>;
  page(account: string, limit: number, cursor?: string): Promise<{ items: Key[]; next_cursor: string | null }>;
  missing(id: string): Promise<Problem | undefined>;
  late(account: string, expires: string): Promise<Problem | undefined>;
}

export async function tell(client: Client): Promise<void> {
  const { LATCHKEY_EMAIL, LATCHKEY_PASSWORD } = env;
  assert(LATCHKEY_EMAIL && LATCHKEY_PASSWORD);
  await client.signIn(LATCHKEY_EMAIL, LATCHKEY_PASSWORD);
  const [organization] = await client.organizations();
  assert(organization);
  const account = await client.createAccount(organization.id, `made by ${client.name}`, ['invoices:*']);
  assert.deepEqual(account.metadata, { made: 'here' });
  await change(client, account.id);
  await pages(client, account.id);

  const missing = await client.missing('key_nothing');
  assert.deepEqual([missing?.status, missing?.code], [404, 'not_found']);
  const late = await client.late(account.id, '2020-01-31T12:00:00Z');
  assert.deepEqual([late?.status, late?.code, late?.errors?.[0]?.field], [400, 'invalid_request', 'expires_at']);
}

async function change(client: Client, account: string): Promise<void> {
  const is = async (key: string, code: string): Promise<void> => {
    const got = await client.verify(key, ['invoices:read']);
    assert.deepEqual([got.code, got.valid], [code, code === 'VALID']);
  };
  const first = await client.createKey(account, 'first');
  assert(first.key);
  await is(first.key, 'VALID');
  assert.equal(await client.verifySelf(first.key, 'invoices:read'), 200);
  assert.equal(await client.verifySelf(first.key, 'orders:read'), 403);

  const next = await client.rotate(first.id, '1h');
  assert(next.key);
  assert.equal(next.rotated_from, first.id);
  await is(first.key, 'VALID');
  await is(next.key, 'VALID');

  const gone = await client.revoke(first.id);
  assert.equal(gone.status, 'revoked');
  assert(Date.parse(gone.effective_everywhere_by));
  await is(first.key, 'REVOKED');
  await is(next.key, 'VALID');
}

// pages reads the keys of the account two at a time.
async function pages(client: Client, account: string): Promise<void> {
  for (const name of ['third', 'fourth', 'fifth']) {
    await client.createKey(account, name);
  }
  const seen = new Set<string>();
  const sizes: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.page(account, 2, cursor);
    page.items.forEach((key) => seen.add(key.id));
    sizes.push(page.items.length);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  assert.deepEqual([sizes, seen.size], [[2, 2, 1], 5]);
}
