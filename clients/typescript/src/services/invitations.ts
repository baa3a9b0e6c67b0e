import { hide } from "../redact.js";
import type { CallOptions } from "../send.js";
import type { Body } from "../types.js";
import { Service } from "./service.js";

/** Invitations invites people to an organization. */
export class Invitations extends Service {
  /** list returns the invitations that are open. */
  list(organization: string, options?: CallOptions) {
    return this.items({ operation: "listInvitations", params: [organization], options });
  }

  /** create invites a person. Without a mail server the answer has the link. */
  async create(organization: string, body: Body<"invite">, options?: CallOptions) {
    return hide(await this.call({ operation: "invite", params: [organization], body, options }), "link");
  }

  /** withdraw ends an invitation. */
  withdraw(organization: string, id: string, options?: CallOptions) {
    return this.none({ operation: "withdrawInvitation", params: [organization, id], options });
  }

  /** accept makes the caller a member, by the token of the link. */
  accept(token: string, options?: CallOptions) {
    return this.call({ operation: "acceptInvitation", body: { token }, options });
  }
}
