import { LatchkeyError } from "../errors.js";
import { walk, type Page } from "../page.js";
import { hide } from "../redact.js";
import type { Call, CallOptions, OperationId, Sender, Sent } from "../send.js";
import type { Query, Result, Tagged } from "../types.js";

interface Filter {
  limit?: number;
  cursor?: string;
}
type Item<O extends OperationId> = Result<O> extends { items: (infer T)[] } ? T : never;

/** Service is the calls for one kind of object. */
export abstract class Service {
  readonly #sender: Sender;

  /** @internal */
  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** @internal */
  protected send(call: Call): Promise<Sent> {
    return this.#sender.send(call);
  }

  /** @internal */
  protected async call<O extends OperationId>(call: Call & { operation: O }): Promise<Result<O> & Tagged> {
    const { value } = await this.send(call);
    return value as Result<O> & Tagged;
  }

  /** @internal */
  protected async none(call: Call): Promise<void> {
    await this.send({ ...call, empty: true });
  }

  /** @internal */
  protected async raw(call: Call): Promise<Uint8Array> {
    const { value } = await this.send({ ...call, raw: true });
    return value as Uint8Array;
  }

  /**
   * items returns the objects of a list without pages.
   * @internal
   */
  protected async items<O extends OperationId>(call: Call & { operation: O }): Promise<Item<O>[]> {
    return [...(await this.page<Item<O>>(call)).items];
  }

  /** @internal */
  protected async page<T>(call: Call): Promise<Page<T>> {
    const { answer, value } = await this.send(call);
    const page = value as { items?: unknown; next_cursor?: unknown };
    const cursor = page.next_cursor ?? null;
    if (!Array.isArray(page.items) || !(cursor === null || typeof cursor === "string")) {
      throw new LatchkeyError({ kind: "bad_answer", status: answer.status, detail: "not a list" });
    }
    return { items: page.items as T[], next_cursor: cursor };
  }

  /**
   * pageOf returns one page.
   * @internal
   */
  protected pageOf<O extends OperationId>(
    operation: O,
    filter?: Query<O>,
    options?: CallOptions,
    params: readonly string[] = [],
  ): Promise<Page<Item<O>>> {
    return this.page<Item<O>>({ operation, query: filter, params, options });
  }

  /**
   * walk yields all objects, page by page.
   * @internal
   */
  protected walk<O extends OperationId>(
    operation: O,
    filter?: Query<O>,
    options?: CallOptions,
    params: readonly string[] = [],
  ): AsyncGenerator<Item<O>, void, undefined> {
    return walk<Item<O>, Filter>(filter, (at) => this.pageOf(operation, at as Query<O>, options, params));
  }
}

/**
 * withSecret hides the one secret of a new object from logs. If an earlier answer was lost, the
 * secret is lost with it: that is an error, as nobody could use what looks like success.
 */
export function withSecret<T extends object>(operation: string, created: T, member: keyof T & string): T {
  if (typeof created[member] !== "string" || created[member] === "") {
    throw new LatchkeyError({
      kind: "secret_lost",
      operation,
      detail: "an earlier answer, with the secret, was lost; rotate or revoke the object and make another",
      created,
    });
  }
  return hide(created, member);
}
