"""The objects of the API.

Generated from openapi.yaml by tools/generate.py. Do not edit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ._wire import Model, Reader, Secret

__all__ = [
    "AccessToken",
    "Alive",
    "AuditEvent",
    "AuditObject",
    "AuditOrigin",
    "AuditSubject",
    "AuthorizationServer",
    "Certificate",
    "CreatedToken",
    "Decision",
    "Exposure",
    "Health",
    "Identity",
    "Import",
    "ImportCount",
    "ImportFault",
    "ImportNoted",
    "ImportProblem",
    "ImportRenamed",
    "ImportsInUse",
    "ImportsInUseAccount",
    "Incident",
    "IncidentCount",
    "IncidentGroup",
    "IncidentKey",
    "IncidentSelection",
    "Introspection",
    "Invitation",
    "IssuedKey",
    "IssuedWebhook",
    "Key",
    "KeyChecksum",
    "KeyShape",
    "KeyUsage",
    "Leak",
    "LeakedKey",
    "LimitState",
    "Me",
    "Member",
    "Node",
    "OTPEnrolment",
    "ObtainedToken",
    "Organization",
    "Override",
    "PartHealth",
    "Predecessor",
    "PublicKey",
    "PublicKeys",
    "Quota",
    "QuotaState",
    "RecoveryCodes",
    "Refusal",
    "RevokedKey",
    "Rule",
    "Scope",
    "ScopeHolders",
    "ScopeUse",
    "ServiceAccount",
    "Session",
    "SignedIn",
    "Tier",
    "TierImpact",
    "Token",
    "TokenPair",
    "Transfer",
    "UsagePoint",
    "UsageReport",
    "User",
    "VerifiedAccount",
    "VerifyStep",
    "WaitingNode",
    "Webhook",
    "WebhookActor",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEvent",
    "WebhookEventData",
    "WebhookEventType",
    "WebhookObject",
    "WebhookResent",
    "WebhookSecret",
]


@dataclass(frozen=True, kw_only=True)
class Health(Model):
    """The parts that a node depends on, and their states"""

    #: The worst of the states
    status: str
    #: `store`; `changes` by other nodes; `serving`, which is `down` once the process is told to stop; `background`
    #: work, which is `degraded` if some of it has made no progress for a minute; saving of `usage`; and `redis`, if
    #: configured
    checks: dict[str, PartHealth]

    @classmethod
    def read(cls, value: Any, where: str = "") -> Health:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            status=o.text("status"),
            checks=o.models_by_name("checks", PartHealth.read),
        )


@dataclass(frozen=True, kw_only=True)
class Rule(Model):
    """A token bucket"""

    requests: int
    per: timedelta
    #: `requests` by default
    burst: int | None = None

    @classmethod
    def read(cls, value: Any, where: str = "") -> Rule:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            requests=o.integer("requests"),
            per=o.duration("per"),
            burst=o.optional_integer("burst"),
        )


@dataclass(frozen=True, kw_only=True)
class Quota(Model):
    """An allowance per calendar day or month, in UTC"""

    requests: int
    per: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> Quota:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            requests=o.integer("requests"),
            per=o.text("per"),
        )


@dataclass(frozen=True, kw_only=True)
class Organization(Model):
    """A third-party company or team, which everything below belongs to"""

    id: str
    name: str
    disabled: bool
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> Organization:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            name=o.text("name"),
            disabled=o.boolean("disabled"),
            metadata=o.mapping("metadata"),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class Override(Model):
    """Temporary limits; null leaves a limit unchanged, and at least one limit is required"""

    #: Of each key without a limit of its own
    key_rate_limit: Rule | None
    #: Shared by the keys
    rate_limit: Rule | None
    quota: Quota | None
    until: datetime
    note: str | None

    @classmethod
    def read(cls, value: Any, where: str = "") -> Override:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            key_rate_limit=o.optional_model("key_rate_limit", Rule.read),
            rate_limit=o.optional_model("rate_limit", Rule.read),
            quota=o.optional_model("quota", Quota.read),
            until=o.time("until"),
            note=o.optional_text("note"),
        )


@dataclass(frozen=True, kw_only=True)
class Transfer(Model):
    """What a transfer moves"""

    dry_run: bool
    service_account_id: str
    from_organization_id: str
    organization_id: str
    #: Owner in the target organization
    owner_id: str | None
    #: Stays, and so do its other limits
    tier: str
    #: Neither revoked nor expired
    keys: int
    #: There are more than 1000
    more_keys: bool
    certificates: int
    #: These apply to the new organization afterwards
    management_scopes: list[str]
    #: Scopes that you may not grant there, so the transfer is refused
    lacking_scopes: list[str]
    #: false in a dry run, and if some of what moves follows within minutes after the response
    complete: bool
    #: When every node applies it
    effective_everywhere_by: datetime | None
    waiting_for: list[WaitingNode]

    @classmethod
    def read(cls, value: Any, where: str = "") -> Transfer:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            dry_run=o.boolean("dry_run"),
            service_account_id=o.text("service_account_id"),
            from_organization_id=o.text("from_organization_id"),
            organization_id=o.text("organization_id"),
            owner_id=o.optional_text("owner_id"),
            tier=o.text("tier"),
            keys=o.integer("keys"),
            more_keys=o.boolean("more_keys"),
            certificates=o.integer("certificates"),
            management_scopes=o.texts("management_scopes"),
            lacking_scopes=o.texts("lacking_scopes"),
            complete=o.boolean("complete"),
            effective_everywhere_by=o.optional_time("effective_everywhere_by"),
            waiting_for=o.models("waiting_for", WaitingNode.read),
        )


@dataclass(frozen=True, kw_only=True)
class TierImpact(Model):
    """How many keys and accounts a change to a tier affects"""

    #: On the tier
    accounts: int
    #: Neither revoked nor expired
    keys: int
    #: Keys that get a lower limit or quota
    lower: int
    #: Keys that get a higher limit or quota, and no lower one
    higher: int
    #: Keys with a limit of their own
    own_limit: int
    #: Keys of accounts with a limit, quota or override of their own
    exempt: int
    #: Accounts with more keys than the new tier allows; they keep them
    over_full: int
    #: Keys with a longer lifetime than the new tier allows; they keep it
    too_old: int
    #: There are more than were counted
    incomplete: bool

    @classmethod
    def read(cls, value: Any, where: str = "") -> TierImpact:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            accounts=o.integer("accounts"),
            keys=o.integer("keys"),
            lower=o.integer("lower"),
            higher=o.integer("higher"),
            own_limit=o.integer("own_limit"),
            exempt=o.integer("exempt"),
            over_full=o.integer("over_full"),
            too_old=o.integer("too_old"),
            incomplete=o.boolean("incomplete"),
        )


@dataclass(frozen=True, kw_only=True)
class ScopeHolders(Model):
    """How many have a scope"""

    accounts: int
    #: With scopes of their own
    keys: int
    #: Accounts that have it through a wildcard, which may not include a new name
    wildcards: int
    #: There are more than were counted
    incomplete: bool

    @classmethod
    def read(cls, value: Any, where: str = "") -> ScopeHolders:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            accounts=o.integer("accounts"),
            keys=o.integer("keys"),
            wildcards=o.integer("wildcards"),
            incomplete=o.boolean("incomplete"),
        )


@dataclass(frozen=True, kw_only=True)
class SignedIn(Model):
    """Who is signed in, and the session"""

    session: Session
    user: Me

    @classmethod
    def read(cls, value: Any, where: str = "") -> SignedIn:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            session=o.model("session", Session.read),
            user=o.model("user", Me.read),
        )


@dataclass(frozen=True, kw_only=True)
class ServiceAccount(Model):
    """The non-human identity of one integration, which owns keys"""

    id: str
    organization_id: str
    name: str
    description: str
    tier: str
    scopes: list[str]
    allowed_networks: list[str]
    rate_limit: Rule | None
    quota: Quota | None
    external_id: str
    #: The member who looks after it; they may have left
    owner_id: str | None
    metadata: dict[str, Any]
    disabled: bool
    #: Temporary limits
    override: Override | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> ServiceAccount:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            organization_id=o.text("organization_id"),
            name=o.text("name"),
            description=o.text("description"),
            tier=o.text("tier"),
            scopes=o.texts("scopes"),
            allowed_networks=o.texts("allowed_networks"),
            rate_limit=o.optional_model("rate_limit", Rule.read),
            quota=o.optional_model("quota", Quota.read),
            external_id=o.text("external_id"),
            owner_id=o.optional_text("owner_id"),
            metadata=o.mapping("metadata"),
            disabled=o.boolean("disabled"),
            override=o.optional_model("override", Override.read),
            created_by=o.text("created_by"),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class Key(Model):
    """One credential of a service account, without its secret"""

    id: str
    organization_id: str
    service_account_id: str
    environment: str
    start: str
    last4: str
    status: str
    name: str
    note: str
    scopes: list[str] | None
    allowed_networks: list[str]
    rate_limit: Rule | None
    expires_at: datetime | None
    not_before: datetime | None
    metadata: dict[str, Any]
    disabled: bool
    revoked_at: datetime | None
    revoke_reason: str | None
    revoke_note: str | None
    rotated_from: str | None
    rotated_to: str | None
    grace_until: datetime | None
    #: Accurate to five minutes
    last_used_at: datetime | None
    #: Address of the last use, if the verifier sent it
    last_used_ip: str | None
    #: User agent of the last use, if the verifier sent it; at most 255 bytes are stored
    last_used_user_agent: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> Key:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            organization_id=o.text("organization_id"),
            service_account_id=o.text("service_account_id"),
            environment=o.text("environment"),
            start=o.text("start"),
            last4=o.text("last4"),
            status=o.text("status"),
            name=o.text("name"),
            note=o.text("note"),
            scopes=o.optional_texts("scopes"),
            allowed_networks=o.texts("allowed_networks"),
            rate_limit=o.optional_model("rate_limit", Rule.read),
            expires_at=o.optional_time("expires_at"),
            not_before=o.optional_time("not_before"),
            metadata=o.mapping("metadata"),
            disabled=o.boolean("disabled"),
            revoked_at=o.optional_time("revoked_at"),
            revoke_reason=o.optional_text("revoke_reason"),
            revoke_note=o.optional_text("revoke_note"),
            rotated_from=o.optional_text("rotated_from"),
            rotated_to=o.optional_text("rotated_to"),
            grace_until=o.optional_time("grace_until"),
            last_used_at=o.optional_time("last_used_at"),
            last_used_ip=o.optional_text("last_used_ip"),
            last_used_user_agent=o.optional_text("last_used_user_agent"),
            created_by=o.text("created_by"),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class IssuedKey(Model):
    """A new key, with its secret"""

    id: str
    organization_id: str
    service_account_id: str
    environment: str
    start: str
    last4: str
    status: str
    name: str
    note: str
    scopes: list[str] | None
    allowed_networks: list[str]
    rate_limit: Rule | None
    expires_at: datetime | None
    not_before: datetime | None
    metadata: dict[str, Any]
    disabled: bool
    revoked_at: datetime | None
    revoke_reason: str | None
    revoke_note: str | None
    rotated_from: str | None
    rotated_to: str | None
    grace_until: datetime | None
    #: Accurate to five minutes
    last_used_at: datetime | None
    #: Address of the last use, if the verifier sent it
    last_used_ip: str | None
    #: User agent of the last use, if the verifier sent it; at most 255 bytes are stored
    last_used_user_agent: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    #: The secret, shown only in this response; left out of a repeat
    key: Secret
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> IssuedKey:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            organization_id=o.text("organization_id"),
            service_account_id=o.text("service_account_id"),
            environment=o.text("environment"),
            start=o.text("start"),
            last4=o.text("last4"),
            status=o.text("status"),
            name=o.text("name"),
            note=o.text("note"),
            scopes=o.optional_texts("scopes"),
            allowed_networks=o.texts("allowed_networks"),
            rate_limit=o.optional_model("rate_limit", Rule.read),
            expires_at=o.optional_time("expires_at"),
            not_before=o.optional_time("not_before"),
            metadata=o.mapping("metadata"),
            disabled=o.boolean("disabled"),
            revoked_at=o.optional_time("revoked_at"),
            revoke_reason=o.optional_text("revoke_reason"),
            revoke_note=o.optional_text("revoke_note"),
            rotated_from=o.optional_text("rotated_from"),
            rotated_to=o.optional_text("rotated_to"),
            grace_until=o.optional_time("grace_until"),
            last_used_at=o.optional_time("last_used_at"),
            last_used_ip=o.optional_text("last_used_ip"),
            last_used_user_agent=o.optional_text("last_used_user_agent"),
            created_by=o.text("created_by"),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
            key=o.secret("key"),
        )


@dataclass(frozen=True, kw_only=True)
class RevokedKey(Model):
    """A revoked key, and when the revoke applies everywhere"""

    id: str
    organization_id: str
    service_account_id: str
    environment: str
    start: str
    last4: str
    status: str
    name: str
    note: str
    scopes: list[str] | None
    allowed_networks: list[str]
    rate_limit: Rule | None
    expires_at: datetime | None
    not_before: datetime | None
    metadata: dict[str, Any]
    disabled: bool
    revoked_at: datetime | None
    revoke_reason: str | None
    revoke_note: str | None
    rotated_from: str | None
    rotated_to: str | None
    grace_until: datetime | None
    #: Accurate to five minutes
    last_used_at: datetime | None
    #: Address of the last use, if the verifier sent it
    last_used_ip: str | None
    #: User agent of the last use, if the verifier sent it; at most 255 bytes are stored
    last_used_user_agent: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    #: No node answers VALID to a question asked after this time: a second from now while all nodes poll, otherwise
    #: when the last of waiting_for stops. To update it, revoke again; that changes nothing else.
    effective_everywhere_by: datetime
    #: Nodes that show no sign of life and may not know of it
    waiting_for: list[WaitingNode]
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> RevokedKey:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            organization_id=o.text("organization_id"),
            service_account_id=o.text("service_account_id"),
            environment=o.text("environment"),
            start=o.text("start"),
            last4=o.text("last4"),
            status=o.text("status"),
            name=o.text("name"),
            note=o.text("note"),
            scopes=o.optional_texts("scopes"),
            allowed_networks=o.texts("allowed_networks"),
            rate_limit=o.optional_model("rate_limit", Rule.read),
            expires_at=o.optional_time("expires_at"),
            not_before=o.optional_time("not_before"),
            metadata=o.mapping("metadata"),
            disabled=o.boolean("disabled"),
            revoked_at=o.optional_time("revoked_at"),
            revoke_reason=o.optional_text("revoke_reason"),
            revoke_note=o.optional_text("revoke_note"),
            rotated_from=o.optional_text("rotated_from"),
            rotated_to=o.optional_text("rotated_to"),
            grace_until=o.optional_time("grace_until"),
            last_used_at=o.optional_time("last_used_at"),
            last_used_ip=o.optional_text("last_used_ip"),
            last_used_user_agent=o.optional_text("last_used_user_agent"),
            created_by=o.text("created_by"),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
            effective_everywhere_by=o.time("effective_everywhere_by"),
            waiting_for=o.models("waiting_for", WaitingNode.read),
        )


@dataclass(frozen=True, kw_only=True)
class WaitingNode(Model):
    """A node that may not know of a change"""

    node: str
    #: Its LATCHKEY_NODE_NAME or host name
    name: str
    #: The latest time up to which it may have learned of changes
    last_poll: datetime
    #: When it stops answering from memory: LATCHKEY_MAX_STALE after its last poll
    stops_at: datetime

    @classmethod
    def read(cls, value: Any, where: str = "") -> WaitingNode:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            node=o.text("node"),
            name=o.text("name"),
            last_poll=o.time("last_poll"),
            stops_at=o.time("stops_at"),
        )


@dataclass(frozen=True, kw_only=True)
class Node(Model):
    """A process that serves from the store, or an edge that one of them feeds"""

    id: str
    #: Its LATCHKEY_NODE_NAME or host name
    name: str
    version: str
    #: By its own clock
    started_at: datetime
    #: The latest time up to which it may have learned of changes
    last_poll_at: datetime
    #: How long it answers from memory after its last poll
    max_stale: timedelta
    state: str
    #: true for the node that answers
    self: bool
    kind: str
    #: For an edge, the node that feeds it; empty while none does
    fed_by: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> Node:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            name=o.text("name"),
            version=o.text("version"),
            started_at=o.time("started_at"),
            last_poll_at=o.time("last_poll_at"),
            max_stale=o.duration("max_stale"),
            state=o.text("state"),
            self=o.boolean("self"),
            kind=o.text("kind"),
            fed_by=o.text("fed_by"),
        )


@dataclass(frozen=True, kw_only=True)
class Tier(Model):
    """A named plan: limits, quota, number of keys and their lifetime"""

    name: str
    title: str
    #: Of each key; null for no limit
    rate_limit: Rule | None
    account_rate_limit: Rule | None
    quota: Quota | None
    max_keys: int
    max_key_age: timedelta | None
    #: How long keys are kept after they are revoked or expire; null for LATCHKEY_KEEP_KEYS
    key_retention: timedelta | None
    #: What happens to a key that is reported as leaked: it is revoked, it is disabled until somebody enables it, or
    #: people are told and it goes on working
    leak_policy: str
    created_at: datetime
    updated_at: datetime
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> Tier:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            name=o.text("name"),
            title=o.text("title"),
            rate_limit=o.optional_model("rate_limit", Rule.read),
            account_rate_limit=o.optional_model("account_rate_limit", Rule.read),
            quota=o.optional_model("quota", Quota.read),
            max_keys=o.integer("max_keys"),
            max_key_age=o.optional_duration("max_key_age"),
            key_retention=o.optional_duration("key_retention"),
            leak_policy=o.text("leak_policy"),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class KeyChecksum(Model):
    """How the end of a key follows from the rest"""

    algorithm: str
    covers: str
    encoding: str
    alphabet: str
    length: int

    @classmethod
    def read(cls, value: Any, where: str = "") -> KeyChecksum:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            algorithm=o.text("algorithm"),
            covers=o.text("covers"),
            encoding=o.text("encoding"),
            alphabet=o.text("alphabet"),
            length=o.integer("length"),
        )


@dataclass(frozen=True, kw_only=True)
class KeyShape(Model):
    """What keys look like, and how to report one"""

    issuer: str
    #: A regular expression in the syntax of RE2
    pattern: str
    checksum: KeyChecksum
    revoke_endpoint: str
    report_endpoint: str
    report_page: str
    gitleaks: str
    trufflehog: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> KeyShape:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            issuer=o.text("issuer"),
            pattern=o.text("pattern"),
            checksum=o.model("checksum", KeyChecksum.read),
            revoke_endpoint=o.text("revoke_endpoint"),
            report_endpoint=o.text("report_endpoint"),
            report_page=o.text("report_page"),
            gitleaks=o.text("gitleaks"),
            trufflehog=o.text("trufflehog"),
        )


@dataclass(frozen=True, kw_only=True)
class LeakedKey(Model):
    """A key, or token of a user, of a report, and its outcome"""

    kind: str
    #: Of the key or token
    key_id: str
    name: str
    #: Of a key
    organization_id: str
    #: Of a token
    user_id: str
    start: str
    last4: str
    #: What a stranger typed
    url: str
    #: `already`: it had ended, was disabled, or people were told of it in the last day
    outcome: str
    at: datetime | None

    @classmethod
    def read(cls, value: Any, where: str = "") -> LeakedKey:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            kind=o.text("kind"),
            key_id=o.text("key_id"),
            name=o.text("name"),
            organization_id=o.text("organization_id"),
            user_id=o.text("user_id"),
            start=o.text("start"),
            last4=o.text("last4"),
            url=o.text("url"),
            outcome=o.text("outcome"),
            at=o.optional_time("at"),
        )


@dataclass(frozen=True, kw_only=True)
class Leak(Model):
    """A report that named at least one key"""

    id: str
    source: str
    #: Of an anonymous reporter
    address: str
    #: What a stranger typed
    note: str
    #: Texts that are no key
    unknown: int
    keys: list[LeakedKey]
    created_at: datetime

    @classmethod
    def read(cls, value: Any, where: str = "") -> Leak:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            source=o.text("source"),
            address=o.text("address"),
            note=o.text("note"),
            unknown=o.integer("unknown"),
            keys=o.models("keys", LeakedKey.read),
            created_at=o.time("created_at"),
        )


@dataclass(frozen=True, kw_only=True)
class WebhookSecret(Model):
    """When a secret began and ends"""

    created_at: datetime
    #: null for the newest
    ends_at: datetime | None

    @classmethod
    def read(cls, value: Any, where: str = "") -> WebhookSecret:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            created_at=o.time("created_at"),
            ends_at=o.optional_time("ends_at"),
        )


@dataclass(frozen=True, kw_only=True)
class Webhook(Model):
    """An address that is told of events"""

    id: str
    organization_id: str | None
    url: str
    event_types: list[str] | None
    description: str
    state: str
    #: Why it is disabled: by somebody, it answered 410, or nothing could be delivered for 5 days
    reason: str | None
    failing_since: datetime | None
    secrets: list[WebhookSecret]
    created_at: datetime
    updated_at: datetime
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> Webhook:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            organization_id=o.optional_text("organization_id"),
            url=o.text("url"),
            event_types=o.optional_texts("event_types"),
            description=o.text("description"),
            state=o.text("state"),
            reason=o.optional_text("reason"),
            failing_since=o.optional_time("failing_since"),
            secrets=o.models("secrets", WebhookSecret.read),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class IssuedWebhook(Model):
    """A webhook with its newest secret"""

    id: str
    organization_id: str | None
    url: str
    event_types: list[str] | None
    description: str
    state: str
    #: Why it is disabled: by somebody, it answered 410, or nothing could be delivered for 5 days
    reason: str | None
    failing_since: datetime | None
    secrets: list[WebhookSecret]
    created_at: datetime
    updated_at: datetime
    #: Shown once; a repeated request does not get it
    secret: str
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> IssuedWebhook:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            organization_id=o.optional_text("organization_id"),
            url=o.text("url"),
            event_types=o.optional_texts("event_types"),
            description=o.text("description"),
            state=o.text("state"),
            reason=o.optional_text("reason"),
            failing_since=o.optional_time("failing_since"),
            secrets=o.models("secrets", WebhookSecret.read),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
            secret=o.text("secret"),
        )


@dataclass(frozen=True, kw_only=True)
class WebhookEventType(Model):
    """A type of events"""

    name: str
    #: Whether webhooks of organizations can choose it, or only the provider's
    organization: bool

    @classmethod
    def read(cls, value: Any, where: str = "") -> WebhookEventType:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            name=o.text("name"),
            organization=o.boolean("organization"),
        )


@dataclass(frozen=True, kw_only=True)
class WebhookAttempt(Model):
    """One try to deliver"""

    at: datetime
    duration: str
    url: str
    #: null if there was no answer
    status: int | None
    #: null if it was delivered
    fault: str | None
    media_type: str
    #: The first 8 KiB, of earlier attempts 500 bytes
    answer: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> WebhookAttempt:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            at=o.time("at"),
            duration=o.text("duration"),
            url=o.text("url"),
            status=o.optional_integer("status"),
            fault=o.optional_text("fault"),
            media_type=o.text("media_type"),
            answer=o.text("answer"),
        )


@dataclass(frozen=True, kw_only=True)
class WebhookDelivery(Model):
    """One event for one webhook"""

    webhook_id: str
    event_id: str
    event_type: str
    event_at: datetime
    outcome: str
    tries: int
    next_attempt_at: datetime | None
    payload: WebhookEvent
    attempts: list[WebhookAttempt]

    @classmethod
    def read(cls, value: Any, where: str = "") -> WebhookDelivery:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            webhook_id=o.text("webhook_id"),
            event_id=o.text("event_id"),
            event_type=o.text("event_type"),
            event_at=o.time("event_at"),
            outcome=o.text("outcome"),
            tries=o.integer("tries"),
            next_attempt_at=o.optional_time("next_attempt_at"),
            payload=o.model("payload", WebhookEvent.read),
            attempts=o.models("attempts", WebhookAttempt.read),
        )


@dataclass(frozen=True, kw_only=True)
class WebhookResent(Model):
    """How many events will be sent"""

    queued: int
    #: Where to go on; null at the end
    next_from: datetime | None

    @classmethod
    def read(cls, value: Any, where: str = "") -> WebhookResent:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            queued=o.integer("queued"),
            next_from=o.optional_time("next_from"),
        )


@dataclass(frozen=True, kw_only=True)
class WebhookActor(Model):
    """Who acted"""

    kind: str
    id: str
    #: E-mail address or name at the time
    name: str
    #: Of the key that a service account used
    key_id: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> WebhookActor:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            kind=o.text("kind"),
            id=o.text("id"),
            name=o.text("name"),
            key_id=o.text("key_id"),
        )


@dataclass(frozen=True, kw_only=True)
class WebhookObject(Model):
    """What the event is about"""

    type: str
    id: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> WebhookObject:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            type=o.text("type"),
            id=o.text("id"),
        )


@dataclass(frozen=True, kw_only=True)
class WebhookEventData(Model):
    """What happened, as the audit log has it"""

    #: ID of the event in the audit log, the same as in `webhook-id`
    event_id: str
    organization_id: str | None
    object: WebhookObject
    actor: WebhookActor
    #: The object before; null for a creation
    before: dict[str, Any] | None
    #: The object after, or what else is known; null for a deletion
    after: dict[str, Any] | None

    @classmethod
    def read(cls, value: Any, where: str = "") -> WebhookEventData:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            event_id=o.text("event_id"),
            organization_id=o.optional_text("organization_id"),
            object=o.model("object", WebhookObject.read),
            actor=o.model("actor", WebhookActor.read),
            before=o.optional_mapping("before"),
            after=o.optional_mapping("after"),
        )


@dataclass(frozen=True, kw_only=True)
class WebhookEvent(Model):
    """The body of what webhooks are sent"""

    type: str
    #: When it happened
    timestamp: datetime
    data: WebhookEventData

    @classmethod
    def read(cls, value: Any, where: str = "") -> WebhookEvent:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            type=o.text("type"),
            timestamp=o.time("timestamp"),
            data=o.model("data", WebhookEventData.read),
        )


@dataclass(frozen=True, kw_only=True)
class Exposure(Model):
    """One way in which a key was exposed"""

    way: str
    #: Of the last report; empty for `plain_http`
    source: str
    first_at: datetime
    #: When people were last told
    last_at: datetime

    @classmethod
    def read(cls, value: Any, where: str = "") -> Exposure:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            way=o.text("way"),
            source=o.text("source"),
            first_at=o.time("first_at"),
            last_at=o.time("last_at"),
        )


@dataclass(frozen=True, kw_only=True)
class IncidentSelection(Model):
    """Selects keys that match all given fields; revoked and expired keys are left out"""

    organization_id: str
    service_account_id: str
    tier: str
    scope: str
    created_by: str
    created_before: datetime
    #: Includes keys that were never used
    last_used_before: datetime
    neglect: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> IncidentSelection:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            organization_id=o.text("organization_id"),
            service_account_id=o.text("service_account_id"),
            tier=o.text("tier"),
            scope=o.text("scope"),
            created_by=o.text("created_by"),
            created_before=o.time("created_before"),
            last_used_before=o.time("last_used_before"),
            neglect=o.text("neglect"),
        )


@dataclass(frozen=True, kw_only=True)
class IncidentCount(Model):
    """Progress of an incident, in keys"""

    planned: int
    #: Already in the requested state
    already: int
    #: Lines of the list that match no key
    unknown: int
    done: int
    #: Deleted or ended in the meantime
    skipped: int
    failed: int
    undone: int
    #: Not undone, because somebody changed them
    kept: int

    @classmethod
    def read(cls, value: Any, where: str = "") -> IncidentCount:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            planned=o.integer("planned"),
            already=o.integer("already"),
            unknown=o.integer("unknown"),
            done=o.integer("done"),
            skipped=o.integer("skipped"),
            failed=o.integer("failed"),
            undone=o.integer("undone"),
            kept=o.integer("kept"),
        )


@dataclass(frozen=True, kw_only=True)
class IncidentGroup(Model):
    """How many of the keys belong to one organization and tier"""

    organization_id: str
    tier: str
    keys: int

    @classmethod
    def read(cls, value: Any, where: str = "") -> IncidentGroup:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            organization_id=o.text("organization_id"),
            tier=o.text("tier"),
            keys=o.integer("keys"),
        )


@dataclass(frozen=True, kw_only=True)
class IncidentKey(Model):
    """One key of an incident, and its outcome"""

    key_id: str
    name: str
    organization_id: str
    service_account_id: str
    start: str
    last4: str
    outcome: str | None
    at: datetime | None

    @classmethod
    def read(cls, value: Any, where: str = "") -> IncidentKey:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            key_id=o.text("key_id"),
            name=o.text("name"),
            organization_id=o.text("organization_id"),
            service_account_id=o.text("service_account_id"),
            start=o.text("start"),
            last4=o.text("last4"),
            outcome=o.optional_text("outcome"),
            at=o.optional_time("at"),
        )


@dataclass(frozen=True, kw_only=True)
class Incident(Model):
    """Many keys that are disabled or revoked together"""

    id: str
    action: str
    reason: str
    note: str
    selection: IncidentSelection
    #: Keys and ids that were sent as a list
    pasted: int
    state: str
    #: The process that worked on it is gone
    interrupted: bool
    percent: int
    planned_by: str
    started_by: str | None
    started_at: datetime | None
    finished_at: datetime | None
    undone_by: str | None
    undone_at: datetime | None
    undo_until: datetime | None
    count: IncidentCount
    groups: list[IncidentGroup]
    unknown_lines: list[int]
    confirm: str | None
    pages: int
    keys: list[IncidentKey]
    created_at: datetime
    updated_at: datetime
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> Incident:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            action=o.text("action"),
            reason=o.text("reason"),
            note=o.text("note"),
            selection=o.model("selection", IncidentSelection.read),
            pasted=o.integer("pasted"),
            state=o.text("state"),
            interrupted=o.boolean("interrupted"),
            percent=o.integer("percent"),
            planned_by=o.text("planned_by"),
            started_by=o.optional_text("started_by"),
            started_at=o.optional_time("started_at"),
            finished_at=o.optional_time("finished_at"),
            undone_by=o.optional_text("undone_by"),
            undone_at=o.optional_time("undone_at"),
            undo_until=o.optional_time("undo_until"),
            count=o.model("count", IncidentCount.read),
            groups=o.models("groups", IncidentGroup.read),
            unknown_lines=o.integers("unknown_lines"),
            confirm=o.optional_text("confirm"),
            pages=o.integer("pages"),
            keys=o.models("keys", IncidentKey.read),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class ImportCount(Model):
    """Rows by what became of them, and what they needed"""

    imported: int
    #: Keys that were there
    unchanged: int
    #: Rows that were not taken
    refused: int
    #: Imported keys that could be guessed from a fast digest, and stay slow
    weak: int
    #: Imported keys whose digest is replaced at their first use
    slow: int
    #: Organizations that were made
    organizations: int
    #: Service accounts that were made
    service_accounts: int
    #: Scopes that were added to the catalogue
    scopes: int

    @classmethod
    def read(cls, value: Any, where: str = "") -> ImportCount:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            imported=o.integer("imported"),
            unchanged=o.integer("unchanged"),
            refused=o.integer("refused"),
            weak=o.integer("weak"),
            slow=o.integer("slow"),
            organizations=o.integer("organizations"),
            service_accounts=o.integer("service_accounts"),
            scopes=o.integer("scopes"),
        )


@dataclass(frozen=True, kw_only=True)
class ImportRenamed(Model):
    """A scope that has another name here"""

    from_: str
    #: Empty for a scope that was dropped
    to: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> ImportRenamed:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            from_=o.text("from"),
            to=o.text("to"),
        )


@dataclass(frozen=True, kw_only=True)
class ImportNoted(Model):
    """What of rows could not be moved, by kind"""

    code: str
    detail: str
    #: Of the first such row
    place: str
    rows: int

    @classmethod
    def read(cls, value: Any, where: str = "") -> ImportNoted:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            code=o.text("code"),
            detail=o.text("detail"),
            place=o.text("place"),
            rows=o.integer("rows"),
        )


@dataclass(frozen=True, kw_only=True)
class ImportFault(Model):
    """Why the import failed"""

    code: str
    detail: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> ImportFault:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            code=o.text("code"),
            detail=o.text("detail"),
        )


@dataclass(frozen=True, kw_only=True)
class ImportProblem(Model):
    """A row that was not taken, and why"""

    #: File and line, or file and number of the element
    place: str
    #: ID of the key at its source
    id: str
    #: Empty if the whole row is at fault
    field: str
    code: str
    detail: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> ImportProblem:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            place=o.text("place"),
            id=o.text("id"),
            field=o.text("field"),
            code=o.text("code"),
            detail=o.text("detail"),
        )


@dataclass(frozen=True, kw_only=True)
class Import(Model):
    """One run of an import"""

    id: str
    state: str
    percent: int
    by: str
    format: str
    files: list[str]
    organization: str | None
    tier: str | None
    scopes: list[str]
    accept_weak: bool
    dry_run: bool
    #: Rows, once they are counted
    total: int
    count: ImportCount
    renamed: list[ImportRenamed]
    noted: list[ImportNoted]
    fault: ImportFault | None
    #: Of problems
    pages: int
    problems: list[ImportProblem]
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> Import:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            state=o.text("state"),
            percent=o.integer("percent"),
            by=o.text("by"),
            format=o.text("format"),
            files=o.texts("files"),
            organization=o.optional_text("organization"),
            tier=o.optional_text("tier"),
            scopes=o.texts("scopes"),
            accept_weak=o.boolean("accept_weak"),
            dry_run=o.boolean("dry_run"),
            total=o.integer("total"),
            count=o.model("count", ImportCount.read),
            renamed=o.models("renamed", ImportRenamed.read),
            noted=o.models("noted", ImportNoted.read),
            fault=o.optional_model("fault", ImportFault.read),
            pages=o.integer("pages"),
            problems=o.models("problems", ImportProblem.read),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
            finished_at=o.optional_time("finished_at"),
        )


@dataclass(frozen=True, kw_only=True)
class ImportsInUseAccount(Model):
    """A service account with imported keys"""

    id: str
    name: str
    organization_id: str
    keys: int
    #: In the last 30 days
    used: int

    @classmethod
    def read(cls, value: Any, where: str = "") -> ImportsInUseAccount:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            name=o.text("name"),
            organization_id=o.text("organization_id"),
            keys=o.integer("keys"),
            used=o.integer("used"),
        )


@dataclass(frozen=True, kw_only=True)
class ImportsInUse(Model):
    """How many imported keys are in use, and whose they are"""

    #: Imported keys that are not revoked
    keys: int
    #: In the last 30 days
    used: int
    #: Not since the import
    unused: int
    #: Keys that still have the digest of their source
    source_digests: int
    #: False if there are more keys than were looked at
    complete: bool
    service_accounts: list[ImportsInUseAccount]

    @classmethod
    def read(cls, value: Any, where: str = "") -> ImportsInUse:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            keys=o.integer("keys"),
            used=o.integer("used"),
            unused=o.integer("unused"),
            source_digests=o.integer("source_digests"),
            complete=o.boolean("complete"),
            service_accounts=o.models("service_accounts", ImportsInUseAccount.read),
        )


@dataclass(frozen=True, kw_only=True)
class Scope(Model):
    """A scope of the catalogue, which can be granted"""

    name: str
    description: str
    #: From then on it is not granted
    retired_at: datetime | None
    #: Its new name
    renamed_to: str | None
    #: When the old name stops working
    renamed_until: datetime | None
    created_at: datetime
    updated_at: datetime
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> Scope:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            name=o.text("name"),
            description=o.text("description"),
            retired_at=o.optional_time("retired_at"),
            renamed_to=o.optional_text("renamed_to"),
            renamed_until=o.optional_time("renamed_until"),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class User(Model):
    """A person who can sign in"""

    id: str
    email: str
    username: str
    name: str
    #: Language of pages and mails; empty to follow the browser
    language: str
    is_admin: bool
    disabled: bool
    created_at: datetime
    updated_at: datetime
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> User:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            email=o.text("email"),
            username=o.text("username"),
            name=o.text("name"),
            language=o.text("language"),
            is_admin=o.boolean("is_admin"),
            disabled=o.boolean("disabled"),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class Member(Model):
    """A user's membership in an organization"""

    organization_id: str
    user_id: str
    role: str
    created_at: datetime
    updated_at: datetime
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> Member:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            organization_id=o.text("organization_id"),
            user_id=o.text("user_id"),
            role=o.text("role"),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class ObtainedToken(Model):
    """For `Authorization: Token …`"""

    token: Secret

    @classmethod
    def read(cls, value: Any, where: str = "") -> ObtainedToken:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            token=o.secret("token"),
        )


@dataclass(frozen=True, kw_only=True)
class TokenPair(Model):
    """An access token for `Authorization: Bearer …`, and the refresh token for the next one"""

    access: Secret
    refresh: Secret

    @classmethod
    def read(cls, value: Any, where: str = "") -> TokenPair:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            access=o.secret("access"),
            refresh=o.secret("refresh"),
        )


@dataclass(frozen=True, kw_only=True)
class Token(Model):
    """A personal token, without its secret"""

    id: str
    name: str
    last4: str
    last_used_at: datetime | None
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> Token:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            name=o.text("name"),
            last4=o.text("last4"),
            last_used_at=o.optional_time("last_used_at"),
            expires_at=o.optional_time("expires_at"),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class CreatedToken(Model):
    """A new personal token, with its secret"""

    id: str
    name: str
    last4: str
    last_used_at: datetime | None
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
    token: Secret
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> CreatedToken:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            name=o.text("name"),
            last4=o.text("last4"),
            last_used_at=o.optional_time("last_used_at"),
            expires_at=o.optional_time("expires_at"),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
            token=o.secret("token"),
        )


@dataclass(frozen=True, kw_only=True)
class Session(Model):
    """One sign-in in a browser"""

    id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    user_agent: str
    current: bool

    @classmethod
    def read(cls, value: Any, where: str = "") -> Session:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            created_at=o.time("created_at"),
            last_seen_at=o.time("last_seen_at"),
            expires_at=o.time("expires_at"),
            address=o.text("address"),
            user_agent=o.text("user_agent"),
            current=o.boolean("current"),
        )


@dataclass(frozen=True, kw_only=True)
class AccessToken(Model):
    """The token (RFC 6749 section 5.1)"""

    access_token: Secret
    token_type: str
    expires_in: int
    scope: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> AccessToken:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            access_token=o.secret("access_token"),
            token_type=o.text("token_type"),
            expires_in=o.integer("expires_in"),
            scope=o.text("scope"),
        )


@dataclass(frozen=True, kw_only=True)
class Introspection(Model):
    """The state of a token (RFC 7662 section 2.2); an inactive token has only `active`"""

    active: bool
    scope: str
    client_id: str
    token_type: str
    exp: int
    sub: str
    aud: str
    iss: str
    jti: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> Introspection:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            active=o.boolean("active"),
            scope=o.text("scope"),
            client_id=o.text("client_id"),
            token_type=o.text("token_type"),
            exp=o.integer("exp"),
            sub=o.text("sub"),
            aud=o.text("aud"),
            iss=o.text("iss"),
            jti=o.text("jti"),
        )


@dataclass(frozen=True, kw_only=True)
class AuthorizationServer(Model):
    """The metadata of this authorization server (RFC 8414)"""

    issuer: str
    token_endpoint: str
    introspection_endpoint: str
    revocation_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    introspection_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
    service_documentation: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> AuthorizationServer:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            issuer=o.text("issuer"),
            token_endpoint=o.text("token_endpoint"),
            introspection_endpoint=o.text("introspection_endpoint"),
            revocation_endpoint=o.text("revocation_endpoint"),
            jwks_uri=o.text("jwks_uri"),
            grant_types_supported=o.texts("grant_types_supported"),
            response_types_supported=o.texts("response_types_supported"),
            token_endpoint_auth_methods_supported=o.texts("token_endpoint_auth_methods_supported"),
            introspection_endpoint_auth_methods_supported=o.texts("introspection_endpoint_auth_methods_supported"),
            revocation_endpoint_auth_methods_supported=o.texts("revocation_endpoint_auth_methods_supported"),
            service_documentation=o.text("service_documentation"),
        )


@dataclass(frozen=True, kw_only=True)
class PublicKeys(Model):
    """A set of public keys (RFC 7517)"""

    keys: list[PublicKey]

    @classmethod
    def read(cls, value: Any, where: str = "") -> PublicKeys:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            keys=o.models("keys", PublicKey.read),
        )


@dataclass(frozen=True, kw_only=True)
class PublicKey(Model):
    """A public key that verifies signatures"""

    kty: str
    kid: str
    use: str
    alg: str
    #: Elliptic curve
    crv: str
    x: str
    y: str
    #: RSA
    n: str
    e: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> PublicKey:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            kty=o.text("kty"),
            kid=o.text("kid"),
            use=o.text("use"),
            alg=o.text("alg"),
            crv=o.text("crv"),
            x=o.text("x"),
            y=o.text("y"),
            n=o.text("n"),
            e=o.text("e"),
        )


@dataclass(frozen=True, kw_only=True)
class Certificate(Model):
    """A client certificate that acts as a service account"""

    id: str
    organization_id: str
    service_account_id: str
    name: str
    #: sha256:, dns:, uri: or email:, and the value
    match: str
    created_by: str
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> Certificate:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            organization_id=o.text("organization_id"),
            service_account_id=o.text("service_account_id"),
            name=o.text("name"),
            match=o.text("match"),
            created_by=o.text("created_by"),
            expires_at=o.optional_time("expires_at"),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class Me(Model):
    """The principal of a request"""

    kind: str
    id: str
    scheme: str
    email: str
    username: str
    name: str
    #: The language that the user chose
    language: str
    is_admin: bool
    roles: dict[str, Any]
    organization_id: str
    key_id: str
    scopes: list[str]

    @classmethod
    def read(cls, value: Any, where: str = "") -> Me:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            kind=o.text("kind"),
            id=o.text("id"),
            scheme=o.text("scheme"),
            email=o.text("email"),
            username=o.text("username"),
            name=o.text("name"),
            language=o.text("language"),
            is_admin=o.boolean("is_admin"),
            roles=o.mapping("roles"),
            organization_id=o.text("organization_id"),
            key_id=o.text("key_id"),
            scopes=o.texts("scopes"),
        )


@dataclass(frozen=True, kw_only=True)
class OTPEnrolment(Model):
    """What an authenticator app needs"""

    #: In Base32
    secret: Secret
    #: otpauth://, for a QR code
    url: Secret

    @classmethod
    def read(cls, value: Any, where: str = "") -> OTPEnrolment:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            secret=o.secret("secret"),
            url=o.secret("url"),
        )


@dataclass(frozen=True, kw_only=True)
class RecoveryCodes(Model):
    """Recovery codes; each replaces a one-time code once"""

    recovery_codes: list[Secret]

    @classmethod
    def read(cls, value: Any, where: str = "") -> RecoveryCodes:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            recovery_codes=o.secrets("recovery_codes"),
        )


@dataclass(frozen=True, kw_only=True)
class Identity(Model):
    """An account elsewhere that a user signs in with"""

    id: str
    provider: str
    #: ID of the account at the provider
    subject: str
    email: str
    created_at: datetime
    updated_at: datetime
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> Identity:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            provider=o.text("provider"),
            subject=o.text("subject"),
            email=o.text("email"),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class Invitation(Model):
    """An open invitation"""

    id: str
    organization_id: str
    email: str
    role: str
    created_by: str
    expires_at: datetime
    #: Link to accept the invitation, with its secret; only in the response that creates it, and only without a mail
    #: server
    link: Secret
    created_at: datetime
    updated_at: datetime
    #: The revision, for if_match. It is empty in lists.
    etag: str = ""

    @classmethod
    def read(cls, value: Any, where: str = "") -> Invitation:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            organization_id=o.text("organization_id"),
            email=o.text("email"),
            role=o.text("role"),
            created_by=o.text("created_by"),
            expires_at=o.time("expires_at"),
            link=o.secret("link"),
            created_at=o.time("created_at"),
            updated_at=o.time("updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class AuditEvent(Model):
    """What was done, by whom and from where"""

    id: str
    at: datetime
    action: str
    subject: AuditSubject
    object: AuditObject
    origin: AuditOrigin
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @classmethod
    def read(cls, value: Any, where: str = "") -> AuditEvent:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            at=o.time("at"),
            action=o.text("action"),
            subject=o.model("subject", AuditSubject.read),
            object=o.model("object", AuditObject.read),
            origin=o.model("origin", AuditOrigin.read),
            before=o.optional_mapping("before"),
            after=o.optional_mapping("after"),
        )


@dataclass(frozen=True, kw_only=True)
class UsagePoint(Model):
    """Number of verifications in one interval, for one group"""

    start: datetime
    #: An id, code or scope; null if results are not grouped
    group: str | None
    total: int
    #: Number of verifications by code
    codes: dict[str, Any]

    @classmethod
    def read(cls, value: Any, where: str = "") -> UsagePoint:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            start=o.time("start"),
            group=o.optional_text("group"),
            total=o.integer("total"),
            codes=o.mapping("codes"),
        )


@dataclass(frozen=True, kw_only=True)
class UsageReport(Model):
    """Usage by time and group"""

    from_: datetime
    to: datetime
    interval: str
    group_by: str | None
    items: list[UsagePoint]

    @classmethod
    def read(cls, value: Any, where: str = "") -> UsageReport:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            from_=o.time("from"),
            to=o.time("to"),
            interval=o.text("interval"),
            group_by=o.optional_text("group_by"),
            items=o.models("items", UsagePoint.read),
        )


@dataclass(frozen=True, kw_only=True)
class KeyUsage(Model):
    """Usage of one key by time and group"""

    from_: datetime
    to: datetime
    interval: str
    group_by: str | None
    items: list[UsagePoint]
    predecessor: Predecessor | None
    scopes: list[ScopeUse]

    @classmethod
    def read(cls, value: Any, where: str = "") -> KeyUsage:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            from_=o.time("from"),
            to=o.time("to"),
            interval=o.text("interval"),
            group_by=o.optional_text("group_by"),
            items=o.models("items", UsagePoint.read),
            predecessor=o.optional_model("predecessor", Predecessor.read),
            scopes=o.models("scopes", ScopeUse.read),
        )


@dataclass(frozen=True, kw_only=True)
class Predecessor(Model):
    """The key that was rotated"""

    key_id: str
    uses_last_hour: int
    uses_last_24_hours: int
    last_used_at: datetime | None
    last_used_ip: str | None

    @classmethod
    def read(cls, value: Any, where: str = "") -> Predecessor:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            key_id=o.text("key_id"),
            uses_last_hour=o.integer("uses_last_hour"),
            uses_last_24_hours=o.integer("uses_last_24_hours"),
            last_used_at=o.optional_time("last_used_at"),
            last_used_ip=o.optional_text("last_used_ip"),
        )


@dataclass(frozen=True, kw_only=True)
class ScopeUse(Model):
    """The day on which a granted scope was last requested"""

    scope: str
    #: null if not in the last 90 days
    last_asked_on: str | None

    @classmethod
    def read(cls, value: Any, where: str = "") -> ScopeUse:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            scope=o.text("scope"),
            last_asked_on=o.optional_text("last_asked_on"),
        )


@dataclass(frozen=True, kw_only=True)
class Refusal(Model):
    """A refused verification"""

    at: datetime
    code: str
    ip: str | None
    detail: str
    #: Method of the request that carried the key; null unless a trusted gateway told it, see
    #: `LATCHKEY_FORWARDED_REQUEST`
    method: str | None
    #: Path of that request, without its query: at most 200 bytes, the rest is cut; null as well
    path: str | None

    @classmethod
    def read(cls, value: Any, where: str = "") -> Refusal:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            at=o.time("at"),
            code=o.text("code"),
            ip=o.optional_text("ip"),
            detail=o.text("detail"),
            method=o.optional_text("method"),
            path=o.optional_text("path"),
        )


@dataclass(frozen=True, kw_only=True)
class Decision(Model):
    """The decision; how much it says about a key depends on how far the checks came"""

    valid: bool
    code: str
    detail: str
    key_id: str
    name: str
    environment: str
    service_account: VerifiedAccount | None
    organization_id: str
    tier: str
    scopes: list[str]
    expires_at: datetime | None
    metadata: dict[str, Any]
    missing_scopes: list[str]
    rate_limit: LimitState | None
    quota: QuotaState | None
    steps: list[VerifyStep]

    @classmethod
    def read(cls, value: Any, where: str = "") -> Decision:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            valid=o.boolean("valid"),
            code=o.text("code"),
            detail=o.text("detail"),
            key_id=o.text("key_id"),
            name=o.text("name"),
            environment=o.text("environment"),
            service_account=o.optional_model("service_account", VerifiedAccount.read),
            organization_id=o.text("organization_id"),
            tier=o.text("tier"),
            scopes=o.texts("scopes"),
            expires_at=o.optional_time("expires_at"),
            metadata=o.mapping("metadata"),
            missing_scopes=o.texts("missing_scopes"),
            rate_limit=o.optional_model("rate_limit", LimitState.read),
            quota=o.optional_model("quota", QuotaState.read),
            steps=o.models("steps", VerifyStep.read),
        )


@dataclass(frozen=True, kw_only=True)
class AuditSubject(Model):
    """AuditSubject of the API."""

    kind: str
    id: str
    name: str
    key_id: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> AuditSubject:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            kind=o.text("kind"),
            id=o.text("id"),
            name=o.text("name"),
            key_id=o.text("key_id"),
        )


@dataclass(frozen=True, kw_only=True)
class AuditObject(Model):
    """AuditObject of the API."""

    type: str
    id: str
    organization_id: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> AuditObject:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            type=o.text("type"),
            id=o.text("id"),
            organization_id=o.text("organization_id"),
        )


@dataclass(frozen=True, kw_only=True)
class AuditOrigin(Model):
    """AuditOrigin of the API."""

    address: str
    user_agent: str
    request_id: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> AuditOrigin:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            address=o.text("address"),
            user_agent=o.text("user_agent"),
            request_id=o.text("request_id"),
        )


@dataclass(frozen=True, kw_only=True)
class VerifiedAccount(Model):
    """VerifiedAccount of the API."""

    id: str
    name: str
    external_id: str
    metadata: dict[str, Any]

    @classmethod
    def read(cls, value: Any, where: str = "") -> VerifiedAccount:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            id=o.text("id"),
            name=o.text("name"),
            external_id=o.text("external_id"),
            metadata=o.mapping("metadata"),
        )


@dataclass(frozen=True, kw_only=True)
class LimitState(Model):
    """LimitState of the API."""

    limit: int
    remaining: int
    reset_after: timedelta
    #: What shares the limit: all nodes of the service, or only the node that answered
    scope: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> LimitState:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            limit=o.integer("limit"),
            remaining=o.integer("remaining"),
            reset_after=o.duration("reset_after"),
            scope=o.text("scope"),
        )


@dataclass(frozen=True, kw_only=True)
class QuotaState(Model):
    """QuotaState of the API."""

    limit: int
    remaining: int
    resets_at: datetime

    @classmethod
    def read(cls, value: Any, where: str = "") -> QuotaState:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            limit=o.integer("limit"),
            remaining=o.integer("remaining"),
            resets_at=o.time("resets_at"),
        )


@dataclass(frozen=True, kw_only=True)
class VerifyStep(Model):
    """VerifyStep of the API."""

    check: str
    outcome: str
    code: str
    detail: str
    change: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> VerifyStep:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            check=o.text("check"),
            outcome=o.text("outcome"),
            code=o.text("code"),
            detail=o.text("detail"),
            change=o.text("change"),
        )


@dataclass(frozen=True, kw_only=True)
class PartHealth(Model):
    """PartHealth of the API."""

    state: str
    #: Seconds since it last worked; left out if it never did
    last_success_seconds: float
    #: Kind of the latest error
    error: str
    #: How limits are currently decided
    mode: str

    @classmethod
    def read(cls, value: Any, where: str = "") -> PartHealth:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            state=o.text("state"),
            last_success_seconds=o.number("last_success_seconds"),
            error=o.text("error"),
            mode=o.text("mode"),
        )


@dataclass(frozen=True, kw_only=True)
class Alive(Model):
    """Alive of the API."""

    status: str
    version: str
    commit: str
    date: datetime

    @classmethod
    def read(cls, value: Any, where: str = "") -> Alive:
        """Read it from JSON."""
        o = Reader(value, where)
        return cls(
            status=o.text("status"),
            version=o.text("version"),
            commit=o.text("commit"),
            date=o.time("date"),
        )
