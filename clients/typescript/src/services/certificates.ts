import type { CallOptions } from "../send.js";
import type { Body, Query } from "../types.js";
import { Service } from "./service.js";

/** Certificates manages the client certificates that act as service accounts. */
export class Certificates extends Service {
  /** add lets a client certificate act as the service account. */
  add(account: string, body: Body<"addCertificate">, options?: CallOptions) {
    return this.call({ operation: "addCertificate", params: [account], body, options });
  }

  /** list returns a page of certificates of the service account. */
  list(account: string, filter?: Query<"listCertificates">, options?: CallOptions) {
    return this.pageOf("listCertificates", filter, options, [account]);
  }

  /** all yields all certificates of the service account. */
  all(account: string, filter?: Query<"listCertificates">, options?: CallOptions) {
    return this.walk("listCertificates", filter, options, [account]);
  }

  /** get returns a certificate of the service account. */
  get(account: string, id: string, options?: CallOptions) {
    return this.call({ operation: "getCertificate", params: [account, id], options });
  }

  /** remove stops the certificate from acting as the service account. */
  remove(account: string, id: string, options?: CallOptions) {
    return this.none({ operation: "removeCertificate", params: [account, id], options });
  }
}
