import { mediaType } from "../answer.js";
import type { CallOptions } from "../send.js";
import { Service } from "./service.js";

/** Status tells how the service is. */
export class Status extends Service {
  /** health returns the version of the process that answers. */
  health(options?: CallOptions) {
    return this.call({ operation: "healthz", options });
  }

  /** ready returns the state of the parts. It does not throw if one of them fails. */
  ready(options?: CallOptions) {
    return this.call({
      operation: "readyz",
      options,
      refusals: (answer) => answer.status === 503 && mediaType(answer.headers) === "application/json",
    });
  }

  /** metrics returns the metrics in Prometheus' format. */
  async metrics(options?: CallOptions): Promise<string> {
    return new TextDecoder().decode(await this.raw({ operation: "metrics", options }));
  }

  /** contract returns openapi.yaml as the service has it. */
  async contract(options?: CallOptions): Promise<string> {
    return new TextDecoder().decode(await this.raw({ operation: "contract", options }));
  }
}
