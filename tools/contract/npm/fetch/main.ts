// Drives openapi-fetch with the types that openapi-typescript makes.
import createClient from 'openapi-fetch';
import { env } from 'node:process';

import { tell } from '../story.ts';
import type { Client } from '../story.ts';
import type { paths } from './api.d.ts';

const baseUrl = env.LATCHKEY_BASE ?? '';
const client = createClient<paths>({ baseUrl });

// read is the data of an answer that must not be a refusal.
function read<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.data === undefined) {
    throw new Error(`${answer.response.url}: ${answer.response.status} ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

const story: Client = {
  name: 'openapi-fetch',
  async signIn(email, password) {
    const pair = read(await client.POST('/api/token', { body: { email, password } }));
    if (!('access' in pair)) {
      throw new Error('signed in by e-mail address for a token that is not signed');
    }
    client.use({
      onRequest({ request }) {
        request.headers.set('Authorization', `Bearer ${pair.access}`);
        return request;
      },
    });
  },
  organizations: async () => read(await client.GET('/api/organizations')).items,
  createAccount: async (organization_id, name, scopes) =>
    read(
      await client.POST('/api/service-accounts', {
        params: { header: { 'Idempotency-Key': 'openapi-fetch' } },
        body: { organization_id, name, scopes, metadata: { made: 'here' } },
      }),
    ),
  createKey: async (service_account_id, name) => read(await client.POST('/api/keys', { body: { service_account_id, name } })),
  verify: async (key, scopes) => read(await client.POST('/verify', { body: { key, scopes } })),
  verifySelf: async (key, scope) => {
    const holder = createClient<paths>({ baseUrl, headers: { 'X-API-Key': key } });
    const { response } = await holder.GET('/verify', { params: { query: { scope: [scope] } } });
    return response.status;
  },
  rotate: async (id, grace) => read(await client.POST('/api/keys/{id}/rotate', { params: { path: { id } }, body: { grace } })),
  revoke: async (id) => read(await client.POST('/api/keys/{id}/revoke', { params: { path: { id } }, body: { reason: 'superseded' } })),
  page: async (service_account_id, limit, cursor) =>
    read(await client.GET('/api/keys', { params: { query: { service_account_id, limit, ...(cursor ? { cursor } : {}) } } })),
  missing: async (id) => (await client.GET('/api/keys/{id}', { params: { path: { id } } })).error,
  late: async (service_account_id, expires_at) =>
    (await client.POST('/api/keys', { body: { service_account_id, name: 'late', expires_at } })).error,
};

await tell(story);
