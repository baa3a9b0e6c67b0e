import { hide } from "../redact.js";
import type { CallOptions } from "../send.js";
import type { Body, Query } from "../types.js";
import { Service } from "./service.js";

/** Tokens manages the personal tokens of the caller. */
export class Tokens extends Service {
  /** create creates a token. Only this answer has its secret. */
  async create(body: Body<"createToken">, options?: CallOptions) {
    return hide(await this.call({ operation: "createToken", body, options }), "token");
  }

  /** list returns a page of tokens, without their secrets. */
  list(filter?: Query<"listTokens">, options?: CallOptions) {
    return this.pageOf("listTokens", filter, options);
  }

  /** all yields all tokens, without their secrets. */
  all(filter?: Query<"listTokens">, options?: CallOptions) {
    return this.walk("listTokens", filter, options);
  }

  /** get returns a token, without its secret. */
  get(id: string, options?: CallOptions) {
    return this.call({ operation: "getToken", params: [id], options });
  }

  /** revoke ends the token. */
  revoke(id: string, options?: CallOptions) {
    return this.none({ operation: "revokeToken", params: [id], options });
  }
}
