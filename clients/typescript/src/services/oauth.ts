import { Credential } from "../credential.js";
import { hide } from "../redact.js";
import type { CallOptions } from "../send.js";
import { Service } from "./service.js";

/** OAuthClient is a service account and one of its keys, as `apiKey` makes them. */
export interface OAuthClient {
  id: string;
  secret: Credential;
}

/** OAuth obtains and checks access tokens of service accounts. */
export class OAuth extends Service {
  /** token obtains an access token for the scopes, or for all scopes of the key. */
  async token(client: OAuthClient, scopes: readonly string[] = [], options?: CallOptions) {
    const form = formOf(client, { grant_type: "client_credentials" });
    if (scopes.length > 0) form.set("scope", scopes.join(" "));
    // It stores nothing, so a repeat does no harm.
    return hide(await this.call({ operation: "oauthToken", form, oauth: true, reads: true, options }), "access_token");
  }

  /** introspect describes an access token or key. The client needs the scope latchkey:verify. */
  introspect(client: OAuthClient, token: string, options?: CallOptions) {
    return this.call({ operation: "oauthIntrospect", form: formOf(client, { token }), oauth: true, reads: true, options });
  }

  /** revoke ends an access token that was issued to the client. */
  revoke(client: OAuthClient, token: string, options?: CallOptions) {
    return this.none({ operation: "oauthRevoke", form: formOf(client, { token }), oauth: true, reads: true, options });
  }

  /** metadata returns the server's metadata (RFC 8414). */
  metadata(options?: CallOptions) {
    return this.call({ operation: "oauthMetadata", options });
  }

  /** keys returns the public keys that verify tokens, as a JSON Web Key Set. */
  keys(options?: CallOptions) {
    return this.call({ operation: "jwks", options });
  }
}

function formOf(client: OAuthClient, values: Record<string, string>): URLSearchParams {
  return new URLSearchParams({ ...values, client_id: client.id, client_secret: Credential.secretOf(client.secret) });
}
