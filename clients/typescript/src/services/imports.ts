import type { CallOptions, FileBody } from "../send.js";
import type { Query } from "../types.js";
import { Service } from "./service.js";

type Settings = Omit<NonNullable<Query<"createImport">>, "scopes"> & { scopes?: readonly string[] };

/** Imports moves keys in from other systems, and everything out. It is for the provider's staff. */
export class Imports extends Service {
  /**
   * create imports the keys of a file in JSON Lines or CSV. It goes on after the answer: ask `get` until its state is
   * done or failed. `timeoutMs` of the client bounds the upload.
   */
  create(file: FileBody, { scopes = [], ...settings }: Settings = {}, options?: CallOptions) {
    const headers = { "Content-Type": settings.format === "csv" ? "text/csv" : "application/jsonl" };
    return this.call({ operation: "createImport", query: { ...settings, scopes: scopes.join(",") }, file, headers, options });
  }

  /** list returns a page of imports without their problems, the newest first. */
  list(filter?: Query<"listImports">, options?: CallOptions) {
    return this.pageOf("listImports", filter, options);
  }

  /** all yields all imports without their problems, the newest first. */
  all(filter?: Query<"listImports">, options?: CallOptions) {
    return this.walk("listImports", filter, options);
  }

  /** get returns an import with a page of its problems, from 1 to its `pages`. */
  get(id: string, page = 1, options?: CallOptions) {
    return this.call({ operation: "getImport", params: [id], query: { page }, options });
  }

  /** inUse returns how many imported keys are in use, and whose they are. */
  inUse(options?: CallOptions) {
    return this.call({ operation: "getImportsInUse", options });
  }

  /** export returns everything as JSON Lines, if that is no longer than `maxBody`. */
  export(query?: Query<"getExport">, options?: CallOptions) {
    return this.raw({ operation: "getExport", query, options });
  }
}
