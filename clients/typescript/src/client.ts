import { isJSON, retryAfter, type Answer } from "./answer.js";
import { settingsOf, type Config } from "./config.js";
import type { Credential } from "./credential.js";
import { LatchkeyError } from "./errors.js";
import { Sender, type CallOptions, type Clock, type Sent } from "./send.js";
import { Accounts } from "./services/accounts.js";
import { Audit } from "./services/audit.js";
import { Auth } from "./services/auth.js";
import { Certificates } from "./services/certificates.js";
import { Imports } from "./services/imports.js";
import { Incidents } from "./services/incidents.js";
import { Leaks } from "./services/leaks.js";
import { Invitations } from "./services/invitations.js";
import { Keys } from "./services/keys.js";
import { Me } from "./services/me.js";
import { Members } from "./services/members.js";
import { Nodes } from "./services/nodes.js";
import { OAuth } from "./services/oauth.js";
import { Organizations } from "./services/organizations.js";
import { Scopes } from "./services/scopes.js";
import { Sessions } from "./services/sessions.js";
import { Status } from "./services/status.js";
import { Tiers } from "./services/tiers.js";
import { Tokens } from "./services/tokens.js";
import { Usage } from "./services/usage.js";
import { Users } from "./services/users.js";
import { Webhooks } from "./services/webhooks.js";
import { limitHeadersOf, verdictOf, type Question, type Verdict, type Verifier } from "./verdict.js";

/** Latchkey is a client of one Latchkey service. Create one and share it. */
export class Latchkey implements Verifier {
  readonly keys: Keys;
  readonly accounts: Accounts;
  readonly certificates: Certificates;
  readonly organizations: Organizations;
  readonly members: Members;
  readonly invitations: Invitations;
  readonly incidents: Incidents;
  readonly leaks: Leaks;
  readonly imports: Imports;
  readonly webhooks: Webhooks;
  readonly tiers: Tiers;
  readonly scopes: Scopes;
  readonly users: Users;
  readonly me: Me;
  readonly auth: Auth;
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly oauth: OAuth;
  readonly audit: Audit;
  readonly usage: Usage;
  readonly nodes: Nodes;
  readonly service: Status;

  readonly #sender: Sender;

  /** It sends no request. It throws a TypeError if the configuration makes no sense. */
  constructor(config: Config, clock?: Clock) {
    const sender = new Sender(settingsOf(config), clock);
    this.#sender = sender;
    this.keys = new Keys(sender);
    this.accounts = new Accounts(sender);
    this.certificates = new Certificates(sender);
    this.organizations = new Organizations(sender);
    this.members = new Members(sender);
    this.invitations = new Invitations(sender);
    this.incidents = new Incidents(sender);
    this.leaks = new Leaks(sender);
    this.imports = new Imports(sender);
    this.webhooks = new Webhooks(sender);
    this.tiers = new Tiers(sender);
    this.scopes = new Scopes(sender);
    this.users = new Users(sender);
    this.me = new Me(sender);
    this.auth = new Auth(sender);
    this.tokens = new Tokens(sender);
    this.sessions = new Sessions(sender);
    this.oauth = new OAuth(sender);
    this.audit = new Audit(sender);
    this.usage = new Usage(sender);
    this.nodes = new Nodes(sender);
    this.service = new Status(sender);
    this.#config = config;
    this.#clock = clock;
  }

  readonly #config: Config;
  readonly #clock: Clock | undefined;

  /** with returns a client of the same service with another credential. */
  with(credential: Credential): Latchkey {
    const config = { ...this.#config, credential };
    delete config.credentials;
    return new Latchkey(config, this.#clock);
  }

  /**
   * verify asks whether the key may do what the question says. A refusal is a verdict that is
   * not valid; an error means that there is no decision. A verification charges the key's
   * limits, so once sent it is sent again only if the answer says that nothing was decided.
   */
  async verify(question: Question, options?: { signal?: AbortSignal }): Promise<Verdict> {
    const { key, scopes, cost, address, userAgent, dryRun, fresh } = question;
    const sent = await this.#sender.send({
      operation: "verifyAsked",
      body: { key, scopes, cost, ip: address, user_agent: userAgent, dry_run: dryRun },
      headers: fresh === true ? { "Cache-Control": "no-cache" } : {},
      verifies: true,
      reads: dryRun === true,
      charges: dryRun !== true,
      options,
    });
    return this.#verdict("POST /verify", sent, sent.value);
  }

  /**
   * verifySelf asks whether the client's own credential, a key or an access token, has the
   * scopes. The verdict has only what the credential's holder may know.
   */
  async verifySelf(question: { scopes?: readonly string[]; cost?: number } = {}, options?: CallOptions): Promise<Verdict> {
    const sent = await this.#sender.send({
      operation: "verifySelf",
      query: { scope: question.scopes, cost: question.cost },
      verifies: true,
      charges: true,
      refusals: (answer) => answer.headers.has("X-Latchkey-Code") && isJSON(answer),
      options,
    });
    return this.#verdict("GET /verify", sent, fromHeaders(sent.answer, sent.value as Record<string, unknown>));
  }

  #verdict(operation: string, { answer }: Sent, told: unknown): Verdict {
    const verdict = verdictOf(told);
    if (verdict === undefined || (verdict.valid && answer.status !== 200)) {
      const detail = "no verdict, or one that contradicts itself";
      throw new LatchkeyError({ kind: "bad_answer", operation, status: answer.status, detail });
    }
    return {
      ...verdict,
      retryAfterMs: retryAfter(answer.headers, this.#sender.clock.now()),
      limitHeaders: limitHeadersOf(answer.headers),
    };
  }
}

/**
 * fromHeaders fills in what GET /verify sends in headers. The body of a refusal is a problem,
 * whose code, detail and missing scopes have the same names as in a decision.
 */
function fromHeaders({ headers, status }: Answer, body: Record<string, unknown>): Record<string, unknown> {
  const get = (name: string) => headers.get(`X-Latchkey-${name}`) ?? "";
  const account = get("Service-Account-Id");
  return {
    ...body,
    // What the body says counts, too: one that contradicts the headers is no verdict.
    valid: status === 200 ? body["valid"] : false,
    code: get("Code"),
    key_id: get("Key-Id"),
    organization_id: get("Organization-Id"),
    tier: get("Tier"),
    environment: get("Environment"),
    scopes: get("Scopes").split(" ").filter(Boolean),
    service_account: account === "" ? undefined : { id: account, name: "", external_id: "", metadata: {} },
  };
}
