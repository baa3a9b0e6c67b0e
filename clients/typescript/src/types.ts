import type { components, operations as contract } from "./openapi.js";
import type { OperationId } from "./send.js";

/** Schemas are the types of the contract, by the names that they have there. */
export type Schemas = components["schemas"];

/** Tagged objects have the ETag of their revision, for `ifMatch`. It is not part of their JSON. */
export interface Tagged {
  readonly etag?: string;
}

type Content<T> = T extends { content: infer C } ? C : never;
type JSONOf<C> = C extends { "application/json": infer J }
  ? J
  : C extends { "application/merge-patch+json": infer P }
    ? P
    : C extends { "application/x-www-form-urlencoded": infer F }
      ? F
      : never;

/** Body is what the operation is sent. */
export type Body<O extends OperationId> = contract[O] extends { requestBody?: infer B } ? JSONOf<Content<NonNullable<B>>> : never;

/** Query is what the operation takes in its URL. */
export type Query<O extends OperationId> = contract[O] extends { parameters: { query?: infer Q } } ? NonNullable<Q> : never;

type Responses<O extends OperationId> = contract[O] extends { responses: infer R } ? R : never;

/** Result is what the operation answers. */
export type Result<O extends OperationId> = {
  [S in keyof Responses<O>]: S extends 200 | 201 | 202 ? JSONOf<Content<Responses<O>[S]>> : never;
}[keyof Responses<O>];
