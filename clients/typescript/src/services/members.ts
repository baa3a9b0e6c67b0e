import type { CallOptions } from "../send.js";
import type { Body, Query } from "../types.js";
import { Service } from "./service.js";

/** Members manages who belongs to an organization. */
export class Members extends Service {
  /** add makes a user a member. */
  add(organization: string, body: Body<"addMember">, options?: CallOptions) {
    return this.call({ operation: "addMember", params: [organization], body, options });
  }

  /** list returns a page of members of the organization. */
  list(organization: string, filter?: Query<"listMembers">, options?: CallOptions) {
    return this.pageOf("listMembers", filter, options, [organization]);
  }

  /** all yields all members of the organization. */
  all(organization: string, filter?: Query<"listMembers">, options?: CallOptions) {
    return this.walk("listMembers", filter, options, [organization]);
  }

  /** get returns a membership. */
  get(organization: string, user: string, options?: CallOptions) {
    return this.call({ operation: "getMember", params: [organization, user], options });
  }

  /** setRole changes what the member may do. */
  setRole(organization: string, user: string, role: Body<"changeMember">["role"], options?: CallOptions) {
    return this.call({ operation: "changeMember", params: [organization, user], body: { role }, options });
  }

  /** replace sets all members of the membership. */
  replace(organization: string, user: string, body: Body<"replaceMember">, options?: CallOptions) {
    return this.call({ operation: "replaceMember", params: [organization, user], body, options });
  }

  /** remove ends the membership. */
  remove(organization: string, user: string, options?: CallOptions) {
    return this.none({ operation: "removeMember", params: [organization, user], options });
  }
}
