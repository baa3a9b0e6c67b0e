import { hide } from "../redact.js";
import type { CallOptions } from "../send.js";
import type { Body } from "../types.js";
import { Service } from "./service.js";

/** Me is the caller. */
export class Me extends Service {
  /** get returns who the credential belongs to. */
  get(options?: CallOptions) {
    return this.call({ operation: "me", options });
  }

  /** update changes the members that are given. */
  update(body: Body<"changeMe">, options?: CallOptions) {
    return this.call({ operation: "changeMe", body, options });
  }

  /** replace sets all members. */
  replace(body: Body<"replaceMe">, options?: CallOptions) {
    return this.call({ operation: "replaceMe", body, options });
  }

  /** beginOTP returns the secret for an authenticator. `enableOTP` confirms it. */
  async beginOTP(options?: CallOptions) {
    return hide(await this.call({ operation: "beginOTP", options }), "secret", "url");
  }

  /** enableOTP asks for one-time codes from now on, and returns the recovery codes. */
  async enableOTP(code: string, options?: CallOptions) {
    return hide(await this.call({ operation: "enableOTP", body: { code }, options }), "recovery_codes");
  }

  /** disableOTP asks for no one-time codes any more. */
  disableOTP(body: Body<"disableOTP">, options?: CallOptions) {
    return this.none({ operation: "disableOTP", body, options });
  }

  /** identities returns the caller's accounts at OpenID providers. */
  identities(options?: CallOptions) {
    return this.items({ operation: "listIdentities", options });
  }

  /** unlinkIdentity removes one of them. */
  unlinkIdentity(id: string, options?: CallOptions) {
    return this.none({ operation: "unlinkIdentity", params: [id], options });
  }
}
