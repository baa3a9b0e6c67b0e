import type { CallOptions } from "../send.js";
import { Service } from "./service.js";

/** Nodes lists the processes that serve. */
export class Nodes extends Service {
  /** list returns the nodes and edges. */
  list(options?: CallOptions) {
    return this.items({ operation: "listNodes", options });
  }
}
