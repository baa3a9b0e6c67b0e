"""The calls of the API, synchronous.

Generated from openapi.yaml by tools/generate.py. Do not edit.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ._credential import Credential
from ._models import *
from ._paging import Page, items_of, page_of, walk
from ._reading import read_answer
from ._request import Call
from ._secrets import oauth_form, session_of, with_secret
from ._wire import UNSET, Unset, body

if TYPE_CHECKING:
    from ._client import Latchkey

__all__ = [
    "AccountsService",
    "AuditService",
    "AuthService",
    "CertificatesService",
    "DeliveriesService",
    "ImportsService",
    "IncidentsService",
    "InvitationsService",
    "KeysService",
    "LeaksService",
    "MembersService",
    "NodesService",
    "OAuthService",
    "OrganizationsService",
    "ScopesService",
    "SelfService",
    "ServiceService",
    "SessionsService",
    "TiersService",
    "TokensService",
    "UsageService",
    "UsersService",
    "WebhooksService",
]


class KeysService:
    """Issues, rotates and revokes keys."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def list(
        self,
        *,
        organization_id: str | Unset = UNSET,
        service_account_id: str | Unset = UNSET,
        environment: str | Unset = UNSET,
        status: str | Unset = UNSET,
        expiring_before: datetime | Unset = UNSET,
        q: str | Unset = UNSET,
        limit: int | Unset = UNSET,
        cursor: str | Unset = UNSET,
    ) -> Page[Key]:
        """List keys."""
        call = Call(
            "GET",
            "/api/keys",
            query={
                "limit": limit,
                "cursor": cursor,
                "organization_id": organization_id,
                "service_account_id": service_account_id,
                "environment": environment,
                "status": status,
                "expiring_before": expiring_before,
                "q": q,
            },
        )
        return self._client._ask(call, page_of(Key.read))

    def all(
        self,
        *,
        organization_id: str | Unset = UNSET,
        service_account_id: str | Unset = UNSET,
        environment: str | Unset = UNSET,
        status: str | Unset = UNSET,
        expiring_before: datetime | Unset = UNSET,
        q: str | Unset = UNSET,
    ) -> Iterator[Key]:
        """Yield all of them, page by page."""
        return walk(
            lambda cursor: self.list(
                organization_id=organization_id,
                service_account_id=service_account_id,
                environment=environment,
                status=status,
                expiring_before=expiring_before,
                q=q,
                limit=200,
                cursor=cursor,
            )
        )

    def issue(
        self,
        *,
        service_account_id: str,
        name: str,
        environment: str | Unset | None = UNSET,
        note: str | Unset | None = UNSET,
        scopes: Sequence[str] | Unset | None = UNSET,
        allowed_networks: Sequence[str] | Unset | None = UNSET,
        rate_limit: Rule | Mapping[str, Any] | Unset | None = UNSET,
        expires_at: datetime | Unset | None = UNSET,
        not_before: datetime | Unset | None = UNSET,
        metadata: Mapping[str, Any] | Unset | None = UNSET,
        disabled: bool | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> IssuedKey:
        """Issue a key."""
        call = Call(
            "POST",
            "/api/keys",
            body=body(
                service_account_id=service_account_id,
                environment=environment,
                name=name,
                note=note,
                scopes=scopes,
                allowed_networks=allowed_networks,
                rate_limit=rate_limit,
                expires_at=expires_at,
                not_before=not_before,
                metadata=metadata,
                disabled=disabled,
            ),
            once=True,
            idempotency_key=idempotency_key,
        )
        return with_secret(self._client._ask(call, IssuedKey.read), "key", call.operation)

    def find(self, find: str) -> builtins.list[Key]:
        """Find keys by what you know of them."""
        call = Call("POST", "/api/keys/find", body=body(find=find), reads=True)
        del find
        return self._client._ask(call, items_of(Key.read))

    def get(self, id: str) -> Key:
        """Get a key."""
        call = Call("GET", "/api/keys/{id}", params=(id,))
        return self._client._ask(call, Key.read)

    def update(
        self,
        id: str,
        *,
        name: str | Unset = UNSET,
        note: str | Unset | None = UNSET,
        scopes: Sequence[str] | Unset | None = UNSET,
        allowed_networks: Sequence[str] | Unset | None = UNSET,
        rate_limit: Rule | Mapping[str, Any] | Unset | None = UNSET,
        expires_at: datetime | Unset | None = UNSET,
        not_before: datetime | Unset | None = UNSET,
        metadata: Mapping[str, Any] | Unset | None = UNSET,
        disabled: bool | Unset | None = UNSET,
        if_match: str | None = None,
    ) -> Key:
        """Update a key."""
        call = Call(
            "PATCH",
            "/api/keys/{id}",
            params=(id,),
            body=body(
                name=name,
                note=note,
                scopes=scopes,
                allowed_networks=allowed_networks,
                rate_limit=rate_limit,
                expires_at=expires_at,
                not_before=not_before,
                metadata=metadata,
                disabled=disabled,
            ),
            if_match=if_match,
        )
        return self._client._ask(call, Key.read)

    def replace(
        self,
        id: str,
        *,
        name: str,
        note: str | Unset | None = UNSET,
        scopes: Sequence[str] | Unset | None = UNSET,
        allowed_networks: Sequence[str] | Unset | None = UNSET,
        rate_limit: Rule | Mapping[str, Any] | Unset | None = UNSET,
        expires_at: datetime | Unset | None = UNSET,
        not_before: datetime | Unset | None = UNSET,
        metadata: Mapping[str, Any] | Unset | None = UNSET,
        disabled: bool | Unset | None = UNSET,
        if_match: str | None = None,
    ) -> Key:
        """Replace all settings."""
        call = Call(
            "PUT",
            "/api/keys/{id}",
            params=(id,),
            body=body(
                name=name,
                note=note,
                scopes=scopes,
                allowed_networks=allowed_networks,
                rate_limit=rate_limit,
                expires_at=expires_at,
                not_before=not_before,
                metadata=metadata,
                disabled=disabled,
            ),
            if_match=if_match,
        )
        return self._client._ask(call, Key.read)

    def delete(self, id: str, *, if_match: str | None = None) -> None:
        """Delete a key."""
        call = Call("DELETE", "/api/keys/{id}", params=(id,), if_match=if_match)
        self._client._send(call)

    def rotate(
        self,
        id: str,
        *,
        grace: timedelta | Unset | None = UNSET,
        expires_at: datetime | Unset | None = UNSET,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> IssuedKey:
        """Rotate a key; the old one works until the grace period ends."""
        call = Call(
            "POST",
            "/api/keys/{id}/rotate",
            params=(id,),
            body=body(grace=grace, expires_at=expires_at),
            if_match=if_match,
            once=True,
            idempotency_key=idempotency_key,
        )
        return with_secret(self._client._ask(call, IssuedKey.read), "key", call.operation)

    def reset_limits(self, id: str, *, if_match: str | None = None) -> Key:
        """Reset the key's own limit."""
        call = Call("POST", "/api/keys/{id}/limits/reset", params=(id,), if_match=if_match)
        return self._client._ask(call, Key.read)

    def revoke(
        self, id: str, *, reason: str | Unset | None = UNSET, note: str | Unset | None = UNSET, if_match: str | None = None
    ) -> RevokedKey:
        """Revoke a key for good; the record stays."""
        call = Call("POST", "/api/keys/{id}/revoke", params=(id,), body=body(reason=reason, note=note), if_match=if_match)
        return self._client._ask(call, RevokedKey.read)

    def usage(
        self,
        id: str,
        *,
        from_: datetime | Unset = UNSET,
        to: datetime | Unset = UNSET,
        interval: str | Unset = UNSET,
        group_by: str | Unset = UNSET,
    ) -> KeyUsage:
        """Count a key's verifications by outcome."""
        call = Call(
            "GET",
            "/api/keys/{id}/usage",
            params=(id,),
            query={"from": from_, "to": to, "interval": interval, "group_by": group_by, "format": "json"},
        )
        return self._client._ask(call, KeyUsage.read)

    def refusals(self, id: str) -> builtins.list[Refusal]:
        """List a key's latest refusals."""
        call = Call("GET", "/api/keys/{id}/refusals", params=(id,))
        return self._client._ask(call, items_of(Refusal.read))


class AccountsService:
    """Manages service accounts."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def list(
        self,
        *,
        organization_id: str | Unset = UNSET,
        tier: str | Unset = UNSET,
        external_id: str | Unset = UNSET,
        owner_id: str | Unset = UNSET,
        q: str | Unset = UNSET,
        limit: int | Unset = UNSET,
        cursor: str | Unset = UNSET,
    ) -> Page[ServiceAccount]:
        """List service accounts."""
        call = Call(
            "GET",
            "/api/service-accounts",
            query={
                "limit": limit,
                "cursor": cursor,
                "organization_id": organization_id,
                "tier": tier,
                "external_id": external_id,
                "owner_id": owner_id,
                "q": q,
            },
        )
        return self._client._ask(call, page_of(ServiceAccount.read))

    def all(
        self,
        *,
        organization_id: str | Unset = UNSET,
        tier: str | Unset = UNSET,
        external_id: str | Unset = UNSET,
        owner_id: str | Unset = UNSET,
        q: str | Unset = UNSET,
    ) -> Iterator[ServiceAccount]:
        """Yield all of them, page by page."""
        return walk(
            lambda cursor: self.list(
                organization_id=organization_id, tier=tier, external_id=external_id, owner_id=owner_id, q=q, limit=200, cursor=cursor
            )
        )

    def create(
        self,
        *,
        organization_id: str,
        name: str,
        description: str | Unset | None = UNSET,
        tier: str | Unset | None = UNSET,
        scopes: Sequence[str] | Unset | None = UNSET,
        allowed_networks: Sequence[str] | Unset | None = UNSET,
        rate_limit: Rule | Mapping[str, Any] | Unset | None = UNSET,
        quota: Quota | Mapping[str, Any] | Unset | None = UNSET,
        external_id: str | Unset | None = UNSET,
        owner_id: str | Unset | None = UNSET,
        metadata: Mapping[str, Any] | Unset | None = UNSET,
        disabled: bool | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> ServiceAccount:
        """Create a service account."""
        call = Call(
            "POST",
            "/api/service-accounts",
            body=body(
                organization_id=organization_id,
                name=name,
                description=description,
                tier=tier,
                scopes=scopes,
                allowed_networks=allowed_networks,
                rate_limit=rate_limit,
                quota=quota,
                external_id=external_id,
                owner_id=owner_id,
                metadata=metadata,
                disabled=disabled,
            ),
            once=True,
            idempotency_key=idempotency_key,
        )
        return self._client._ask(call, ServiceAccount.read)

    def get(self, id: str) -> ServiceAccount:
        """Get a service account."""
        call = Call("GET", "/api/service-accounts/{id}", params=(id,))
        return self._client._ask(call, ServiceAccount.read)

    def update(
        self,
        id: str,
        *,
        name: str | Unset = UNSET,
        description: str | Unset | None = UNSET,
        tier: str | Unset = UNSET,
        scopes: Sequence[str] | Unset | None = UNSET,
        allowed_networks: Sequence[str] | Unset | None = UNSET,
        rate_limit: Rule | Mapping[str, Any] | Unset | None = UNSET,
        quota: Quota | Mapping[str, Any] | Unset | None = UNSET,
        external_id: str | Unset | None = UNSET,
        owner_id: str | Unset | None = UNSET,
        metadata: Mapping[str, Any] | Unset | None = UNSET,
        disabled: bool | Unset | None = UNSET,
        if_match: str | None = None,
    ) -> ServiceAccount:
        """Update a service account."""
        call = Call(
            "PATCH",
            "/api/service-accounts/{id}",
            params=(id,),
            body=body(
                name=name,
                description=description,
                tier=tier,
                scopes=scopes,
                allowed_networks=allowed_networks,
                rate_limit=rate_limit,
                quota=quota,
                external_id=external_id,
                owner_id=owner_id,
                metadata=metadata,
                disabled=disabled,
            ),
            if_match=if_match,
        )
        return self._client._ask(call, ServiceAccount.read)

    def replace(
        self,
        id: str,
        *,
        name: str,
        description: str | Unset | None = UNSET,
        tier: str | Unset | None = UNSET,
        scopes: Sequence[str] | Unset | None = UNSET,
        allowed_networks: Sequence[str] | Unset | None = UNSET,
        rate_limit: Rule | Mapping[str, Any] | Unset | None = UNSET,
        quota: Quota | Mapping[str, Any] | Unset | None = UNSET,
        external_id: str | Unset | None = UNSET,
        owner_id: str | Unset | None = UNSET,
        metadata: Mapping[str, Any] | Unset | None = UNSET,
        disabled: bool | Unset | None = UNSET,
        if_match: str | None = None,
    ) -> ServiceAccount:
        """Replace all settings."""
        call = Call(
            "PUT",
            "/api/service-accounts/{id}",
            params=(id,),
            body=body(
                name=name,
                description=description,
                tier=tier,
                scopes=scopes,
                allowed_networks=allowed_networks,
                rate_limit=rate_limit,
                quota=quota,
                external_id=external_id,
                owner_id=owner_id,
                metadata=metadata,
                disabled=disabled,
            ),
            if_match=if_match,
        )
        return self._client._ask(call, ServiceAccount.read)

    def delete(self, id: str, *, if_match: str | None = None) -> None:
        """Delete a service account."""
        call = Call("DELETE", "/api/service-accounts/{id}", params=(id,), if_match=if_match)
        self._client._send(call)

    def transfer(
        self,
        id: str,
        *,
        organization_id: str,
        owner_id: str | Unset | None = UNSET,
        dry_run: bool | Unset | None = UNSET,
        if_match: str | None = None,
    ) -> Transfer:
        """Transfer a service account to another organization."""
        call = Call(
            "POST",
            "/api/service-accounts/{id}/transfer",
            params=(id,),
            body=body(organization_id=organization_id, owner_id=owner_id, dry_run=dry_run),
            if_match=if_match,
        )
        return self._client._ask(call, Transfer.read)

    def set_override(
        self,
        id: str,
        *,
        until: datetime,
        key_rate_limit: Rule | Mapping[str, Any] | Unset | None = UNSET,
        rate_limit: Rule | Mapping[str, Any] | Unset | None = UNSET,
        quota: Quota | Mapping[str, Any] | Unset | None = UNSET,
        note: str | Unset | None = UNSET,
        if_match: str | None = None,
    ) -> ServiceAccount:
        """Set temporary limits for a service account."""
        call = Call(
            "PUT",
            "/api/service-accounts/{id}/override",
            params=(id,),
            body=body(key_rate_limit=key_rate_limit, rate_limit=rate_limit, quota=quota, until=until, note=note),
            if_match=if_match,
        )
        return self._client._ask(call, ServiceAccount.read)

    def end_override(self, id: str, *, if_match: str | None = None) -> ServiceAccount:
        """Remove a service account's temporary limits."""
        call = Call("DELETE", "/api/service-accounts/{id}/override", params=(id,), if_match=if_match)
        return self._client._ask(call, ServiceAccount.read)

    def reset_limits(self, id: str, *, if_match: str | None = None) -> ServiceAccount:
        """Reset the limits and quota of a service account."""
        call = Call("POST", "/api/service-accounts/{id}/limits/reset", params=(id,), if_match=if_match)
        return self._client._ask(call, ServiceAccount.read)


class CertificatesService:
    """Manages the client certificates that act as service accounts."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def list(self, service_account_id: str, *, limit: int | Unset = UNSET, cursor: str | Unset = UNSET) -> Page[Certificate]:
        """List the client certificates of a service account."""
        call = Call(
            "GET", "/api/service-accounts/{id}/certificates", params=(service_account_id,), query={"limit": limit, "cursor": cursor}
        )
        return self._client._ask(call, page_of(Certificate.read))

    def all(self, service_account_id: str) -> Iterator[Certificate]:
        """Yield all of them, page by page."""
        return walk(lambda cursor: self.list(service_account_id, limit=200, cursor=cursor))

    def add(
        self,
        service_account_id: str,
        *,
        name: str,
        certificate: str | Unset | None = UNSET,
        fingerprint: str | Unset | None = UNSET,
        san: str | Unset | None = UNSET,
        expires_at: datetime | Unset | None = UNSET,
    ) -> Certificate:
        """Register a client certificate for a service account."""
        call = Call(
            "POST",
            "/api/service-accounts/{id}/certificates",
            params=(service_account_id,),
            body=body(name=name, certificate=certificate, fingerprint=fingerprint, san=san, expires_at=expires_at),
        )
        return self._client._ask(call, Certificate.read)

    def get(self, service_account_id: str, certificate_id: str) -> Certificate:
        """Get a client certificate."""
        call = Call(
            "GET",
            "/api/service-accounts/{id}/certificates/{certificate_id}",
            params=(
                service_account_id,
                certificate_id,
            ),
        )
        return self._client._ask(call, Certificate.read)

    def remove(self, service_account_id: str, certificate_id: str, *, if_match: str | None = None) -> None:
        """Remove a client certificate."""
        call = Call(
            "DELETE",
            "/api/service-accounts/{id}/certificates/{certificate_id}",
            params=(
                service_account_id,
                certificate_id,
            ),
            if_match=if_match,
        )
        self._client._send(call)


class OrganizationsService:
    """Manages organizations."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def list(self, *, q: str | Unset = UNSET, limit: int | Unset = UNSET, cursor: str | Unset = UNSET) -> Page[Organization]:
        """List organizations."""
        call = Call("GET", "/api/organizations", query={"limit": limit, "cursor": cursor, "q": q})
        return self._client._ask(call, page_of(Organization.read))

    def all(self, *, q: str | Unset = UNSET) -> Iterator[Organization]:
        """Yield all of them, page by page."""
        return walk(lambda cursor: self.list(q=q, limit=200, cursor=cursor))

    def create(
        self,
        *,
        name: str,
        disabled: bool | Unset | None = UNSET,
        metadata: Mapping[str, Any] | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> Organization:
        """Create an organization."""
        call = Call(
            "POST",
            "/api/organizations",
            body=body(name=name, disabled=disabled, metadata=metadata),
            once=True,
            idempotency_key=idempotency_key,
        )
        return self._client._ask(call, Organization.read)

    def get(self, id: str) -> Organization:
        """Get an organization."""
        call = Call("GET", "/api/organizations/{id}", params=(id,))
        return self._client._ask(call, Organization.read)

    def update(
        self,
        id: str,
        *,
        name: str | Unset = UNSET,
        disabled: bool | Unset | None = UNSET,
        metadata: Mapping[str, Any] | Unset | None = UNSET,
        if_match: str | None = None,
    ) -> Organization:
        """Update an organization."""
        call = Call(
            "PATCH", "/api/organizations/{id}", params=(id,), body=body(name=name, disabled=disabled, metadata=metadata), if_match=if_match
        )
        return self._client._ask(call, Organization.read)

    def replace(
        self,
        id: str,
        *,
        name: str,
        disabled: bool | Unset | None = UNSET,
        metadata: Mapping[str, Any] | Unset | None = UNSET,
        if_match: str | None = None,
    ) -> Organization:
        """Replace all settings."""
        call = Call(
            "PUT", "/api/organizations/{id}", params=(id,), body=body(name=name, disabled=disabled, metadata=metadata), if_match=if_match
        )
        return self._client._ask(call, Organization.read)

    def delete(self, id: str, *, if_match: str | None = None) -> None:
        """Delete an organization."""
        call = Call("DELETE", "/api/organizations/{id}", params=(id,), if_match=if_match)
        self._client._send(call)


class MembersService:
    """Manages the members of organizations."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def list(self, organization_id: str, *, limit: int | Unset = UNSET, cursor: str | Unset = UNSET) -> Page[Member]:
        """List members."""
        call = Call("GET", "/api/organizations/{id}/members", params=(organization_id,), query={"limit": limit, "cursor": cursor})
        return self._client._ask(call, page_of(Member.read))

    def all(self, organization_id: str) -> Iterator[Member]:
        """Yield all of them, page by page."""
        return walk(lambda cursor: self.list(organization_id, limit=200, cursor=cursor))

    def add(self, organization_id: str, *, user_id: str, role: str, idempotency_key: str | None = None) -> Member:
        """Add a member."""
        call = Call(
            "POST",
            "/api/organizations/{id}/members",
            params=(organization_id,),
            body=body(user_id=user_id, role=role),
            once=True,
            idempotency_key=idempotency_key,
        )
        return self._client._ask(call, Member.read)

    def get(self, organization_id: str, user_id: str) -> Member:
        """Get a membership."""
        call = Call(
            "GET",
            "/api/organizations/{id}/members/{user_id}",
            params=(
                organization_id,
                user_id,
            ),
        )
        return self._client._ask(call, Member.read)

    def update(self, organization_id: str, user_id: str, *, role: str | Unset = UNSET, if_match: str | None = None) -> Member:
        """Change a member's role."""
        call = Call(
            "PATCH",
            "/api/organizations/{id}/members/{user_id}",
            params=(
                organization_id,
                user_id,
            ),
            body=body(role=role),
            if_match=if_match,
        )
        return self._client._ask(call, Member.read)

    def replace(self, organization_id: str, user_id: str, *, role: str, if_match: str | None = None) -> Member:
        """Replace all settings."""
        call = Call(
            "PUT",
            "/api/organizations/{id}/members/{user_id}",
            params=(
                organization_id,
                user_id,
            ),
            body=body(role=role),
            if_match=if_match,
        )
        return self._client._ask(call, Member.read)

    def remove(self, organization_id: str, user_id: str, *, if_match: str | None = None) -> None:
        """Remove a member."""
        call = Call(
            "DELETE",
            "/api/organizations/{id}/members/{user_id}",
            params=(
                organization_id,
                user_id,
            ),
            if_match=if_match,
        )
        self._client._send(call)


class InvitationsService:
    """Invites people to organizations."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def list(self, organization_id: str) -> builtins.list[Invitation]:
        """List open invitations."""
        call = Call("GET", "/api/organizations/{id}/invitations", params=(organization_id,))
        return self._client._ask(call, items_of(Invitation.read))

    def create(self, organization_id: str, *, email: str, role: str) -> Invitation:
        """Invite someone."""
        call = Call("POST", "/api/organizations/{id}/invitations", params=(organization_id,), body=body(email=email, role=role))
        return self._client._ask(call, Invitation.read)

    def withdraw(self, organization_id: str, invitation_id: str) -> None:
        """Withdraw an invitation."""
        call = Call(
            "DELETE",
            "/api/organizations/{id}/invitations/{invitation_id}",
            params=(
                organization_id,
                invitation_id,
            ),
        )
        self._client._send(call)

    def accept(self, token: str) -> Member:
        """Accept an invitation."""
        call = Call("POST", "/api/invitations/accept", body=body(token=token))
        del token
        return self._client._ask(call, Member.read)


class IncidentsService:
    """Disables or revokes many keys at once. For the provider's staff."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def list(self, *, limit: int | Unset = UNSET, cursor: str | Unset = UNSET) -> Page[Incident]:
        """List incidents and dry runs, newest first."""
        call = Call("GET", "/api/incidents", query={"limit": limit, "cursor": cursor})
        return self._client._ask(call, page_of(Incident.read))

    def all(self) -> Iterator[Incident]:
        """Yield all of them, page by page."""
        return walk(lambda cursor: self.list(limit=200, cursor=cursor))

    def create(
        self,
        *,
        action: str,
        reason: str | Unset | None = UNSET,
        note: str | Unset | None = UNSET,
        keys: Sequence[str] | Unset | None = UNSET,
        organization_id: str | Unset | None = UNSET,
        service_account_id: str | Unset | None = UNSET,
        tier: str | Unset | None = UNSET,
        scope: str | Unset | None = UNSET,
        created_by: str | Unset | None = UNSET,
        created_before: datetime | Unset | None = UNSET,
        last_used_before: datetime | Unset | None = UNSET,
        neglect: str | Unset | None = UNSET,
        dry_run: bool | Unset | None = UNSET,
        confirm: str | Unset | None = UNSET,
    ) -> Incident:
        """Disable or revoke many keys, after a dry run."""
        call = Call(
            "POST",
            "/api/incidents",
            body=body(
                action=action,
                reason=reason,
                note=note,
                keys=keys,
                organization_id=organization_id,
                service_account_id=service_account_id,
                tier=tier,
                scope=scope,
                created_by=created_by,
                created_before=created_before,
                last_used_before=last_used_before,
                neglect=neglect,
                dry_run=dry_run,
                confirm=confirm,
            ),
        )
        del keys
        return self._client._ask(call, Incident.read)

    def get(self, id: str, *, page: int | Unset = UNSET) -> Incident:
        """Get an incident, with a page of its keys."""
        call = Call("GET", "/api/incidents/{id}", params=(id,), query={"page": page})
        return self._client._ask(call, Incident.read)

    def continue_(self, id: str) -> Incident:
        """Resume an incident whose process is gone."""
        call = Call("POST", "/api/incidents/{id}/continue", params=(id,))
        return self._client._ask(call, Incident.read)

    def undo(self, id: str) -> Incident:
        """Enable the keys that an incident disabled."""
        call = Call("POST", "/api/incidents/{id}/undo", params=(id,))
        return self._client._ask(call, Incident.read)


class LeaksService:
    """Reports leaked keys, and lists what was reported."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def revoke(self, *, key: str | Unset = UNSET) -> None:
        """Revoke the key that the request carries."""
        call = Call("POST", "/revoke", body=body(key=key), anonymous=True)
        del key
        self._client._send(call)

    def report(self, *, keys: Sequence[str], url: str | Unset | None = UNSET, note: str | Unset | None = UNSET) -> None:
        """Report keys that somebody should not have."""
        call = Call("POST", "/leaks", body=body(keys=keys, url=url, note=note), anonymous=True)
        del keys
        self._client._send(call)

    def shape(self) -> KeyShape:
        """What keys look like, and how to report one."""
        call = Call("GET", "/.well-known/latchkey-keys.json", anonymous=True)
        return self._client._ask(call, KeyShape.read)

    def list(self, *, limit: int | Unset = UNSET, cursor: str | Unset = UNSET) -> Page[Leak]:
        """List leaks, newest first."""
        call = Call("GET", "/api/leaks", query={"limit": limit, "cursor": cursor})
        return self._client._ask(call, page_of(Leak.read))

    def all(self) -> Iterator[Leak]:
        """Yield all of them, page by page."""
        return walk(lambda cursor: self.list(limit=200, cursor=cursor))

    def exposures(self, id: str) -> builtins.list[Exposure]:
        """List how a key was exposed."""
        call = Call("GET", "/api/keys/{id}/exposures", params=(id,))
        return self._client._ask(call, items_of(Exposure.read))


class ImportsService:
    """Moves keys in from other systems, and everything out. For the provider's staff."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def list(self, *, limit: int | Unset = UNSET, cursor: str | Unset = UNSET) -> Page[Import]:
        """List imports, newest first."""
        call = Call("GET", "/api/imports", query={"limit": limit, "cursor": cursor})
        return self._client._ask(call, page_of(Import.read))

    def all(self) -> Iterator[Import]:
        """Yield all of them, page by page."""
        return walk(lambda cursor: self.list(limit=200, cursor=cursor))

    def in_use(self) -> ImportsInUse:
        """How many imported keys are in use, and whose they are."""
        call = Call("GET", "/api/imports/in-use")
        return self._client._ask(call, ImportsInUse.read)

    def get(self, id: str, *, page: int | Unset = UNSET) -> Import:
        """Get an import, with a page of its problems."""
        call = Call("GET", "/api/imports/{id}", params=(id,), query={"page": page})
        return self._client._ask(call, Import.read)

    def create(
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
        query = {
            "format": format,
            "organization": organization,
            "tier": tier,
            "scopes": ",".join(scopes) or UNSET,
            "accept_weak": accept_weak,
            "dry_run": dry_run,
        }
        kind = "text/csv" if format == "csv" else "application/jsonl"
        call = Call("POST", "/api/imports", query=query, content=file, headers={"Content-Type": kind})
        del file
        return self._client._ask(call, Import.read)

    def export(self, *, hashes: bool | Unset = UNSET) -> bytes:
        """Return everything as JSON Lines, if that is no longer than max_body."""
        return (self._client._send(Call("GET", "/api/export", query={"hashes": hashes}, raw=True))).body


class WebhooksService:
    """Manages addresses that are told of events."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def list(self, *, organization_id: str | Unset = UNSET, limit: int | Unset = UNSET, cursor: str | Unset = UNSET) -> Page[Webhook]:
        """List webhooks."""
        call = Call("GET", "/api/webhooks", query={"limit": limit, "cursor": cursor, "organization_id": organization_id})
        return self._client._ask(call, page_of(Webhook.read))

    def all(self, *, organization_id: str | Unset = UNSET) -> Iterator[Webhook]:
        """Yield all of them, page by page."""
        return walk(lambda cursor: self.list(organization_id=organization_id, limit=200, cursor=cursor))

    def create(
        self,
        *,
        url: str,
        organization_id: str | Unset | None = UNSET,
        event_types: Sequence[str] | Unset | None = UNSET,
        description: str | Unset | None = UNSET,
        state: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> IssuedWebhook:
        """Create a webhook."""
        call = Call(
            "POST",
            "/api/webhooks",
            body=body(organization_id=organization_id, url=url, event_types=event_types, description=description, state=state),
            once=True,
            idempotency_key=idempotency_key,
        )
        return self._client._ask(call, IssuedWebhook.read)

    def event_types(self) -> builtins.list[WebhookEventType]:
        """List the types of events."""
        call = Call("GET", "/api/webhooks/event-types")
        return self._client._ask(call, items_of(WebhookEventType.read))

    def get(self, id: str) -> Webhook:
        """Get a webhook."""
        call = Call("GET", "/api/webhooks/{id}", params=(id,))
        return self._client._ask(call, Webhook.read)

    def update(
        self,
        id: str,
        *,
        url: str | Unset = UNSET,
        event_types: Sequence[str] | Unset | None = UNSET,
        description: str | Unset = UNSET,
        state: str | Unset = UNSET,
        if_match: str | None = None,
    ) -> Webhook:
        """Update a webhook."""
        call = Call(
            "PATCH",
            "/api/webhooks/{id}",
            params=(id,),
            body=body(url=url, event_types=event_types, description=description, state=state),
            if_match=if_match,
        )
        return self._client._ask(call, Webhook.read)

    def delete(self, id: str, *, if_match: str | None = None) -> None:
        """Delete a webhook."""
        call = Call("DELETE", "/api/webhooks/{id}", params=(id,), if_match=if_match)
        self._client._send(call)

    def rotate_secret(self, id: str, *, overlap: timedelta | Unset | None = UNSET) -> IssuedWebhook:
        """Give a webhook a new secret."""
        call = Call("POST", "/api/webhooks/{id}/rotate-secret", params=(id,), body=body(overlap=overlap))
        return self._client._ask(call, IssuedWebhook.read)

    def test(self, id: str) -> WebhookDelivery:
        """Send a test event."""
        call = Call("POST", "/api/webhooks/{id}/test", params=(id,))
        return self._client._ask(call, WebhookDelivery.read)

    def resend_range(
        self, id: str, *, from_: datetime, until: datetime | Unset | None = UNSET, all: bool | Unset | None = UNSET
    ) -> WebhookResent:
        """Send a range of events again."""
        call = Call("POST", "/api/webhooks/{id}/resend", params=(id,), body=body(from_=from_, until=until, all=all))
        return self._client._ask(call, WebhookResent.read)


class DeliveriesService:
    """Reads what webhooks were sent, and sends it again."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def list(self, id: str, *, limit: int | Unset = UNSET, cursor: str | Unset = UNSET) -> Page[WebhookDelivery]:
        """List the deliveries of a webhook."""
        call = Call("GET", "/api/webhooks/{id}/deliveries", params=(id,), query={"limit": limit, "cursor": cursor})
        return self._client._ask(call, page_of(WebhookDelivery.read))

    def all(self, id: str) -> Iterator[WebhookDelivery]:
        """Yield all of them, page by page."""
        return walk(lambda cursor: self.list(id, limit=200, cursor=cursor))

    def get(self, id: str, event_id: str) -> WebhookDelivery:
        """Get the delivery of an event."""
        call = Call(
            "GET",
            "/api/webhooks/{id}/deliveries/{event_id}",
            params=(
                id,
                event_id,
            ),
        )
        return self._client._ask(call, WebhookDelivery.read)

    def resend(self, id: str, event_id: str) -> WebhookDelivery:
        """Send an event again."""
        call = Call(
            "POST",
            "/api/webhooks/{id}/deliveries/{event_id}/resend",
            params=(
                id,
                event_id,
            ),
        )
        return self._client._ask(call, WebhookDelivery.read)


class TiersService:
    """Manages tiers. Only the provider's staff may change them."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def list(self, *, limit: int | Unset = UNSET, cursor: str | Unset = UNSET) -> Page[Tier]:
        """List tiers."""
        call = Call("GET", "/api/tiers", query={"limit": limit, "cursor": cursor})
        return self._client._ask(call, page_of(Tier.read))

    def all(self) -> Iterator[Tier]:
        """Yield all of them, page by page."""
        return walk(lambda cursor: self.list(limit=200, cursor=cursor))

    def create(
        self,
        *,
        name: str,
        title: str,
        rate_limit: Rule | Mapping[str, Any] | Unset | None = UNSET,
        account_rate_limit: Rule | Mapping[str, Any] | Unset | None = UNSET,
        quota: Quota | Mapping[str, Any] | Unset | None = UNSET,
        max_keys: int | Unset | None = UNSET,
        max_key_age: timedelta | Unset | None = UNSET,
        key_retention: timedelta | Unset | None = UNSET,
        leak_policy: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> Tier:
        """Create a tier."""
        call = Call(
            "POST",
            "/api/tiers",
            body=body(
                name=name,
                title=title,
                rate_limit=rate_limit,
                account_rate_limit=account_rate_limit,
                quota=quota,
                max_keys=max_keys,
                max_key_age=max_key_age,
                key_retention=key_retention,
                leak_policy=leak_policy,
            ),
            once=True,
            idempotency_key=idempotency_key,
        )
        return self._client._ask(call, Tier.read)

    def get(self, name: str) -> Tier:
        """Get a tier."""
        call = Call("GET", "/api/tiers/{name}", params=(name,))
        return self._client._ask(call, Tier.read)

    def update(
        self,
        name: str,
        *,
        title: str | Unset = UNSET,
        rate_limit: Rule | Mapping[str, Any] | Unset | None = UNSET,
        account_rate_limit: Rule | Mapping[str, Any] | Unset | None = UNSET,
        quota: Quota | Mapping[str, Any] | Unset | None = UNSET,
        max_keys: int | Unset = UNSET,
        max_key_age: timedelta | Unset | None = UNSET,
        key_retention: timedelta | Unset | None = UNSET,
        leak_policy: str | Unset | None = UNSET,
        if_match: str | None = None,
    ) -> Tier:
        """Update a tier."""
        call = Call(
            "PATCH",
            "/api/tiers/{name}",
            params=(name,),
            body=body(
                title=title,
                rate_limit=rate_limit,
                account_rate_limit=account_rate_limit,
                quota=quota,
                max_keys=max_keys,
                max_key_age=max_key_age,
                key_retention=key_retention,
                leak_policy=leak_policy,
            ),
            if_match=if_match,
        )
        return self._client._ask(call, Tier.read)

    def replace(
        self,
        name: str,
        *,
        title: str,
        rate_limit: Rule | Mapping[str, Any] | Unset | None = UNSET,
        account_rate_limit: Rule | Mapping[str, Any] | Unset | None = UNSET,
        quota: Quota | Mapping[str, Any] | Unset | None = UNSET,
        max_keys: int | Unset | None = UNSET,
        max_key_age: timedelta | Unset | None = UNSET,
        key_retention: timedelta | Unset | None = UNSET,
        leak_policy: str | Unset | None = UNSET,
        if_match: str | None = None,
    ) -> Tier:
        """Replace all settings."""
        call = Call(
            "PUT",
            "/api/tiers/{name}",
            params=(name,),
            body=body(
                title=title,
                rate_limit=rate_limit,
                account_rate_limit=account_rate_limit,
                quota=quota,
                max_keys=max_keys,
                max_key_age=max_key_age,
                key_retention=key_retention,
                leak_policy=leak_policy,
            ),
            if_match=if_match,
        )
        return self._client._ask(call, Tier.read)

    def delete(self, name: str, *, if_match: str | None = None) -> None:
        """Delete a tier."""
        call = Call("DELETE", "/api/tiers/{name}", params=(name,), if_match=if_match)
        self._client._send(call)

    def preview(
        self,
        name: str,
        *,
        title: str | Unset = UNSET,
        rate_limit: Rule | Mapping[str, Any] | Unset | None = UNSET,
        account_rate_limit: Rule | Mapping[str, Any] | Unset | None = UNSET,
        quota: Quota | Mapping[str, Any] | Unset | None = UNSET,
        max_keys: int | Unset = UNSET,
        max_key_age: timedelta | Unset | None = UNSET,
        key_retention: timedelta | Unset | None = UNSET,
        leak_policy: str | Unset | None = UNSET,
    ) -> TierImpact:
        """Preview a change to a tier."""
        call = Call(
            "POST",
            "/api/tiers/{name}/preview",
            params=(name,),
            body=body(
                title=title,
                rate_limit=rate_limit,
                account_rate_limit=account_rate_limit,
                quota=quota,
                max_keys=max_keys,
                max_key_age=max_key_age,
                key_retention=key_retention,
                leak_policy=leak_policy,
            ),
            reads=True,
        )
        return self._client._ask(call, TierImpact.read)


class ScopesService:
    """Manages the catalogue of scopes. Only the provider's staff may change it."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def list(self, *, limit: int | Unset = UNSET, cursor: str | Unset = UNSET) -> Page[Scope]:
        """List scopes."""
        call = Call("GET", "/api/scopes", query={"limit": limit, "cursor": cursor})
        return self._client._ask(call, page_of(Scope.read))

    def all(self) -> Iterator[Scope]:
        """Yield all of them, page by page."""
        return walk(lambda cursor: self.list(limit=200, cursor=cursor))

    def create(self, *, name: str, description: str | Unset | None = UNSET, idempotency_key: str | None = None) -> Scope:
        """Create a scope."""
        call = Call("POST", "/api/scopes", body=body(name=name, description=description), once=True, idempotency_key=idempotency_key)
        return self._client._ask(call, Scope.read)

    def get(self, name: str) -> Scope:
        """Get a scope."""
        call = Call("GET", "/api/scopes/{name}", params=(name,))
        return self._client._ask(call, Scope.read)

    def update(self, name: str, *, description: str | Unset | None = UNSET, if_match: str | None = None) -> Scope:
        """Update a scope."""
        call = Call("PATCH", "/api/scopes/{name}", params=(name,), body=body(description=description), if_match=if_match)
        return self._client._ask(call, Scope.read)

    def replace(self, name: str, *, description: str | Unset | None = UNSET, if_match: str | None = None) -> Scope:
        """Replace all settings."""
        call = Call("PUT", "/api/scopes/{name}", params=(name,), body=body(description=description), if_match=if_match)
        return self._client._ask(call, Scope.read)

    def delete(self, name: str, *, if_match: str | None = None) -> None:
        """Delete a scope."""
        call = Call("DELETE", "/api/scopes/{name}", params=(name,), if_match=if_match)
        self._client._send(call)

    def holders(self, name: str) -> ScopeHolders:
        """Count who has a scope."""
        call = Call("GET", "/api/scopes/{name}/holders", params=(name,))
        return self._client._ask(call, ScopeHolders.read)

    def rename(self, name: str, *, new_name: str, keep: timedelta | Unset | None = UNSET, if_match: str | None = None) -> Scope:
        """Rename a scope."""
        call = Call("POST", "/api/scopes/{name}/rename", params=(name,), body=body(name=new_name, keep=keep), if_match=if_match)
        return self._client._ask(call, Scope.read)

    def retire(self, name: str, *, if_match: str | None = None) -> Scope:
        """Retire a scope."""
        call = Call("POST", "/api/scopes/{name}/retire", params=(name,), if_match=if_match)
        return self._client._ask(call, Scope.read)

    def restore(self, name: str, *, if_match: str | None = None) -> Scope:
        """Restore a retired scope."""
        call = Call("POST", "/api/scopes/{name}/restore", params=(name,), if_match=if_match)
        return self._client._ask(call, Scope.read)


class UsersService:
    """Manages users. For the provider's staff."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def list(
        self, *, q: str | Unset = UNSET, is_admin: bool | Unset = UNSET, limit: int | Unset = UNSET, cursor: str | Unset = UNSET
    ) -> Page[User]:
        """List users."""
        call = Call("GET", "/api/users", query={"limit": limit, "cursor": cursor, "q": q, "is_admin": is_admin})
        return self._client._ask(call, page_of(User.read))

    def all(self, *, q: str | Unset = UNSET, is_admin: bool | Unset = UNSET) -> Iterator[User]:
        """Yield all of them, page by page."""
        return walk(lambda cursor: self.list(q=q, is_admin=is_admin, limit=200, cursor=cursor))

    def create(
        self,
        *,
        email: str,
        username: str | Unset | None = UNSET,
        name: str | Unset | None = UNSET,
        language: str | Unset | None = UNSET,
        is_admin: bool | Unset | None = UNSET,
        disabled: bool | Unset | None = UNSET,
        password: str | Unset | None = UNSET,
        idempotency_key: str | None = None,
    ) -> User:
        """Create a user."""
        call = Call(
            "POST",
            "/api/users",
            body=body(
                email=email, username=username, name=name, language=language, is_admin=is_admin, disabled=disabled, password=password
            ),
            once=True,
            idempotency_key=idempotency_key,
        )
        del password
        return self._client._ask(call, User.read)

    def get(self, id: str) -> User:
        """Get a user."""
        call = Call("GET", "/api/users/{id}", params=(id,))
        return self._client._ask(call, User.read)

    def update(
        self,
        id: str,
        *,
        email: str | Unset = UNSET,
        username: str | Unset | None = UNSET,
        name: str | Unset | None = UNSET,
        language: str | Unset | None = UNSET,
        is_admin: bool | Unset | None = UNSET,
        disabled: bool | Unset | None = UNSET,
        password: str | Unset | None = UNSET,
        if_match: str | None = None,
    ) -> User:
        """Update a user."""
        call = Call(
            "PATCH",
            "/api/users/{id}",
            params=(id,),
            body=body(
                email=email, username=username, name=name, language=language, is_admin=is_admin, disabled=disabled, password=password
            ),
            if_match=if_match,
        )
        del password
        return self._client._ask(call, User.read)

    def replace(
        self,
        id: str,
        *,
        email: str,
        username: str | Unset | None = UNSET,
        name: str | Unset | None = UNSET,
        language: str | Unset | None = UNSET,
        is_admin: bool | Unset | None = UNSET,
        disabled: bool | Unset | None = UNSET,
        password: str | Unset | None = UNSET,
        if_match: str | None = None,
    ) -> User:
        """Replace all settings."""
        call = Call(
            "PUT",
            "/api/users/{id}",
            params=(id,),
            body=body(
                email=email, username=username, name=name, language=language, is_admin=is_admin, disabled=disabled, password=password
            ),
            if_match=if_match,
        )
        del password
        return self._client._ask(call, User.read)

    def delete(self, id: str, *, if_match: str | None = None) -> None:
        """Delete a user."""
        call = Call("DELETE", "/api/users/{id}", params=(id,), if_match=if_match)
        self._client._send(call)

    def reset_otp(self, id: str) -> None:
        """Turn off the one-time codes of a user who lost their device."""
        call = Call("DELETE", "/api/users/{id}/otp", params=(id,))
        self._client._send(call)


class SelfService:
    """Reads and changes the caller."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def get(self) -> Me:
        """Get the principal of the request."""
        call = Call("GET", "/api/me")
        return self._client._ask(call, Me.read)

    def update(
        self,
        *,
        name: str | Unset | None = UNSET,
        language: str | Unset | None = UNSET,
        username: str | Unset | None = UNSET,
        email: str | Unset = UNSET,
        current_password: str | Unset = UNSET,
        if_match: str | None = None,
    ) -> Me:
        """Update your name, username, e-mail address or language."""
        call = Call(
            "PATCH",
            "/api/me",
            body=body(name=name, language=language, username=username, email=email, current_password=current_password),
            if_match=if_match,
        )
        del current_password
        return self._client._ask(call, Me.read)

    def replace(
        self,
        *,
        email: str,
        name: str | Unset | None = UNSET,
        language: str | Unset | None = UNSET,
        username: str | Unset | None = UNSET,
        current_password: str | Unset | None = UNSET,
        if_match: str | None = None,
    ) -> Me:
        """Replace all settings."""
        call = Call(
            "PUT",
            "/api/me",
            body=body(name=name, language=language, username=username, email=email, current_password=current_password),
            if_match=if_match,
        )
        del current_password
        return self._client._ask(call, Me.read)

    def begin_otp(self) -> OTPEnrolment:
        """Get a secret for one-time codes."""
        call = Call("POST", "/api/me/otp")
        return self._client._ask(call, OTPEnrolment.read)

    def enable_otp(self, code: str) -> RecoveryCodes:
        """Turn one-time codes on."""
        call = Call("POST", "/api/me/otp/enable", body=body(code=code))
        del code
        return self._client._ask(call, RecoveryCodes.read)

    def disable_otp(self, *, password: str | Unset | None = UNSET) -> None:
        """Turn one-time codes off."""
        call = Call("POST", "/api/me/otp/disable", body=body(password=password))
        del password
        self._client._send(call)

    def identities(self) -> builtins.list[Identity]:
        """List the accounts elsewhere that you sign in with."""
        call = Call("GET", "/api/me/identities")
        return self._client._ask(call, items_of(Identity.read))

    def unlink_identity(self, id: str) -> None:
        """Unlink an account."""
        call = Call("DELETE", "/api/me/identities/{id}", params=(id,))
        self._client._send(call)


class AuthService:
    """Signs up, signs in for tokens, and sets passwords."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def sign_up(self, *, email: str, password: str, name: str | Unset | None = UNSET, invitation: str | Unset | None = UNSET) -> None:
        """Sign up."""
        call = Call("POST", "/api/signup", body=body(email=email, name=name, password=password, invitation=invitation), anonymous=True)
        del password, invitation
        self._client._send(call)

    def confirm_email(self, token: str) -> None:
        """Confirm your e-mail address."""
        call = Call("POST", "/api/email/confirm", body=body(token=token), anonymous=True)
        del token
        self._client._send(call)

    def forgot_password(self, email: str) -> None:
        """Request a link to reset your password."""
        call = Call("POST", "/api/password/forgotten", body=body(email=email), anonymous=True)
        self._client._send(call)

    def reset_password(self, *, token: str, password: str) -> None:
        """Reset your password with the mailed link."""
        call = Call("POST", "/api/password/reset", body=body(token=token, password=password), anonymous=True)
        del token, password
        self._client._send(call)

    def change_password(self, *, password: str, old_password: str | Unset | None = UNSET, keep_token: bool | Unset | None = UNSET) -> None:
        """Change your password."""
        call = Call("POST", "/api/password/change", body=body(old_password=old_password, password=password, keep_token=keep_token))
        del old_password, password
        self._client._send(call)

    def refresh_token_pair(self, refresh: str) -> TokenPair:
        """Exchange a refresh token for a new pair."""
        call = Call("POST", "/api/token/refresh", body=body(refresh=refresh), anonymous=True)
        del refresh
        return self._client._ask(call, TokenPair.read)

    def verify_token(self, token: str) -> None:
        """Check a signed token."""
        call = Call("POST", "/api/token/verify", body=body(token=token), reads=True, anonymous=True)
        del token
        self._client._send(call)

    def end_token_pair(self, refresh: str) -> None:
        """End the sign-in of a refresh token."""
        call = Call("POST", "/api/token/blacklist", body=body(refresh=refresh), anonymous=True)
        del refresh
        self._client._send(call)

    def obtain_token(self, username: str, password: str, *, code: str | Unset = UNSET) -> ObtainedToken:
        """Sign in by username for an opaque token, for use with user_token."""
        call = Call("POST", "/api/token", body=body(username=username, password=password, code=code), anonymous=True)
        del password, code
        return self._client._ask(call, ObtainedToken.read)

    def obtain_token_pair(self, email: str, password: str, *, code: str | Unset = UNSET) -> TokenPair:
        """Sign in by e-mail address for signed tokens. The access token is for use with bearer_token."""
        call = Call("POST", "/api/token", body=body(email=email, password=password, code=code), anonymous=True)
        del password, code
        return self._client._ask(call, TokenPair.read)


class TokensService:
    """Manages the calling user's personal tokens."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def list(self, *, limit: int | Unset = UNSET, cursor: str | Unset = UNSET) -> Page[Token]:
        """List your tokens."""
        call = Call("GET", "/api/tokens", query={"limit": limit, "cursor": cursor})
        return self._client._ask(call, page_of(Token.read))

    def all(self) -> Iterator[Token]:
        """Yield all of them, page by page."""
        return walk(lambda cursor: self.list(limit=200, cursor=cursor))

    def create(self, *, name: str, expires_at: datetime | Unset | None = UNSET) -> CreatedToken:
        """Create a token."""
        call = Call("POST", "/api/tokens", body=body(name=name, expires_at=expires_at))
        return self._client._ask(call, CreatedToken.read)

    def get(self, id: str) -> Token:
        """Get one of your tokens."""
        call = Call("GET", "/api/tokens/{id}", params=(id,))
        return self._client._ask(call, Token.read)

    def revoke(self, id: str, *, if_match: str | None = None) -> None:
        """Revoke one of your tokens."""
        call = Call("DELETE", "/api/tokens/{id}", params=(id,), if_match=if_match)
        self._client._send(call)


class SessionsService:
    """Signs in as a browser does. Other programs use tokens or keys."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def get(self) -> SignedIn:
        """Get the session of this request."""
        call = Call("GET", "/api/session")
        return self._client._ask(call, SignedIn.read)

    def sign_out(self) -> None:
        """End the session of this request."""
        call = Call("DELETE", "/api/session")
        self._client._send(call)

    def confirm(self, *, password: str | Unset | None = UNSET) -> SignedIn:
        """Confirm your password in this session."""
        call = Call("POST", "/api/session/confirm", body=body(password=password))
        del password
        return self._client._ask(call, SignedIn.read)

    def list(self) -> builtins.list[Session]:
        """List your sessions."""
        call = Call("GET", "/api/sessions")
        return self._client._ask(call, items_of(Session.read))

    def end_all(self, *, keep_current: bool | Unset = UNSET) -> None:
        """End all your sessions and signed tokens."""
        call = Call("DELETE", "/api/sessions", query={"keep_current": keep_current})
        self._client._send(call)

    def end(self, id: str) -> None:
        """End one of your sessions."""
        call = Call("DELETE", "/api/sessions/{id}", params=(id,))
        self._client._send(call)

    def sign_in(
        self, password: str, *, username: str | Unset = UNSET, email: str | Unset = UNSET, code: str | Unset = UNSET
    ) -> tuple[Me, Credential]:
        """Sign in. Return the user, and the session for use with with_credential."""
        members = body(username=username, email=email, password=password, code=code)
        del password, code
        call = Call("POST", "/api/session", body=members, anonymous=True)
        answer = self._client._send(call)
        return read_answer(call, answer, lambda a: (Me.read(a.json()), session_of(a)))


class OAuthService:
    """Obtains and checks access tokens of service accounts."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def metadata(self) -> AuthorizationServer:
        """The metadata of this authorization server (RFC 8414)."""
        call = Call("GET", "/.well-known/oauth-authorization-server", anonymous=True)
        return self._client._ask(call, AuthorizationServer.read)

    def keys(self) -> PublicKeys:
        """The public keys that verify signed tokens (RFC 7517)."""
        call = Call("GET", "/.well-known/jwks.json", anonymous=True)
        return self._client._ask(call, PublicKeys.read)

    def token(self, client_id: str, client_secret: str, *, scopes: Sequence[str] = ()) -> AccessToken:
        """Obtain an access token with a service account and one of its keys, for the scopes or all of the key's."""
        form = oauth_form(client_id, client_secret, grant_type="client_credentials", scope=" ".join(scopes))
        del client_secret
        call = Call("POST", "/oauth/token", form=form, anonymous=True, reads=True)
        return self._client._ask(call, AccessToken.read)

    def introspect(self, client_id: str, client_secret: str, token: str) -> Introspection:
        """Describe an access token or key. The client needs the scope latchkey:verify."""
        form = oauth_form(client_id, client_secret, token=token)
        del client_secret, token
        call = Call("POST", "/oauth/introspect", form=form, anonymous=True, reads=True)
        return self._client._ask(call, Introspection.read)

    def revoke(self, client_id: str, client_secret: str, token: str) -> None:
        """Revoke an access token that was issued to the client."""
        form = oauth_form(client_id, client_secret, token=token)
        del client_secret, token
        self._client._send(Call("POST", "/oauth/revoke", form=form, anonymous=True, reads=True))


class AuditService:
    """Reads the audit log."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def list(
        self,
        *,
        organization_id: str | Unset = UNSET,
        object_id: str | Unset = UNSET,
        subject_id: str | Unset = UNSET,
        action: str | Unset = UNSET,
        from_: datetime | Unset = UNSET,
        until: datetime | Unset = UNSET,
        limit: int | Unset = UNSET,
        cursor: str | Unset = UNSET,
    ) -> Page[AuditEvent]:
        """List audit events, newest first."""
        call = Call(
            "GET",
            "/api/audit-events",
            query={
                "limit": limit,
                "cursor": cursor,
                "organization_id": organization_id,
                "object_id": object_id,
                "subject_id": subject_id,
                "action": action,
                "from": from_,
                "until": until,
            },
        )
        return self._client._ask(call, page_of(AuditEvent.read))

    def all(
        self,
        *,
        organization_id: str | Unset = UNSET,
        object_id: str | Unset = UNSET,
        subject_id: str | Unset = UNSET,
        action: str | Unset = UNSET,
        from_: datetime | Unset = UNSET,
        until: datetime | Unset = UNSET,
    ) -> Iterator[AuditEvent]:
        """Yield all of them, page by page."""
        return walk(
            lambda cursor: self.list(
                organization_id=organization_id,
                object_id=object_id,
                subject_id=subject_id,
                action=action,
                from_=from_,
                until=until,
                limit=200,
                cursor=cursor,
            )
        )


class UsageService:
    """Reads how often keys were verified."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def get(
        self,
        *,
        organization_id: str | Unset = UNSET,
        service_account_id: str | Unset = UNSET,
        from_: datetime | Unset = UNSET,
        to: datetime | Unset = UNSET,
        interval: str | Unset = UNSET,
        group_by: str | Unset = UNSET,
    ) -> UsageReport:
        """Count verifications by outcome."""
        call = Call(
            "GET",
            "/api/usage",
            query={
                "organization_id": organization_id,
                "service_account_id": service_account_id,
                "from": from_,
                "to": to,
                "interval": interval,
                "group_by": group_by,
                "format": "json",
            },
        )
        return self._client._ask(call, UsageReport.read)

    def csv(
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
        query = {
            "organization_id": organization_id,
            "service_account_id": service_account_id,
            "from": from_,
            "to": to,
            "interval": interval,
            "group_by": group_by,
            "format": "csv",
        }
        return (self._client._send(Call("GET", "/api/usage", query=query, raw=True))).body


class NodesService:
    """Reads which processes serve."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def list(self) -> builtins.list[Node]:
        """List the nodes that serve from the store, and their edges."""
        call = Call("GET", "/api/nodes")
        return self._client._ask(call, items_of(Node.read))


class ServiceService:
    """Reads how the service is."""

    def __init__(self, client: Latchkey) -> None:
        self._client = client

    def health(self) -> Alive:
        """Is the process alive?."""
        call = Call("GET", "/healthz", anonymous=True)
        return self._client._ask(call, Alive.read)

    def ready(self) -> Health:
        """Can this node take requests?."""
        call = Call("GET", "/readyz", anonymous=True, refusals=lambda a: a.status == 503 and a.media_type == "application/json")
        return self._client._ask(call, Health.read)

    def metrics(self) -> bytes:
        """Metrics for Prometheus."""
        call = Call("GET", "/metrics", raw=True)
        return (self._client._send(call)).body

    def contract(self) -> bytes:
        """This document."""
        call = Call("GET", "/openapi.yaml", anonymous=True, raw=True)
        return (self._client._send(call)).body
