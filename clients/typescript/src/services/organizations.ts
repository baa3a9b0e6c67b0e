import type { CallOptions } from "../send.js";
import type { Body, Query } from "../types.js";
import { Service } from "./service.js";

/** Organizations manages organizations. */
export class Organizations extends Service {
  /** create creates an organization. */
  create(body: Body<"createOrganization">, options?: CallOptions) {
    return this.call({ operation: "createOrganization", body, options });
  }

  /** list returns a page of organizations. */
  list(filter?: Query<"listOrganizations">, options?: CallOptions) {
    return this.pageOf("listOrganizations", filter, options);
  }

  /** all yields all organizations. */
  all(filter?: Query<"listOrganizations">, options?: CallOptions) {
    return this.walk("listOrganizations", filter, options);
  }

  /** get returns an organization. */
  get(id: string, options?: CallOptions) {
    return this.call({ operation: "getOrganization", params: [id], options });
  }

  /** update changes the members that are given. */
  update(id: string, body: Body<"changeOrganization">, options?: CallOptions) {
    return this.call({ operation: "changeOrganization", params: [id], body, options });
  }

  /** replace sets all members. */
  replace(id: string, body: Body<"replaceOrganization">, options?: CallOptions) {
    return this.call({ operation: "replaceOrganization", params: [id], body, options });
  }

  /** delete removes an organization that has no service accounts. */
  delete(id: string, options?: CallOptions) {
    return this.none({ operation: "deleteOrganization", params: [id], options });
  }
}
