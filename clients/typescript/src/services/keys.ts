import type { CallOptions } from "../send.js";
import type { Body, Query } from "../types.js";
import { Service, withSecret } from "./service.js";

/** Keys issues, rotates and revokes keys. */
export class Keys extends Service {
  /**
   * issue issues a key. Only this answer has its secret. If it was lost and a retry finds the key issued, the error
   * is `secret_lost` and its `created` is the key: revoke it and issue another.
   */
  async issue(body: Body<"createKey">, options?: CallOptions) {
    return withSecret("POST /api/keys", await this.call({ operation: "createKey", body, options }), "key");
  }

  /**
   * rotate issues a successor of the key, which keeps working for the grace period. The error may be `secret_lost`,
   * as of `issue`.
   */
  async rotate(id: string, body: Body<"rotateKey"> = {}, options?: CallOptions) {
    return withSecret("POST /api/keys/{id}/rotate", await this.call({ operation: "rotateKey", params: [id], body, options }), "key");
  }

  /** revoke ends the key for good. The answer says after which moment no node answers VALID. */
  revoke(id: string, body: Body<"revokeKey"> = {}, options?: CallOptions) {
    return this.call({ operation: "revokeKey", params: [id], body, options });
  }

  /** list returns a page of keys, without their secrets, the newest first. */
  list(filter?: Query<"listKeys">, options?: CallOptions) {
    return this.pageOf("listKeys", filter, options);
  }

  /** all yields all keys, without their secrets, the newest first. */
  all(filter?: Query<"listKeys">, options?: CallOptions) {
    return this.walk("listKeys", filter, options);
  }

  /**
   * find returns the keys that match a whole key, an id, a start or the last four characters. For the provider's
   * staff.
   */
  find(find: string, options?: CallOptions) {
    return this.items({ operation: "findKeys", body: { find }, reads: true, options });
  }

  /** get returns a key, without its secret. */
  get(id: string, options?: CallOptions) {
    return this.call({ operation: "getKey", params: [id], options });
  }

  /** update changes the members that are given. */
  update(id: string, body: Body<"changeKey">, options?: CallOptions) {
    return this.call({ operation: "changeKey", params: [id], body, options });
  }

  /** replace sets all members; those left out get the defaults of a new key. */
  replace(id: string, body: Body<"replaceKey">, options?: CallOptions) {
    return this.call({ operation: "replaceKey", params: [id], body, options });
  }

  /** delete removes the key and its history. To keep that, revoke the key instead. */
  delete(id: string, options?: CallOptions) {
    return this.none({ operation: "deleteKey", params: [id], options });
  }

  /** resetLimits resets the key's limits to full. For the provider's staff. */
  resetLimits(id: string, options?: CallOptions) {
    return this.call({ operation: "resetKeyLimits", params: [id], options });
  }

  /** refusals returns the last hundred refusals of the key, the newest first. */
  refusals(id: string, options?: CallOptions) {
    return this.items({ operation: "listRefusals", params: [id], options });
  }

  /** usage returns how often the key was verified, by outcome. */
  usage(id: string, query?: Omit<Query<"getKeyUsage">, "format">, options?: CallOptions) {
    return this.call({ operation: "getKeyUsage", params: [id], query: { ...query, format: "json" }, options });
  }
}
