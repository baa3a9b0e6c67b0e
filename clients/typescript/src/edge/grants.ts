import type { Network } from "../address.js";
import type { Elapsed } from "./elapsed.js";
import { markIdOf, type Mark, type Marks } from "./digest.js";
import type { Lease } from "./lease.js";
import { LRU } from "./lru.js";
import { effectiveScopes } from "./scopes.js";
import { Moved, type Source } from "./source.js";
import { Unanswered } from "./upstream.js";
import type { Account, Key, Organization, Override, Quota, Rule, Tier, Told } from "./wire.js";

/** How long an unknown key is remembered, and how many are. */
const unknownForMs = 10_000;
const mostUnknown = 10_000;
/** Accounts, organizations and tiers that are kept. */
const mostShared = 20_000;
const attempts = 3;
const mostRefreshes = 4;
const catchUps = 3;

/**
 * Grant is everything a verification needs to know of a key: the key, its account, organization and
 * tier, as they were at one time.
 */
export class Grant {
  readonly scopes: readonly string[];
  /** When the key ends by itself, in Unix milliseconds; undefined: never. */
  readonly endsAt: number | undefined;
  /** When its last use was recorded, in Unix milliseconds. */
  touched = 0;
  refreshing = false;

  constructor(
    readonly digest: string,
    readonly key: Key,
    readonly account: Account,
    readonly organization: Organization,
    readonly tier: Tier,
    readonly marks: readonly Mark[] = [],
    readonly loadedAt = 0,
  ) {
    this.scopes = effectiveScopes(key.scopes, account.scopes);
    const ends = [key.expiresAt, key.graceUntil].filter((at) => at !== undefined).map((at) => at.getTime());
    this.endsAt = ends.length === 0 ? undefined : Math.min(...ends);
  }

  get networks(): readonly (readonly Network[])[] {
    return [this.key.networks, this.account.networks];
  }

  /** limitId is that of the account's bucket and quota. It changes with each reset. */
  get limitId(): string {
    const { id, limitResets } = this.account;
    return limitResets === 0 ? id : `${id}~${limitResets.toString(36)}`;
  }

  /** keyLimitId is that of the key's own bucket. */
  get keyLimitId(): string {
    const [own, all] = [this.key.limitResets, this.account.limitResets];
    return own === 0 && all === 0 ? this.key.id : `${this.key.id}~${own.toString(36)}.${all.toString(36)}`;
  }

  /** keyRule is the bucket of the key alone: its own, limited by what its tier allows; undefined if there is none. */
  keyRule(now: number): Rule | undefined {
    const most = this.#override(now)?.keyRateLimit ?? this.tier.rateLimit;
    const own = this.key.rateLimit;
    if (own === undefined || most === undefined) return own ?? most;
    const slower = own.requests * most.perMs > most.requests * own.perMs ? most : own;
    return { requests: slower.requests, perMs: slower.perMs, burst: Math.min(own.burst, most.burst) };
  }

  /** accountRule is the bucket that the account's keys share; undefined if there is none. */
  accountRule(now: number): Rule | undefined {
    return this.#override(now)?.rateLimit ?? this.account.rateLimit ?? this.tier.accountRateLimit;
  }

  /** quota is that of the account; undefined if there is none. */
  quota(now: number): Quota | undefined {
    return this.#override(now)?.quota ?? this.account.quota ?? this.tier.quota;
  }

  #override(now: number): Override | undefined {
    const override = this.account.override;
    return override !== undefined && now < override.untilMs ? override : undefined;
  }
}

/** Unknown is what is remembered of a key that does not exist. */
interface Unknown {
  readonly mark: Mark;
  readonly loadedAt: number;
}

interface Shared<T> {
  readonly object: T;
  readonly mark: Mark;
}

/** Elsewhere is thrown for a key with checks that this version does not know: a node decides. */
export class Elsewhere extends Error {}

/**
 * Grants are those of keys that were presented lately, by digest. One is used only while the marks
 * under which it was read are the same, so a slow answer never brings back what was revoked.
 */
export class Grants {
  readonly #source: Source;
  readonly #marks: Marks;
  readonly #lease: Lease;
  readonly #elapsed: Elapsed;
  readonly #known: LRU<Grant>;
  readonly #unknown = new LRU<Unknown>(mostUnknown);
  readonly #accounts = new LRU<Shared<Account>>(mostShared);
  readonly #organizations = new LRU<Shared<Organization>>(mostShared);
  readonly #tiers = new LRU<Shared<Tier>>(mostShared);
  readonly #flights = new Map<string, Promise<Grant | undefined>>();
  #refreshes = 0;
  #outage = -Infinity;
  #maxAgeMs = 150_000;

  constructor(source: Source, marks: Marks, lease: Lease, elapsed: Elapsed, most: number) {
    this.#source = source;
    this.#marks = marks;
    this.#lease = lease;
    this.#elapsed = elapsed;
    this.#known = new LRU(most);
  }

  /** size is how many grants are kept. */
  get size(): number {
    return this.#known.size;
  }

  /** ready returns the grant if it can be used without asking anybody. */
  ready(digest: string): Grant | undefined {
    return this.#lease.fresh() ? this.#usable(digest) : undefined;
  }

  /** stands tells whether a decision by the grant still holds. */
  stands(grant: Grant): boolean {
    return this.#lease.fresh() && grant.marks.every((mark) => this.#marks.stands(mark));
  }

  /**
   * find returns the grant of the key, or undefined if there is no such key. If the process has not
   * heard of changes lately it asks first. It throws if nobody can tell.
   */
  async find(digest: string, fresh: boolean): Promise<Grant | undefined> {
    if (!fresh && !this.#lease.stale() && (await this.#hears())) {
      const grant = this.#usable(digest);
      if (grant !== undefined) return grant;
      if (this.#isUnknown(digest)) return undefined;
    }
    return this.#load(digest, fresh);
  }

  /** hears tells whether answers from memory are allowed. If the last poll is too old it waits for another. */
  async #hears(): Promise<boolean> {
    for (let i = 0; i < catchUps && !this.#lease.fresh(); i++) await this.#source.catchUp();
    return this.#lease.fresh();
  }

  #usable(digest: string): Grant | undefined {
    const grant = this.#kept(digest);
    if (grant !== undefined && this.#elapsed.now() - grant.loadedAt > this.#maxAgeMs) this.#refresh(grant);
    return grant;
  }

  #kept(digest: string): Grant | undefined {
    const grant = this.#known.get(digest);
    return grant?.marks.every((mark) => this.#marks.stands(mark)) ? grant : undefined;
  }

  #isUnknown(digest: string): boolean {
    const found = this.#unknown.get(digest);
    return found !== undefined && this.#marks.stands(found.mark) && this.#elapsed.now() - found.loadedAt <= unknownForMs;
  }

  /** load asks a node, once for all who wait. While none answers it falls back to what is kept, as long as that is allowed. */
  async #load(digest: string, fresh: boolean): Promise<Grant | undefined> {
    const alone = fresh || !this.#lease.fresh();
    try {
      for (let i = 0; i < attempts; i++) {
        const grant = await (alone ? this.#read(digest, fresh) : this.#fly(digest));
        if (grant === undefined || alone || grant.marks.every((mark) => this.#marks.stands(mark))) return grant;
      }
      // It changes faster than it is read. What is read from here on was written before the question.
      return await this.#read(digest, true);
    } catch (error) {
      if (!(error instanceof Unanswered) || error.fault !== "unavailable") throw error;
      this.#outage = this.#elapsed.now();
      const grant = !fresh && this.#lease.fresh() ? this.#kept(digest) : undefined;
      if (grant === undefined) throw error;
      return grant;
    }
  }

  #fly(digest: string): Promise<Grant | undefined> {
    let flight = this.#flights.get(digest);
    if (flight === undefined) {
      flight = this.#read(digest, false).finally(() => this.#flights.delete(digest));
      this.#flights.set(digest, flight);
    }
    return flight;
  }

  /**
   * read asks for the key. The first answer tells which objects it belongs to; they are read again
   * once the marks of all of them are known.
   */
  async #read(digest: string, fresh: boolean): Promise<Grant | undefined> {
    const loadedAt = this.#elapsed.now();
    const ofKey = this.#marks.read(markIdOf(digest));
    try {
      const first = await this.#ask(digest, fresh);
      const grant = await this.#complete(digest, fresh, first, ofKey, loadedAt);
      this.#unknown.delete(digest);
      this.#known.set(digest, grant);
      return grant;
    } catch (error) {
      if (!(error instanceof Unanswered) || error.fault !== "not_found") throw error;
      this.#known.delete(digest);
      this.#unknown.set(digest, { mark: ofKey, loadedAt });
      return undefined;
    }
  }

  async #ask(digest: string, fresh: boolean): Promise<Told> {
    const told = await this.#source.grant(digest, fresh);
    if (told.needs.length > 0) throw new Elsewhere();
    return told;
  }

  async #complete(digest: string, fresh: boolean, first: Told, ofKey: Mark, loadedAt: number): Promise<Grant> {
    const ids = { account: first.account.id, organization: first.organization.id, tier: first.tier.name };
    let account = this.#shared(this.#accounts, ids.account, fresh);
    let organization = this.#shared(this.#organizations, ids.organization, fresh);
    let tier = this.#shared(this.#tiers, ids.tier, fresh);
    if (account !== undefined && (account.object.organizationId !== ids.organization || account.object.tier !== ids.tier))
      account = undefined;
    if (account === undefined || organization === undefined || tier === undefined) {
      const marks = {
        account: this.#marks.read(ids.account),
        organization: this.#marks.read(ids.organization),
        tier: this.#marks.read(ids.tier),
      };
      const second = await this.#ask(digest, fresh);
      if (second.account.id !== ids.account || second.organization.id !== ids.organization || second.tier.name !== ids.tier)
        throw new Moved();
      account = { object: second.account, mark: marks.account };
      organization = { object: second.organization, mark: marks.organization };
      tier = { object: second.tier, mark: marks.tier };
      this.#accounts.set(ids.account, account);
      this.#organizations.set(ids.organization, organization);
      this.#tiers.set(ids.tier, tier);
    }
    const marks = [ofKey, account.mark, organization.mark, tier.mark];
    return new Grant(digest, first.key, account.object, organization.object, tier.object, marks, loadedAt);
  }

  #shared<T>(kept: LRU<Shared<T>>, id: string, fresh: boolean): Shared<T> | undefined {
    const found = fresh ? undefined : kept.get(id);
    return found !== undefined && this.#marks.stands(found.mark) ? found : undefined;
  }

  /** refresh reads an aging grant again in the background, a few at a time and none right after a failure. */
  #refresh(grant: Grant): void {
    if (grant.refreshing || this.#refreshes >= mostRefreshes || this.#elapsed.now() - this.#outage < 1_000) return;
    grant.refreshing = true;
    this.#refreshes++;
    this.#read(grant.digest, true)
      .catch(() => (this.#outage = this.#elapsed.now()))
      .finally(() => {
        grant.refreshing = false;
        this.#refreshes--;
      });
  }
}
