import type { CallOptions } from "../send.js";
import type { Body, Query } from "../types.js";
import { Service } from "./service.js";

/** Accounts manages service accounts. */
export class Accounts extends Service {
  /** create creates a service account. */
  create(body: Body<"createServiceAccount">, options?: CallOptions) {
    return this.call({ operation: "createServiceAccount", body, options });
  }

  /** list returns a page of service accounts, ordered by age. */
  list(filter?: Query<"listServiceAccounts">, options?: CallOptions) {
    return this.pageOf("listServiceAccounts", filter, options);
  }

  /** all yields all service accounts, ordered by age. */
  all(filter?: Query<"listServiceAccounts">, options?: CallOptions) {
    return this.walk("listServiceAccounts", filter, options);
  }

  /** get returns a service account. */
  get(id: string, options?: CallOptions) {
    return this.call({ operation: "getServiceAccount", params: [id], options });
  }

  /** update changes the members that are given. */
  update(id: string, body: Body<"changeServiceAccount">, options?: CallOptions) {
    return this.call({ operation: "changeServiceAccount", params: [id], body, options });
  }

  /** replace sets all members; those left out get the defaults of a new account. */
  replace(id: string, body: Body<"replaceServiceAccount">, options?: CallOptions) {
    return this.call({ operation: "replaceServiceAccount", params: [id], body, options });
  }

  /** delete removes the service account and its keys. */
  delete(id: string, options?: CallOptions) {
    return this.none({ operation: "deleteServiceAccount", params: [id], options });
  }

  /** transfer moves the service account to another organization. With `dry_run` it only returns what that would do. */
  transfer(id: string, body: Body<"transferServiceAccount">, options?: CallOptions) {
    return this.call({ operation: "transferServiceAccount", params: [id], body, reads: body.dry_run === true, options });
  }

  /** setOverride sets other limits for a time. For the provider's staff. */
  setOverride(id: string, body: Body<"setOverride">, options?: CallOptions) {
    return this.call({ operation: "setOverride", params: [id], body, options });
  }

  /** endOverride removes the override. For the provider's staff. */
  endOverride(id: string, options?: CallOptions) {
    return this.call({ operation: "endOverride", params: [id], options });
  }

  /** resetLimits resets the service account's limits to full. For the provider's staff. */
  resetLimits(id: string, options?: CallOptions) {
    return this.call({ operation: "resetAccountLimits", params: [id], options });
  }
}
