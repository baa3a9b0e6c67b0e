import type { CallOptions } from "../send.js";
import type { Body, Query } from "../types.js";
import { Service } from "./service.js";

/** Leaks reports leaked keys, and lists what was reported. */
export class Leaks extends Service {
  /** revoke revokes the key with the text, whoever holds it. Unknown and revoked keys are no error. */
  revoke(key: string, options?: CallOptions) {
    return this.call({ operation: "revokeHeld", body: { key }, options });
  }

  /** report reports texts that may be keys. The answer does not tell which of them are. */
  report(body: Body<"reportLeak">, options?: CallOptions) {
    return this.call({ operation: "reportLeak", body, options });
  }

  /** shape returns what keys look like, for scanners. */
  shape(options?: CallOptions) {
    return this.call({ operation: "keyShape", options });
  }

  /** list returns a page of leaks, the newest first. It is for the provider's staff. */
  list(filter?: Query<"listLeaks">, options?: CallOptions) {
    return this.pageOf("listLeaks", filter, options);
  }

  /** all yields all leaks, the newest first. */
  all(filter?: Query<"listLeaks">, options?: CallOptions) {
    return this.walk("listLeaks", filter, options);
  }

  /** exposures returns how a key was exposed. */
  exposures(id: string, options?: CallOptions) {
    return this.items({ operation: "listExposures", params: [id], options });
  }
}
