import type { CallOptions } from "../send.js";
import type { Body, Query } from "../types.js";
import { Service } from "./service.js";

/** Scopes manages the catalogue of scopes. Only the provider's staff may change it. */
export class Scopes extends Service {
  /** create creates a scope. */
  create(body: Body<"createScope">, options?: CallOptions) {
    return this.call({ operation: "createScope", body, options });
  }

  /** list returns a page of scopes. */
  list(filter?: Query<"listScopes">, options?: CallOptions) {
    return this.pageOf("listScopes", filter, options);
  }

  /** all yields all scopes. */
  all(filter?: Query<"listScopes">, options?: CallOptions) {
    return this.walk("listScopes", filter, options);
  }

  /** get returns a scope. */
  get(name: string, options?: CallOptions) {
    return this.call({ operation: "getScope", params: [name], options });
  }

  /** update changes the members that are given. */
  update(name: string, body: Body<"changeScope">, options?: CallOptions) {
    return this.call({ operation: "changeScope", params: [name], body, options });
  }

  /** replace sets all members. */
  replace(name: string, body: Body<"replaceScope">, options?: CallOptions) {
    return this.call({ operation: "replaceScope", params: [name], body, options });
  }

  /** delete removes a scope that nobody holds. */
  delete(name: string, options?: CallOptions) {
    return this.none({ operation: "deleteScope", params: [name], options });
  }

  /** holders counts who holds the scope. */
  holders(name: string, options?: CallOptions) {
    return this.call({ operation: "getScopeHolders", params: [name], options });
  }

  /** rename renames the scope. Whoever holds the old name has both for a time. */
  rename(name: string, body: Body<"renameScope">, options?: CallOptions) {
    return this.call({ operation: "renameScope", params: [name], body, options });
  }

  /** retire stops the scope from being granted. Whoever holds it keeps it. */
  retire(name: string, options?: CallOptions) {
    return this.call({ operation: "retireScope", params: [name], options });
  }

  /** restore lets a retired scope be granted again. */
  restore(name: string, options?: CallOptions) {
    return this.call({ operation: "restoreScope", params: [name], options });
  }
}
