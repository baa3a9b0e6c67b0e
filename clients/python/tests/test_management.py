"""The management API against the real service."""

from __future__ import annotations

import asyncio
import datetime
import secrets

import pytest

from latchkey import (
    AsyncLatchkey,
    Conflict,
    Invalid,
    Latchkey,
    NotFound,
    Rule,
    Stale,
    Unauthenticated,
    bearer_token,
    password,
    user_token,
)

from .conftest import ADMIN, ORGANIZATION, PASSWORD, Provider, Service


def test_the_life_of_a_key(provider: Provider) -> None:
    c = provider.client
    account = c.accounts.create(organization_id=ORGANIZATION, name="life", scopes=["invoices:*"], metadata={"plan": 7})
    assert account.metadata == {"plan": 7}
    ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30)
    issued = c.keys.issue(
        service_account_id=account.id,
        name="CI",
        environment="test",
        scopes=["invoices:read"],
        rate_limit=Rule(requests=5, per=datetime.timedelta(seconds=10)),
        expires_at=ends,
    )
    assert issued.key.startswith("lk_test_")
    assert issued.rate_limit is not None
    assert issued.rate_limit.per == datetime.timedelta(seconds=10)
    assert issued.expires_at is not None
    assert abs(issued.expires_at - ends) < datetime.timedelta(milliseconds=1)

    key = c.keys.get(issued.id)
    assert key.etag
    changed = c.keys.update(key.id, name="nightly", rate_limit=None, if_match=key.etag)
    assert (changed.name, changed.rate_limit) == ("nightly", None)
    with pytest.raises(Stale):
        c.keys.update(key.id, name="late", if_match=key.etag)

    successor = c.keys.rotate(key.id, grace=datetime.timedelta(hours=1))
    assert successor.rotated_from == key.id
    revoked = c.keys.revoke(successor.id, reason="leaked", note="in a log")
    assert revoked.status == "revoked"
    assert revoked.effective_everywhere_by > ends - datetime.timedelta(days=31)
    assert {k.id for k in c.keys.find(issued.key)} == {issued.id}
    assert {k.id for k in c.keys.all(service_account_id=account.id)} == {issued.id, successor.id}
    assert c.keys.list(service_account_id=account.id, status="revoked").items[0].id == successor.id
    c.keys.delete(issued.id)
    with pytest.raises(NotFound):
        c.keys.get(issued.id)
    assert any(e.action == "key.revoke" and e.object.id == successor.id for e in c.audit.all(organization_id=ORGANIZATION))


def test_creations_are_not_repeated(provider: Provider) -> None:
    c = provider.client
    name = "org " + secrets.token_hex(4)
    first = c.organizations.create(name=name, idempotency_key=name)
    again = c.organizations.create(name=name, idempotency_key=name)
    assert first.id == again.id
    with pytest.raises(Conflict):
        c.organizations.create(name="another", idempotency_key=name)
    assert [o.id for o in c.organizations.all(q=name)] == [first.id]
    c.organizations.delete(first.id)


def test_pages(provider: Provider) -> None:
    c = provider.client
    prefix = "page" + secrets.token_hex(4)
    made = {c.organizations.create(name=f"{prefix} {n}").id for n in range(5)}
    page = c.organizations.list(q=prefix, limit=2)
    assert len(page.items) == 2
    assert page.next_cursor
    rest = c.organizations.list(q=prefix, limit=200, cursor=page.next_cursor)
    assert {o.id for o in page.items + rest.items} == made


def test_the_catalogue(provider: Provider) -> None:
    c = provider.client
    name = f"things{secrets.token_hex(3)}:read"
    scope = c.scopes.create(name=name, description="Read things")
    assert c.scopes.update(name, description="Read all things").description == "Read all things"
    assert c.scopes.holders(name).accounts == 0
    assert c.scopes.retire(name).retired_at is not None
    assert c.scopes.restore(name).retired_at is None
    renamed = c.scopes.rename(name, new_name=name + "-all", keep=datetime.timedelta(hours=1))
    assert renamed.name == name + "-all" or renamed.renamed_to == name + "-all"
    assert scope.name == name
    tier = provider.tier(100, "1s")
    impact = c.tiers.preview(tier, rate_limit={"requests": 1, "per": "1s"})
    assert impact.keys == 0
    replaced = c.tiers.replace(tier, title="T", rate_limit=Rule(requests=2, per=datetime.timedelta(minutes=1), burst=9))
    assert replaced.rate_limit == Rule(requests=2, per=datetime.timedelta(minutes=1), burst=9)
    c.tiers.delete(tier)


def test_faults_name_their_fields(provider: Provider) -> None:
    with pytest.raises(Invalid) as failed:
        provider.client.organizations.create(name="")
    assert [f.field for f in failed.value.fields] == ["name"]


def test_people_and_their_credentials(provider: Provider, service: Service) -> None:
    c = provider.client
    email = f"{secrets.token_hex(4)}@example.com"
    secret = "a password of some length"
    user = c.users.create(email=email, name="Ada", password=secret)
    member = c.members.add(ORGANIZATION, user_id=user.id, role="viewer")
    assert c.members.update(ORGANIZATION, user.id, role="developer").role == "developer"
    assert member.role == "viewer"
    with Latchkey(service.url) as anonymous:
        with pytest.raises(Unauthenticated):
            anonymous.me.get()
        pair = anonymous.auth.obtain_token_pair(email, secret)
        anonymous.auth.verify_token(pair.access)
        assert anonymous.with_credential(bearer_token(pair.access)).me.get().id == user.id
        me, session = anonymous.sessions.sign_in(secret, email=email)
        assert me.email == email
        browser = anonymous.with_credential(session)
        assert browser.sessions.get().user.id == user.id
        token = anonymous.with_credential(password(email, secret)).tokens.create(name="laptop")
        assert anonymous.with_credential(user_token(token.token)).me.get().id == user.id
        browser.sessions.sign_out()
        with pytest.raises(Unauthenticated):
            browser.me.get()
        with pytest.raises(Unauthenticated):
            anonymous.auth.obtain_token_pair(email, "wrong")
    c.members.remove(ORGANIZATION, user.id)
    c.users.delete(user.id)


def test_access_tokens(provider: Provider, service: Service, verifier: Latchkey, verifier_key: str) -> None:
    key = provider.key("invoices:read")
    with Latchkey(service.url) as c:
        token = c.oauth.token(key.service_account_id, key.key, scopes=["invoices:read"])
        assert token.token_type == "Bearer"
        assert verifier.verify(token.access_token, scopes=["invoices:read"])
        assert c.oauth.metadata().jwks_uri.startswith(service.url)
        assert c.oauth.keys().keys
        asker = provider.client.keys.find(verifier_key)[0]
        assert c.oauth.introspect(asker.service_account_id, verifier_key, token.access_token).active
        c.oauth.revoke(key.service_account_id, key.key, token.access_token)
        assert verifier.verify(token.access_token).code == "REVOKED"
        with pytest.raises(Unauthenticated) as failed:
            c.oauth.token(key.service_account_id, "wrong")
        assert failed.value.code == "invalid_client"


def test_reports_and_health(provider: Provider, service: Service) -> None:
    c = provider.client
    key = provider.key("invoices:read")
    assert c.usage.get(organization_id=ORGANIZATION, group_by="code").group_by == "code"
    assert b"," in c.usage.csv(organization_id=ORGANIZATION)
    assert c.keys.usage(key.id).items == []
    assert c.keys.refusals(key.id) == []
    assert c.service.health().status == "ok"
    assert c.service.ready().checks["store"].state == "ok" or c.service.ready().status == "ok"
    assert c.service.contract().startswith(b"openapi:")
    assert b"latchkey" in c.service.metrics()
    assert [n.self for n in c.nodes.list() if n.kind == "node"] == [True]
    assert c.incidents.list().items == []


def test_asyncio(service: Service) -> None:
    async def run() -> tuple[str, list[str]]:
        async with AsyncLatchkey(service.url, credential=password(ADMIN, PASSWORD)) as c:
            account = await c.accounts.create(organization_id=ORGANIZATION, name="async", scopes=["invoices:read"])
            key = await c.keys.issue(service_account_id=account.id, name="CI")
            return key.id, [k.id async for k in c.keys.all(service_account_id=account.id)]

    key, found = asyncio.run(run())
    assert found == [key]
