import type { CallOptions } from "../send.js";
import type { Body, Query } from "../types.js";
import { Service } from "./service.js";

/** Incidents disables or revokes many keys at once. It is for the provider's staff. */
export class Incidents extends Service {
  /**
   * create makes a dry run, or starts what a dry run has shown. Either goes on after the answer: ask `get` until its
   * state is planned or done.
   */
  create(body: Body<"createIncident">, options?: CallOptions) {
    return this.call({ operation: "createIncident", body, options });
  }

  /** list returns a page of incidents and dry runs without their keys, the newest first. */
  list(filter?: Query<"listIncidents">, options?: CallOptions) {
    return this.pageOf("listIncidents", filter, options);
  }

  /** all yields all incidents and dry runs without their keys, the newest first. */
  all(filter?: Query<"listIncidents">, options?: CallOptions) {
    return this.walk("listIncidents", filter, options);
  }

  /** get returns an incident with a page of its keys, from 1 to its `pages`. */
  get(id: string, page = 1, options?: CallOptions) {
    return this.call({ operation: "getIncident", params: [id], query: { page }, options });
  }

  /** continue resumes an incident whose process has stopped. */
  continue(id: string, options?: CallOptions) {
    return this.call({ operation: "continueIncident", params: [id], options });
  }

  /** undo enables the keys that the incident has disabled. */
  undo(id: string, options?: CallOptions) {
    return this.call({ operation: "undoIncident", params: [id], options });
  }
}
