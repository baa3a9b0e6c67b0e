import type { CallOptions } from "../send.js";
import type { Body, Query } from "../types.js";
import { Service } from "./service.js";

/** Tiers manages tiers. Only the provider's staff may change them. */
export class Tiers extends Service {
  /** create creates a tier. */
  create(body: Body<"createTier">, options?: CallOptions) {
    return this.call({ operation: "createTier", body, options });
  }

  /** list returns a page of tiers. */
  list(filter?: Query<"listTiers">, options?: CallOptions) {
    return this.pageOf("listTiers", filter, options);
  }

  /** all yields all tiers. */
  all(filter?: Query<"listTiers">, options?: CallOptions) {
    return this.walk("listTiers", filter, options);
  }

  /** get returns a tier. */
  get(name: string, options?: CallOptions) {
    return this.call({ operation: "getTier", params: [name], options });
  }

  /** update changes the members that are given. */
  update(name: string, body: Body<"changeTier">, options?: CallOptions) {
    return this.call({ operation: "changeTier", params: [name], body, options });
  }

  /** replace sets all members; those left out get the defaults of a new tier. */
  replace(name: string, body: Body<"replaceTier">, options?: CallOptions) {
    return this.call({ operation: "replaceTier", params: [name], body, options });
  }

  /** delete removes a tier without service accounts. */
  delete(name: string, options?: CallOptions) {
    return this.none({ operation: "deleteTier", params: [name], options });
  }

  /** preview returns what a change would do to the keys on the tier. */
  preview(name: string, body: Body<"previewTier">, options?: CallOptions) {
    return this.call({ operation: "previewTier", params: [name], body, reads: true, options });
  }
}
