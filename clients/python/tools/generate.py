"""Writes the types and the calls of the API from openapi.yaml.

Run it with the path of openapi.yaml and the folder of the package. A test compares what it
writes with what is checked in.
"""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Schema = dict[str, Any]

#: What each service of the client is for.
SERVICES = {
    "keys": ("Keys", "Issues, rotates and revokes keys."),
    "accounts": ("Accounts", "Manages service accounts."),
    "certificates": (
        "Certificates",
        "Manages the client certificates that act as service accounts.",
    ),
    "organizations": ("Organizations", "Manages organizations."),
    "members": ("Members", "Manages the members of organizations."),
    "invitations": ("Invitations", "Invites people to organizations."),
    "incidents": (
        "Incidents",
        "Disables or revokes many keys at once. For the provider's staff.",
    ),
    "leaks": ("Leaks", "Reports leaked keys, and lists what was reported."),
    "imports": (
        "Imports",
        "Moves keys in from other systems, and everything out. For the provider's staff.",
    ),
    "webhooks": ("Webhooks", "Manages addresses that are told of events."),
    "deliveries": ("Deliveries", "Reads what webhooks were sent, and sends it again."),
    "tiers": ("Tiers", "Manages tiers. Only the provider's staff may change them."),
    "scopes": (
        "Scopes",
        "Manages the catalogue of scopes. Only the provider's staff may change it.",
    ),
    "users": ("Users", "Manages users. For the provider's staff."),
    "me": ("Self", "Reads and changes the caller."),
    "auth": ("Auth", "Signs up, signs in for tokens, and sets passwords."),
    "tokens": ("Tokens", "Manages the calling user's personal tokens."),
    "sessions": (
        "Sessions",
        "Signs in as a browser does. Other programs use tokens or keys.",
    ),
    "oauth": ("OAuth", "Obtains and checks access tokens of service accounts."),
    "audit": ("Audit", "Reads the audit log."),
    "usage": ("Usage", "Reads how often keys were verified."),
    "nodes": ("Nodes", "Reads which processes serve."),
    "service": ("Service", "Reads how the service is."),
}

#: The method of each operation.
METHODS = {
    "createKey": "keys.issue",
    "rotateKey": "keys.rotate",
    "revokeKey": "keys.revoke",
    "listKeys": "keys.list",
    "findKeys": "keys.find",
    "getKey": "keys.get",
    "changeKey": "keys.update",
    "replaceKey": "keys.replace",
    "deleteKey": "keys.delete",
    "resetKeyLimits": "keys.reset_limits",
    "listRefusals": "keys.refusals",
    "getKeyUsage": "keys.usage",
    "createServiceAccount": "accounts.create",
    "listServiceAccounts": "accounts.list",
    "getServiceAccount": "accounts.get",
    "changeServiceAccount": "accounts.update",
    "replaceServiceAccount": "accounts.replace",
    "deleteServiceAccount": "accounts.delete",
    "transferServiceAccount": "accounts.transfer",
    "setOverride": "accounts.set_override",
    "endOverride": "accounts.end_override",
    "resetAccountLimits": "accounts.reset_limits",
    "addCertificate": "certificates.add",
    "listCertificates": "certificates.list",
    "getCertificate": "certificates.get",
    "removeCertificate": "certificates.remove",
    "createOrganization": "organizations.create",
    "listOrganizations": "organizations.list",
    "getOrganization": "organizations.get",
    "changeOrganization": "organizations.update",
    "replaceOrganization": "organizations.replace",
    "deleteOrganization": "organizations.delete",
    "addMember": "members.add",
    "listMembers": "members.list",
    "getMember": "members.get",
    "changeMember": "members.update",
    "replaceMember": "members.replace",
    "removeMember": "members.remove",
    "listInvitations": "invitations.list",
    "invite": "invitations.create",
    "withdrawInvitation": "invitations.withdraw",
    "acceptInvitation": "invitations.accept",
    "createIncident": "incidents.create",
    "listIncidents": "incidents.list",
    "getIncident": "incidents.get",
    "continueIncident": "incidents.continue_",
    "undoIncident": "incidents.undo",
    "revokeHeld": "leaks.revoke",
    "reportLeak": "leaks.report",
    "keyShape": "leaks.shape",
    "listLeaks": "leaks.list",
    "listExposures": "leaks.exposures",
    "listImports": "imports.list",
    "getImport": "imports.get",
    "getImportsInUse": "imports.in_use",
    "listWebhooks": "webhooks.list",
    "listWebhookEventTypes": "webhooks.event_types",
    "createWebhook": "webhooks.create",
    "getWebhook": "webhooks.get",
    "changeWebhook": "webhooks.update",
    "deleteWebhook": "webhooks.delete",
    "rotateWebhookSecret": "webhooks.rotate_secret",
    "testWebhook": "webhooks.test",
    "resendWebhookRange": "webhooks.resend_range",
    "listWebhookDeliveries": "deliveries.list",
    "getWebhookDelivery": "deliveries.get",
    "resendWebhookDelivery": "deliveries.resend",
    "createTier": "tiers.create",
    "listTiers": "tiers.list",
    "getTier": "tiers.get",
    "changeTier": "tiers.update",
    "replaceTier": "tiers.replace",
    "deleteTier": "tiers.delete",
    "previewTier": "tiers.preview",
    "createScope": "scopes.create",
    "listScopes": "scopes.list",
    "getScope": "scopes.get",
    "changeScope": "scopes.update",
    "replaceScope": "scopes.replace",
    "deleteScope": "scopes.delete",
    "getScopeHolders": "scopes.holders",
    "renameScope": "scopes.rename",
    "retireScope": "scopes.retire",
    "restoreScope": "scopes.restore",
    "createUser": "users.create",
    "listUsers": "users.list",
    "getUser": "users.get",
    "changeUser": "users.update",
    "replaceUser": "users.replace",
    "deleteUser": "users.delete",
    "resetOTP": "users.reset_otp",
    "me": "me.get",
    "changeMe": "me.update",
    "replaceMe": "me.replace",
    "beginOTP": "me.begin_otp",
    "enableOTP": "me.enable_otp",
    "disableOTP": "me.disable_otp",
    "listIdentities": "me.identities",
    "unlinkIdentity": "me.unlink_identity",
    "signUp": "auth.sign_up",
    "confirmEmail": "auth.confirm_email",
    "forgotPassword": "auth.forgot_password",
    "resetPassword": "auth.reset_password",
    "changePassword": "auth.change_password",
    "refreshToken": "auth.refresh_token_pair",
    "verifyToken": "auth.verify_token",
    "blacklistToken": "auth.end_token_pair",
    "createToken": "tokens.create",
    "listTokens": "tokens.list",
    "getToken": "tokens.get",
    "revokeToken": "tokens.revoke",
    "getSession": "sessions.get",
    "signOut": "sessions.sign_out",
    "confirmSession": "sessions.confirm",
    "listSessions": "sessions.list",
    "endSession": "sessions.end",
    "signOutEverywhere": "sessions.end_all",
    "oauthMetadata": "oauth.metadata",
    "jwks": "oauth.keys",
    "listAuditEvents": "audit.list",
    "getUsage": "usage.get",
    "listNodes": "nodes.list",
    "healthz": "service.health",
    "readyz": "service.ready",
    "metrics": "service.metrics",
    "contract": "service.contract",
}

#: Operations whose methods are written by hand, below or in the clients.
BY_HAND = {
    "verifySelf",
    "verifyAsked",
    "obtainToken",
    "signIn",
    "oauthToken",
    "oauthIntrospect",
    "oauthRevoke",
    "createImport",
    "getExport",
}

#: Operations that no program asks for.
LEFT_OUT = {
    "apiRoot": "links for a browser",
    "listClients": "another name of /api/service-accounts",
    "reference": "a page for people",
    "gitleaksRule": "a file for gitleaks",
    "trufflehogDetector": "a file for trufflehog",
    "reportLeakGitHub": "GitHub asks for it",
    "reportLeakSigned": "partners of the provider ask for it",
    "gitLabTokenTypes": "GitLab asks for it",
    "reportLeakGitLab": "GitLab asks for it",
}

#: POSTs that change nothing, so they may be sent again.
READS = {"findKeys", "previewTier", "verifyToken"}
#: Those whose answer may have lost its secret, and the member that has it.
SECRETS_LOST = {"createKey": "key", "rotateKey": "key"}

#: Names for objects that have none in the contract.
INLINE = {
    "AuditEvent.subject": "AuditSubject",
    "AuditEvent.object": "AuditObject",
    "AuditEvent.origin": "AuditOrigin",
    "Decision.service_account": "VerifiedAccount",
    "Decision.rate_limit": "LimitState",
    "Decision.quota": "QuotaState",
    "Decision.steps": "VerifyStep",
    "Health.checks": "PartHealth",
}

#: Members of answers and arguments of calls that are secret.
SECRET_MEMBERS = {
    "IssuedKey.key",
    "ObtainedToken.token",
    "TokenPair.access",
    "TokenPair.refresh",
    "CreatedToken.token",
    "AccessToken.access_token",
    "OTPEnrolment.secret",
    "OTPEnrolment.url",
    "Invitation.link",
}
SECRET_LISTS = {"RecoveryCodes.recovery_codes"}
SECRET_ARGUMENTS = {
    "password",
    "old_password",
    "current_password",
    "token",
    "refresh",
    "code",
    "find",
    "key",
    "keys",
    "invitation",
}

HEAD = '"""{what}\n\nGenerated from openapi.yaml by tools/generate.py. Do not edit.\n"""\n\nfrom __future__ import annotations\n'

BY_HAND_METHODS = {
    "auth": '''
    {d}def obtain_token(self, username: str, password: str, *, code: str | Unset = UNSET) -> ObtainedToken:
        """Sign in by username for an opaque token, for use with user_token."""
        call = Call("POST", "/api/token", body=body(username=username, password=password, code=code), anonymous=True)
        del password, code
        return {a}self._client._ask(call, ObtainedToken.read)

    {d}def obtain_token_pair(self, email: str, password: str, *, code: str | Unset = UNSET) -> TokenPair:
        """Sign in by e-mail address for signed tokens. The access token is for use with bearer_token."""
        call = Call("POST", "/api/token", body=body(email=email, password=password, code=code), anonymous=True)
        del password, code
        return {a}self._client._ask(call, TokenPair.read)
''',
    "sessions": '''
    {d}def sign_in(
        self, password: str, *, username: str | Unset = UNSET, email: str | Unset = UNSET, code: str | Unset = UNSET
    ) -> tuple[Me, Credential]:
        """Sign in. Return the user, and the session for use with with_credential."""
        members = body(username=username, email=email, password=password, code=code)
        del password, code
        call = Call("POST", "/api/session", body=members, anonymous=True)
        answer = {a}self._client._send(call)
        return read_answer(call, answer, lambda a: (Me.read(a.json()), session_of(a)))
''',
    "oauth": '''
    {d}def token(self, client_id: str, client_secret: str, *, scopes: Sequence[str] = ()) -> AccessToken:
        """Obtain an access token with a service account and one of its keys, for the scopes or all of the key's."""
        form = oauth_form(client_id, client_secret, grant_type="client_credentials", scope=" ".join(scopes))
        del client_secret
        call = Call("POST", "/oauth/token", form=form, anonymous=True, reads=True)
        return {a}self._client._ask(call, AccessToken.read)

    {d}def introspect(self, client_id: str, client_secret: str, token: str) -> Introspection:
        """Describe an access token or key. The client needs the scope latchkey:verify."""
        form = oauth_form(client_id, client_secret, token=token)
        del client_secret, token
        call = Call("POST", "/oauth/introspect", form=form, anonymous=True, reads=True)
        return {a}self._client._ask(call, Introspection.read)

    {d}def revoke(self, client_id: str, client_secret: str, token: str) -> None:
        """Revoke an access token that was issued to the client."""
        form = oauth_form(client_id, client_secret, token=token)
        del client_secret, token
        {a}self._client._send(Call("POST", "/oauth/revoke", form=form, anonymous=True, reads=True))
''',
    "imports": '''
    {d}def create(
        self,
        file: bytes,
        *,
        format: str = "jsonl",
        organization: str | Unset = UNSET,
        tier: str | Unset = UNSET,
        scopes: Sequence[str] = (),
        accept_weak: bool | Unset = UNSET,
        dry_run: bool | Unset = UNSET,
    ) -> Import:
        """Import the keys of a file in JSON Lines or CSV. It continues after the answer: ask get until it is done or failed."""
        query = {{
            "format": format,
            "organization": organization,
            "tier": tier,
            "scopes": ",".join(scopes) or UNSET,
            "accept_weak": accept_weak,
            "dry_run": dry_run,
        }}
        kind = "text/csv" if format == "csv" else "application/jsonl"
        call = Call("POST", "/api/imports", query=query, content=file, headers={{"Content-Type": kind}})
        del file
        return {a}self._client._ask(call, Import.read)

    {d}def export(self, *, hashes: bool | Unset = UNSET) -> bytes:
        """Return everything as JSON Lines, if that is no longer than max_body."""
        return ({a}self._client._send(Call("GET", "/api/export", query={{"hashes": hashes}}, raw=True))).body
''',
    "usage": '''
    {d}def csv(
        self,
        *,
        organization_id: str | Unset = UNSET,
        service_account_id: str | Unset = UNSET,
        from_: datetime | Unset = UNSET,
        to: datetime | Unset = UNSET,
        interval: str | Unset = UNSET,
        group_by: str | Unset = UNSET,
    ) -> bytes:
        """Return the report as CSV."""
        query = {{
            "organization_id": organization_id,
            "service_account_id": service_account_id,
            "from": from_,
            "to": to,
            "interval": interval,
            "group_by": group_by,
            "format": "csv",
        }}
        return ({a}self._client._send(Call("GET", "/api/usage", query=query, raw=True))).body
''',
}


def variable(name: str) -> str:
    """Return the name as Python may have it."""
    return name + "_" if keyword.iskeyword(name) else name


def sentence(text: str) -> str:
    """Return the first paragraph on one line."""
    return " ".join(text.split("\n\n")[0].split())


class Contract:
    """openapi.yaml."""

    def __init__(self, text: str) -> None:
        self.document: dict[str, Any] = yaml.safe_load(text)
        self.schemas: dict[str, Schema] = dict(self.document["components"]["schemas"])
        self.parameters: dict[str, Schema] = self.document["components"]["parameters"]
        for place, name in INLINE.items():
            parent, member = place.split(".")
            schema = self.schemas[parent]["properties"][member]
            self.schemas[name] = schema.get("items") or (
                schema["additionalProperties"] if isinstance(schema.get("additionalProperties"), dict) else schema
            )
        alive = self.document["paths"]["/healthz"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        self.schemas["Alive"] = alive

    def resolve(self, schema: Schema) -> tuple[str, Schema]:
        """Follow references to what is not an object of its own. Return the name of an object, if it is one."""
        while "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            schema = self.schemas[name]
            if "properties" in schema:
                return name, schema
        return "", schema

    def operations(self) -> list[Operation]:
        return [
            Operation(self, method.upper(), path, operation, item.get("parameters", []))
            for path, item in self.document["paths"].items()
            for method, operation in item.items()
            if method in ("get", "post", "put", "patch", "delete")
        ]


@dataclass(frozen=True)
class Kind:
    """How a value is typed and read."""

    type: str
    reader: str  # the method of Reader
    of: str = ""  # the class that reads it
    optional: bool = False


def kind_of(contract: Contract, schema: Schema, place: str) -> Kind:
    """Return the kind of the schema."""
    schema, optional = without_null(schema)
    if place in SECRET_MEMBERS:
        return Kind("Secret", "secret")
    name, resolved = contract.resolve(schema)
    resolved, also = without_null(resolved)
    optional = optional or also
    name = INLINE.get(place, name)
    types = resolved.get("type")
    if types == "array":
        return array(contract, resolved, place, optional)
    if name and place in ("Health.checks",):
        return Kind(f"dict[str, {name}]", "models_by_name", name)
    if name:
        return Kind(
            name,
            "optional_model" if optional else "model",
            {"ChangeRule": "Rule", "ChangeQuota": "Quota"}.get(name, name),
            optional,
        )
    if types == "string":
        return scalar(text_kind(resolved, place), optional)
    plain = {
        "integer": ("int", "integer"),
        "boolean": ("bool", "boolean"),
        "number": ("float", "number"),
    }
    if types in plain:
        return scalar(plain[types], optional)
    return scalar(("dict[str, Any]", "mapping"), optional)


def scalar(of: tuple[str, str], optional: bool) -> Kind:
    return Kind(of[0], ("optional_" if optional else "") + of[1], optional=optional)


def array(contract: Contract, schema: Schema, place: str, optional: bool) -> Kind:
    name, item = contract.resolve(schema["items"])
    name = INLINE.get(place, name)
    if name:
        return Kind(f"list[{name}]", "models", name)
    if item.get("type") == "integer":
        return Kind("list[int]", "integers")
    if place in SECRET_LISTS:
        return Kind("list[Secret]", "secrets")
    return Kind("list[str]", "optional_texts" if optional else "texts", optional=optional)


def text_kind(schema: Schema, place: str) -> tuple[str, str]:
    if schema.get("format") == "date-time":
        return "datetime", "time"
    durations = ("ns|us", "max_stale", "reset_after")
    if durations[0] in schema.get("pattern", "") or place.endswith(durations[1:]):
        return "timedelta", "duration"
    return "str", "text"


def without_null(schema: Schema) -> tuple[Schema, bool]:
    """Return the schema without null, and whether it had one."""
    if "oneOf" in schema:
        others = [s for s in schema["oneOf"] if s.get("type") != "null"]
        if len(others) == 1:
            return others[0], len(others) < len(schema["oneOf"])
    if isinstance(schema.get("type"), list):
        others = [t for t in schema["type"] if t != "null"]
        return {**schema, "type": others[0]}, True
    return schema, False


#: What may be null in an answer because an older or newer service leaves it out.
NULLABLE = {
    "Decision.service_account",
    "Decision.rate_limit",
    "Decision.quota",
    "Decision.expires_at",
}


def models(contract: Contract) -> str:
    """Return the module of the answers' types."""
    names = answered(contract)
    out = [HEAD.format(what="The objects of the API."), "\n"]
    out.append("from dataclasses import dataclass\nfrom datetime import datetime, timedelta\nfrom typing import Any\n\n")
    out.append("from ._wire import Model, Reader, Secret\n\n__all__ = [\n")
    out += [f'    "{name}",\n' for name in sorted(names)]
    out.append("]\n")
    for name in names:
        out.append(model(contract, name))
    return "".join(out)


def answered(contract: Contract) -> list[str]:
    """Return the names of all objects in answers, in the order of the contract."""
    found: set[str] = set()

    def walk(schema: Schema) -> None:
        if isinstance(schema, list):
            for one in schema:
                walk(one)
        if not isinstance(schema, dict):
            return
        if schema.get("$ref", "").startswith("#/components/schemas/"):
            name = schema["$ref"].rsplit("/", 1)[1]
            if name not in found:
                found.add(name)
                walk(contract.schemas[name])
        for value in schema.values():
            walk(value)

    for operation in contract.operations():
        if operation.id not in LEFT_OUT:
            for status, response in operation.responses.items():
                if status.startswith("2"):
                    walk(response)
    found |= set(INLINE.values()) | {"Alive"}
    return [name for name in contract.schemas if name in found and "properties" in contract.schemas[name]]


def model(contract: Contract, name: str) -> str:
    schema = contract.schemas[name]
    fields, reads = [], []
    for member, of in schema["properties"].items():
        place = f"{name}.{member}"
        kind = kind_of(contract, of, place)
        optional = kind.optional or place in NULLABLE
        reader = kind.reader
        if place in NULLABLE and not kind.optional:
            reader = "optional_" + reader
        as_type = f"{kind.type} | None" if optional else kind.type
        about = sentence(of.get("description", ""))
        if about:
            fields.append("".join(f"    #: {line}\n" for line in wrapped(about, 110)))
        default = " = None" if place == "Rule.burst" else ""
        fields.append(f"    {variable(member)}: {as_type}{default}\n")
        argument = f", {kind.of}.read" if kind.of else ""
        reads.append(f'            {variable(member)}=o.{reader}("{member}"{argument}),\n')
    if {"created_at", "updated_at"} <= set(schema["properties"]):
        fields.append("    #: The revision, for if_match. It is empty in lists.\n")
        fields.append('    etag: str = ""\n')
    about = sentence(schema.get("description", "")) or f"{name} of the API."
    doc = "\n    ".join(wrapped(about, 110))
    if "\n" in doc:
        doc += "\n    "
    return (
        f"\n\n@dataclass(frozen=True, kw_only=True)\nclass {name}(Model):\n"
        f'    """{doc}"""\n\n{"".join(fields)}\n'
        f'    @classmethod\n    def read(cls, value: Any, where: str = "") -> {name}:\n'
        f'        """Read it from JSON."""\n        o = Reader(value, where)\n        return cls(\n{"".join(reads)}        )\n'
    )


def wrapped(text: str, width: int) -> list[str]:
    lines, line = [], ""
    for word in text.replace("\\", "").split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


class Operation:
    """One operation of the contract."""

    def __init__(
        self,
        contract: Contract,
        method: str,
        path: str,
        operation: Schema,
        shared: list[Schema],
    ) -> None:
        self.contract, self.method, self.path = contract, method, path
        self.id: str = operation["operationId"]
        self.summary: str = operation.get("summary", "")
        self.responses: dict[str, Schema] = operation["responses"]
        self.anonymous = operation.get("security") == [{}]
        given = [
            contract.parameters[p["$ref"].rsplit("/", 1)[1]] if "$ref" in p else p for p in [*shared, *operation.get("parameters", [])]
        ]
        named = {p["name"]: p for p in given}
        self.params = re.findall(r"\{([a-z_]+)\}", path)
        self.query = [p for p in given if p["in"] == "query" and p["name"] not in ("limit", "cursor", "format")]
        self.paged = "cursor" in named
        self.if_match = "If-Match" in named
        self.once = "Idempotency-Key" in named
        self.format = "format" in named
        content = operation.get("requestBody", {}).get("content", {})
        first: Schema = next(iter(content.values()))["schema"] if content else {}
        _, self.body = contract.resolve(first) if first else ("", {})
        self.required = set(self.body.get("required", []))

    @property
    def answer(self) -> tuple[str, str]:
        """Return what it answers: nothing, one, items or raw, and of which type."""
        for status, response in self.responses.items():
            if not status.startswith("2") or "content" not in response:
                continue
            content = response["content"]
            if "application/json" not in content and not any("json" in c for c in content):
                return "raw", "bytes"
            schema = next(v for c, v in content.items() if "json" in c)["schema"]
            if schema.get("$ref", "").endswith("/Nothing"):
                return "nothing", "None"
            name, resolved = self.contract.resolve(schema)
            if name:
                return "one", name
            if "items" in resolved.get("properties", {}):
                return "items", self.contract.resolve(resolved["properties"]["items"]["items"])[0]
            return "one", "Alive"
        return "nothing", "None"


#: Names of path parameters where "id" says too little.
PATH_NAMES = {
    "members": {"id": "organization_id"},
    "invitations": {"id": "organization_id"},
    "certificates": {"id": "service_account_id"},
}


class Method:
    """The method of an operation."""

    def __init__(self, operation: Operation, asynchronous: bool) -> None:
        self.op = operation
        self.service, self.name = METHODS[operation.id].split(".")
        self.define, self.wait = ("async def", "await ") if asynchronous else ("def", "")
        self.asynchronous = asynchronous

    def path_name(self, name: str) -> str:
        return PATH_NAMES.get(self.service, {}).get(name, name)

    def member(self, name: str) -> str:
        """Return the argument for the member of the body. That of a renaming is not the name in the path."""
        return "new_" + name if name in self.op.params else variable(name)

    def arguments(self) -> list[str]:
        """Return the parameters, those of the path first."""
        required, optional = [], []
        for name, schema in self.op.body.get("properties", {}).items():
            of = self.argument_type(schema)
            if name in self.op.required:
                required.append(f"{self.member(name)}: {of}")
            else:
                optional.append(f"{self.member(name)}: {of} | Unset = UNSET")
        for p in self.op.query:
            optional.append(f"{variable(p['name'])}: {self.argument_type(p['schema'])} | Unset = UNSET")
        if self.op.if_match:
            optional.append("if_match: str | None = None")
        if self.op.once:
            optional.append("idempotency_key: str | None = None")
        lone = len(required) == 1 and not optional and not self.op.params
        positional = [f"{self.path_name(p)}: str" for p in self.op.params]
        if lone:
            return positional + required
        rest = required + optional
        return positional + (["*", *rest] if rest else [])

    def argument_type(self, schema: Schema) -> str:
        kind = kind_of(self.op.contract, schema, f"{self.op.id}.argument")
        of = kind.type
        if of.startswith("list["):
            of = "Sequence[" + of[5:]
        of = of.replace("ChangeRule", "Rule").replace("ChangeQuota", "Quota").replace("dict[str, Any]", "Mapping[str, Any]")
        if of in ("Rule", "Quota"):
            of += " | Mapping[str, Any]"
        return of + (" | None" if kind.optional else "")

    def call(self) -> str:
        op = self.op
        parts = [f'"{op.method}"', f'"{op.path}"']
        if op.params:
            parts.append("params=(" + "".join(self.path_name(p) + ", " for p in op.params).rstrip() + ")")
        query = [f'"{p["name"]}": {variable(p["name"])}' for p in op.query]
        if op.paged:
            query = ['"limit": limit', '"cursor": cursor', *query]
        if op.format:
            query.append('"format": "json"')
        if query:
            parts.append("query={" + ", ".join(query) + "}")
        if op.body:
            parts.append("body=body(" + ", ".join(f"{variable(n)}={self.member(n)}" for n in op.body["properties"]) + ")")
        if op.if_match:
            parts.append("if_match=if_match")
        if op.once:
            parts += ["once=True", "idempotency_key=idempotency_key"]
        if op.id in READS:
            parts.append("reads=True")
        if op.anonymous:
            parts.append("anonymous=True")
        if op.answer[0] == "raw":
            parts.append("raw=True")
        if op.id == "readyz":
            parts.append("refusals=lambda a: a.status == 503 and a.media_type == 'application/json'")
        return "Call(" + ", ".join(parts) + ")"

    def write(self) -> str:
        what, of = self.op.answer
        arguments = self.arguments()
        if self.op.paged:
            arguments += ([] if "*" in arguments else ["*"]) + [
                "limit: int | Unset = UNSET",
                "cursor: str | Unset = UNSET",
            ]
        returns = {
            "nothing": "None",
            "one": of,
            "raw": "bytes",
            "items": f"Page[{of}]" if self.op.paged else f"builtins.list[{of}]",
        }[what]
        text = self.head(self.define, self.name, arguments, returns, self.op.summary)
        text += f"        call = {self.call()}\n"
        hidden = [n for n in self.op.body.get("properties", {}) if n in SECRET_ARGUMENTS]
        if hidden:
            text += f"        del {', '.join(hidden)}\n"
        text += self.returns(what, of)
        return text + (self.all(of) if self.op.paged else "")

    def returns(self, what: str, of: str) -> str:
        if what == "nothing":
            return f"        {self.wait}self._client._send(call)\n"
        if what == "raw":
            return f"        return ({self.wait}self._client._send(call)).body\n"
        if what == "items":
            read = f"page_of({of}.read)" if self.op.paged else f"items_of({of}.read)"
            return f"        return {self.wait}self._client._ask(call, {read})\n"
        if lost := SECRETS_LOST.get(self.op.id):
            return f'        return with_secret({self.wait}self._client._ask(call, {of}.read), "{lost}", call.operation)\n'
        return f"        return {self.wait}self._client._ask(call, {of}.read)\n"

    def all(self, of: str) -> str:
        """Return the method that yields all objects."""
        arguments = self.arguments()
        names = [a.partition(":")[0] for a in arguments if a != "*"]
        text = self.head(
            "def",
            "all",
            arguments,
            f"{'AsyncIterator' if self.asynchronous else 'Iterator'}[{of}]",
            "Yield all of them, page by page",
        )
        passed = ", ".join(names[: len(self.op.params)] + [f"{n}={n}" for n in names[len(self.op.params) :]])
        walk = "awalk" if self.asynchronous else "walk"
        return text + f"        return {walk}(lambda cursor: self.list({passed}{', ' if passed else ''}limit=200, cursor=cursor))\n"

    def head(self, define: str, name: str, arguments: list[str], returns: str, summary: str) -> str:
        lines = "".join(f", {a}" for a in arguments)
        doc = sentence(summary).rstrip(".")
        return f'\n    {define} {name}(self{lines}) -> {returns}:\n        """{doc}."""\n'


def services(contract: Contract, asynchronous: bool) -> str:
    """Return the module of the services' calls."""
    by_service: dict[str, list[str]] = {name: [] for name in SERVICES}
    for operation in contract.operations():
        if operation.id in LEFT_OUT or operation.id in BY_HAND:
            continue
        method = Method(operation, asynchronous)
        by_service[method.service].append(method.write())
    prefix = "Async" if asynchronous else ""
    names = [f"{prefix}{title}Service" for title, _ in SERVICES.values()]
    out = [
        HEAD.format(what=f"The calls of the API, {'asynchronous' if asynchronous else 'synchronous'}."),
        "\n",
    ]
    iterator = "AsyncIterator" if asynchronous else "Iterator"
    out.append(f"import builtins\nfrom collections.abc import {iterator}, Mapping, Sequence\n")
    out.append("from datetime import datetime, timedelta\nfrom typing import TYPE_CHECKING, Any\n\n")
    out.append("from ._credential import Credential\nfrom ._models import *\n")
    walk = "awalk" if asynchronous else "walk"
    out.append(f"from ._paging import Page, {walk}, items_of, page_of\nfrom ._reading import read_answer\nfrom ._request import Call\n")
    out.append("from ._secrets import oauth_form, session_of, with_secret\nfrom ._wire import UNSET, Unset, body\n\n")
    client = "AsyncLatchkey" if asynchronous else "Latchkey"
    out.append(f"if TYPE_CHECKING:\n    from ._{'async_client' if asynchronous else 'client'} import {client}\n\n__all__ = [\n")
    out += [f'    "{name}",\n' for name in sorted(names)]
    out.append("]\n")
    for service, (title, about) in SERVICES.items():
        out.append(f'\n\nclass {prefix}{title}Service:\n    """{about}"""\n\n')
        out.append(f"    def __init__(self, client: {client}) -> None:\n        self._client = client\n")
        out += by_service[service]
        if by_hand := BY_HAND_METHODS.get(service):
            out.append(
                by_hand.format(
                    d="async " if asynchronous else "",
                    a="await " if asynchronous else "",
                )
            )
    return "".join(out)


def main() -> None:
    """Write the modules."""
    contract = Contract(Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder = Path(sys.argv[2])
    for name, text in (
        ("_models.py", models(contract)),
        ("_services.py", services(contract, asynchronous=False)),
        ("_async_services.py", services(contract, asynchronous=True)),
    ):
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
