import type { CallOptions } from "../send.js";
import type { Body, Query } from "../types.js";
import { Service } from "./service.js";

/** Webhooks manages addresses that are told of events. */
export class Webhooks extends Service {
  /** list returns a page of webhooks, the newest first. */
  list(filter?: Query<"listWebhooks">, options?: CallOptions) {
    return this.pageOf("listWebhooks", filter, options);
  }

  /** all yields all webhooks, the newest first. */
  all(filter?: Query<"listWebhooks">, options?: CallOptions) {
    return this.walk("listWebhooks", filter, options);
  }

  /** eventTypes returns the types of events. */
  eventTypes(options?: CallOptions) {
    return this.items({ operation: "listWebhookEventTypes", options });
  }

  /** create makes a webhook. Its secret is only in this answer. */
  create(body: Body<"createWebhook">, options?: CallOptions) {
    return this.call({ operation: "createWebhook", body, options });
  }

  /** get returns a webhook. */
  get(id: string, options?: CallOptions) {
    return this.call({ operation: "getWebhook", params: [id], options });
  }

  /** update changes the fields that are given. */
  update(id: string, body: Body<"changeWebhook">, options?: CallOptions) {
    return this.call({ operation: "changeWebhook", params: [id], body, options });
  }

  /** delete deletes a webhook. */
  delete(id: string, options?: CallOptions) {
    return this.call({ operation: "deleteWebhook", params: [id], options });
  }

  /** rotateSecret gives a webhook a new secret, which is only in this answer. */
  rotateSecret(id: string, body: Body<"rotateWebhookSecret"> = {}, options?: CallOptions) {
    return this.call({ operation: "rotateWebhookSecret", params: [id], body, options });
  }

  /** test sends an event that did not happen, once, and returns what became of it. */
  test(id: string, options?: CallOptions) {
    return this.call({ operation: "testWebhook", params: [id], options });
  }

  /** deliveries returns a page of what a webhook was sent, the newest event first. */
  deliveries(id: string, filter?: Query<"listWebhookDeliveries">, options?: CallOptions) {
    return this.call({ operation: "listWebhookDeliveries", params: [id], query: filter, options });
  }

  /** delivery returns the delivery of an event. */
  delivery(id: string, eventID: string, options?: CallOptions) {
    return this.call({ operation: "getWebhookDelivery", params: [id, eventID], options });
  }

  /** resend sends an event again. */
  resend(id: string, eventID: string, options?: CallOptions) {
    return this.call({ operation: "resendWebhookDelivery", params: [id, eventID], options });
  }

  /** resendRange sends events of a time again that were not delivered. */
  resendRange(id: string, body: Body<"resendWebhookRange">, options?: CallOptions) {
    return this.call({ operation: "resendWebhookRange", params: [id], body, options });
  }
}
