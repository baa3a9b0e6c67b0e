import type { CallOptions } from "../send.js";
import type { Query } from "../types.js";
import { Service } from "./service.js";

/** Audit reads the audit log. */
export class Audit extends Service {
  /** list returns a page of events, the newest first. */
  list(filter?: Query<"listAuditEvents">, options?: CallOptions) {
    return this.pageOf("listAuditEvents", filter, options);
  }

  /** all yields all events, the newest first. */
  all(filter?: Query<"listAuditEvents">, options?: CallOptions) {
    return this.walk("listAuditEvents", filter, options);
  }
}
