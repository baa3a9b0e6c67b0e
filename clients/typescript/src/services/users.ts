import type { CallOptions } from "../send.js";
import type { Body, Query } from "../types.js";
import { Service } from "./service.js";

/** Users manages the people who sign in. It is for the provider's staff. */
export class Users extends Service {
  /** create creates a user. */
  create(body: Body<"createUser">, options?: CallOptions) {
    return this.call({ operation: "createUser", body, options });
  }

  /** list returns a page of users. */
  list(filter?: Query<"listUsers">, options?: CallOptions) {
    return this.pageOf("listUsers", filter, options);
  }

  /** all yields all users. */
  all(filter?: Query<"listUsers">, options?: CallOptions) {
    return this.walk("listUsers", filter, options);
  }

  /** get returns a user. */
  get(id: string, options?: CallOptions) {
    return this.call({ operation: "getUser", params: [id], options });
  }

  /** update changes the members that are given. */
  update(id: string, body: Body<"changeUser">, options?: CallOptions) {
    return this.call({ operation: "changeUser", params: [id], body, options });
  }

  /** replace sets all members. */
  replace(id: string, body: Body<"replaceUser">, options?: CallOptions) {
    return this.call({ operation: "replaceUser", params: [id], body, options });
  }

  /** delete removes a user. */
  delete(id: string, options?: CallOptions) {
    return this.none({ operation: "deleteUser", params: [id], options });
  }

  /** resetOTP lets a user who lost their device sign in without a one-time code. */
  resetOTP(id: string, options?: CallOptions) {
    return this.none({ operation: "resetOTP", params: [id], options });
  }
}
