import type { CallOptions } from "../send.js";
import type { Query } from "../types.js";
import { Service } from "./service.js";

type Filter = Omit<Query<"getUsage">, "format">;

/** Usage counts verifications. */
export class Usage extends Service {
  /** get returns how often keys were verified, by outcome. */
  get(query?: Filter, options?: CallOptions) {
    return this.call({ operation: "getUsage", query: { ...query, format: "json" }, options });
  }

  /** csv returns the same as a table. */
  async csv(query?: Filter, options?: CallOptions): Promise<string> {
    return new TextDecoder().decode(await this.raw({ operation: "getUsage", query: { ...query, format: "csv" }, options }));
  }
}
