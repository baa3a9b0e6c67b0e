// Drives the client that Hey API makes.
import { env } from 'node:process';

import { tell } from '../story.ts';
import type { Client } from '../story.ts';
import { client } from './api/client.gen.ts';
import { createClient } from './api/client/index.ts';
import * as api from './api/sdk.gen.ts';

const baseUrl = env.LATCHKEY_BASE ?? '';
client.setConfig({ baseUrl });

// read is the data of an answer that must not be a refusal.
function read<T>(answer: { data?: T | undefined; error?: unknown; response?: Response }): T {
  if (answer.data === undefined) {
    throw new Error(`${answer.response?.url}: ${answer.response?.status} ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

const story: Client = {
  name: 'hey-api',
  async signIn(email, password) {
    const pair = read(await api.obtainToken({ body: { email, password } }));
    if (!('access' in pair)) {
      throw new Error('signed in by e-mail address for a token that is not signed');
    }
    client.setConfig({ auth: (scheme) => (scheme.scheme === 'bearer' ? pair.access : undefined) });
  },
  organizations: async () => read(await api.listOrganizations()).items,
  createAccount: async (organization_id, name, scopes) =>
    read(
      await api.createServiceAccount({
        headers: { 'Idempotency-Key': 'hey-api' },
        body: { organization_id, name, scopes, metadata: { made: 'here' } },
      }),
    ),
  createKey: async (service_account_id, name) => read(await api.createKey({ body: { service_account_id, name } })),
  verify: async (key, scopes) => read(await api.verifyAsked({ body: { key, scopes } })),
  verifySelf: async (key, scope) => {
    const holder = createClient({ baseUrl, auth: (scheme) => (scheme.name === 'X-API-Key' ? key : undefined) });
    const { response } = await api.verifySelf({ client: holder, query: { scope: [scope] } });
    return response?.status ?? 0;
  },
  rotate: async (id, grace) => read(await api.rotateKey({ path: { id }, body: { grace } })),
  revoke: async (id) => read(await api.revokeKey({ path: { id }, body: { reason: 'superseded' } })),
  page: async (service_account_id, limit, cursor) =>
    read(await api.listKeys({ query: { service_account_id, limit, ...(cursor ? { cursor } : {}) } })),
  missing: async (id) => (await api.getKey({ path: { id } })).error,
  late: async (service_account_id, expires_at) => (await api.createKey({ body: { service_account_id, name: 'late', expires_at } })).error,
};

await tell(story);
