"""Django and Django REST Framework against the real service."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient, Client, RequestFactory, override_settings
from rest_framework.request import Request

from latchkey import Unreachable
from latchkey.django import get_guard
from latchkey.drf import APIKey, BaseHasAPIKey, HasAPIKey, HasScope, KeyParser, LatchkeyUser
from latchkey.guard import identity

from . import site  # noqa: F401
from .conftest import Provider, Service, free_port, unknown_key

MIDDLEWARE = ["latchkey.django.LatchkeyMiddleware"]


@pytest.fixture
def client(service: Service, verifier_key: str) -> Iterator[Client]:
    with override_settings(LATCHKEY_URL=service.url, LATCHKEY_API_KEY=verifier_key):
        get_guard.cache_clear()
        yield Client()
    get_guard.cache_clear()


def key_of(secret: str) -> dict[str, Any]:
    return {"headers": {"X-API-Key": secret}}


def by_header(secret: str) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Api-Key {secret}"}}


def test_the_decorator_protects_by_itself(provider: Provider, client: Client) -> None:
    key = provider.key("invoices:read", tier=provider.tier(4, "1h"))
    good = client.get("/invoices", **key_of(key.key))
    assert (good.status_code, good.json()) == (200, {"who": key.id})
    assert good["X-RateLimit-Remaining"] == "2"
    assert client.get("/ainvoices", **key_of(key.key)).json() == {"who": key.id}
    over = client.get("/invoices", **key_of(key.key))
    assert (over.status_code, over["Content-Type"], over.json()["code"]) == (429, "application/problem+json", "RATE_LIMITED")
    assert int(over["Retry-After"]) > 0
    none = client.get("/invoices")
    assert (none.status_code, none["WWW-Authenticate"], none.json()["code"]) == (401, 'Bearer realm="api"', "MISSING")
    lacking = client.get("/invoices", **key_of(provider.key("customers:read").key))
    assert (lacking.status_code, lacking.json()["missing_scopes"]) == (403, ["invoices:read"])
    assert client.get("/plain").json() == {"who": "nobody"}


@override_settings(MIDDLEWARE=MIDDLEWARE)
def test_the_middleware_protects_all_views(provider: Provider, client: Client) -> None:
    key = provider.key("invoices:read", tier=provider.tier(3, "1h"))
    client = Client()
    assert client.get("/plain").status_code == 401
    good = client.get("/plain", **key_of(key.key))
    assert (good.json(), good["X-RateLimit-Remaining"]) == ({"who": key.id}, "2")
    assert client.get("/public").json() == {"who": "nobody"}
    assert client.get("/invoices", **key_of(key.key))["X-RateLimit-Remaining"] == "0"
    assert client.get("/invoices", **key_of(unknown_key())).json()["code"] == "NOT_FOUND"
    assert client.get("/nowhere").status_code == 404


@pytest.mark.parametrize("middleware", [[], MIDDLEWARE])
def test_each_of_several_decorators_is_checked(provider: Provider, client: Client, middleware: list[str]) -> None:
    reader, writer = provider.key("invoices:read"), provider.key("invoices:*", tier=provider.tier(4, "1h"))
    with override_settings(MIDDLEWARE=middleware):
        client = Client()
        assert client.get("/documents", **key_of(reader.key)).json() == {"who": reader.id}
        assert client.get("/catalogue").json() == {"who": "nobody"}
        assert client.post("/catalogue").status_code == 401
        for path in ("/documents", "/catalogue", "/ledger", "/astacked"):
            refused = client.post(path, **key_of(reader.key))
            assert (path, refused.status_code, refused.json().get("missing_scopes")) == (path, 403, ["invoices:write"])
            assert client.post(path, **key_of(writer.key)).json() == {"who": writer.id}
        assert client.get("/documents", **key_of(writer.key)).status_code == 429  # each was charged once


@override_settings(MIDDLEWARE=MIDDLEWARE)
def test_the_middleware_and_rest_framework_charge_once(provider: Provider, client: Client) -> None:
    key = provider.key("invoices:read", tier=provider.tier(3, "1h"))
    assert Client().get("/drf/invoices", **key_of(key.key))["X-RateLimit-Remaining"] == "2"
    assert Client().get("/drf/either", **key_of(key.key))["X-RateLimit-Remaining"] == "1"
    assert Client().get("/drf/invoices", **key_of(provider.key("customers:read").key)).status_code == 403


@override_settings(MIDDLEWARE=MIDDLEWARE)
def test_asgi(provider: Provider, client: Client) -> None:
    key = provider.key("invoices:read")

    async def run() -> list[Any]:
        asynchronous = AsyncClient()
        paths = ("/plain", "/ainvoices", "/invoices", "/public")
        got = [await asynchronous.get(path, **key_of(key.key)) for path in paths]
        return [r.json()["who"] for r in got] + [(await asynchronous.get("/ainvoices")).status_code]

    assert asyncio.run(run()) == [key.id, key.id, key.id, "nobody", 401]
    assert asyncio.run(run())[0] == key.id  # on another event loop


def test_authentication(provider: Provider, client: Client) -> None:
    key = provider.key("invoices:read", tier=provider.tier(2, "1h"))
    for header in (key_of(key.key), {"headers": {"Authorization": f"Bearer {key.key}"}}):
        good = client.get("/drf/invoices", **header)
        assert good.status_code == 200
        assert (good.json()["who"], good.json()["id"]) == (key.id, key.service_account_id)
    assert good["X-RateLimit-Remaining"] == "0"
    over = client.get("/drf/invoices", **key_of(key.key))
    assert (over.status_code, over["X-RateLimit-Remaining"]) == (429, "0")
    assert 1 < int(over["Retry-After"]) <= 3600
    throttled = client.get("/drf/throttled", **key_of(key.key))
    assert (throttled.status_code, int(throttled["Retry-After"]) > 1) == (429, True)
    none = client.get("/drf/invoices")
    assert (none.status_code, none["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    bad = client.get("/drf/invoices", **key_of("nonsense"))
    assert (bad.status_code, bad.json()) == (401, {"detail": "the key has a wrong shape or checksum"})
    provider.client.keys.revoke(key.id)
    assert client.get("/drf/throttled", **key_of(key.key)).status_code == 401


def test_scopes_cost_nothing_when_they_refuse(provider: Provider, client: Client) -> None:
    key = provider.key("customers:read", tier=provider.tier(1, "1h"))
    for _ in range(3):
        assert client.get("/drf/invoices", **key_of(key.key)).status_code == 403
    assert client.get("/drf/either", **key_of(key.key)).status_code == 200
    assert client.get("/drf/either", **key_of(key.key)).status_code == 429
    assert client.get("/drf/neither", **key_of(provider.key("invoices:read").key)).status_code == 403
    assert client.get("/drf/neither", **key_of(provider.key("invoices:*", "customers:*").key)).status_code == 200


def test_several_classes_charge_once(provider: Provider, client: Client) -> None:
    key = provider.key("invoices:read", tier=provider.tier(2, "1h"))
    good = client.get("/drf/both", **by_header(key.key))
    assert (good.status_code, good["X-RateLimit-Remaining"]) == (200, "1")
    assert client.get("/drf/anyone", **by_header(key.key)).status_code == 200
    assert client.get("/drf/both", **by_header(key.key)).status_code == 429
    assert client.get("/drf/anyone", **by_header(key.key)).status_code == 429
    assert client.get("/drf/anyone").status_code == 200


def test_the_drop_in(provider: Provider, client: Client) -> None:
    key = provider.key("invoices:read", tier=provider.tier(2, "1h"))
    assert client.get("/drf/dropin", **by_header(key.key)).json() == {"who": key.id}
    assert client.get("/drf/dropin", **key_of(key.key)).status_code == 403  # not where it reads
    with override_settings(API_KEY_CUSTOM_HEADER="HTTP_X_MY_KEY"):
        assert client.get("/drf/dropin", headers={"X-My-Key": key.key}).status_code == 200
        assert client.get("/drf/dropin", **by_header(key.key)).status_code == 403
    for path in ("/drf/dropin", "/drf/dropin-throttled"):
        over = client.get(path, **by_header(key.key))
        assert (over.status_code, int(over["Retry-After"]) > 1) == (429, True)
    for header in ({}, by_header("nonsense"), by_header(unknown_key()), {"headers": {"Authorization": "Api-Key"}}):
        refused = client.get("/drf/dropin", **header)
        assert (refused.status_code, refused.json()) == (403, {"detail": "Authentication credentials were not provided."})


def test_a_second_key_hides_no_limit(provider: Provider, client: Client) -> None:
    small, other = provider.key("invoices:read", tier=provider.tier(1, "1h")), provider.key("invoices:read")
    with override_settings(API_KEY_CUSTOM_HEADER="HTTP_X_MY_KEY"):
        for first, second in ((small, other), (other, small)):
            headers = {"X-API-Key": first.key, "X-My-Key": second.key}
            client.get("/drf/both", headers=headers)
            assert client.get("/drf/both", headers=headers).status_code == 429


def test_looking_a_key_up(provider: Provider, client: Client) -> None:
    key = provider.key("invoices:read", tier=provider.tier(1, "1h"))
    for _ in range(3):
        assert APIKey.objects.get_from_key(key.key).key_id == key.id
    assert APIKey.objects.is_valid(key.key)
    assert not APIKey.objects.is_valid("nonsense")
    with pytest.raises(APIKey.DoesNotExist):
        APIKey.objects.get_from_key(unknown_key())


def test_nobody_decides(provider: Provider, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    key = provider.key("invoices:read").key
    with override_settings(LATCHKEY_URL=f"http://127.0.0.1:{free_port()}", LATCHKEY_TIMEOUT=0.2):
        for path in ("/invoices", "/drf/invoices", "/drf/dropin", "/drf/dropin-throttled", "/drf/either", "/drf/anyone"):
            answer = client.get(path, **by_header(key))
            assert (answer.status_code, answer["Retry-After"]) == (503, "5"), path
        with pytest.raises(Unreachable):
            APIKey.objects.is_valid(key)
        assert key not in caplog.text
        assert "nobody decided" in caplog.text
        with override_settings(LATCHKEY_FAIL_OPEN=True):
            for path in ("/invoices", "/drf/dropin", "/drf/either"):
                assert client.get(path, **by_header(key)).json() == {"who": "nobody"}
            assert client.get("/drf/invoices", **by_header(key)).status_code == 401  # nobody is authenticated
            assert client.get("/invoices").status_code == 401


@pytest.mark.parametrize(
    "settings",
    [
        {"LATCHKEY_URL": None},
        {"LATCHKEY_API_KEY": ""},
        {"LATCHKEY_URL": "http://keys.example.com"},
        {"LATCHKEY_FORWARDED_HEADER": "X-Real-IP"},
        {"LATCHKEY_TRUSTED_PROXIES": ["nonsense"]},
    ],
)
def test_wrong_settings_stop_the_start(client: Client, settings: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    with override_settings(MIDDLEWARE=MIDDLEWARE, **settings), pytest.raises(ImproperlyConfigured):
        Client().get("/plain")


def test_a_bound_key_behind_a_proxy(provider: Provider, client: Client) -> None:
    key = provider.key("invoices:read", allowed_networks=["203.0.113.0/24"])
    asked: dict[str, Any] = {"headers": {"X-API-Key": key.key, "X-Forwarded-For": "6.6.6.6, 203.0.113.7"}}
    assert client.get("/invoices", **asked).status_code == 403
    with override_settings(LATCHKEY_TRUSTED_PROXIES=["127.0.0.0/8"]):
        assert client.get("/invoices", **asked).status_code == 200


def test_users_are_service_accounts(provider: Provider, client: Client) -> None:
    key = provider.key("invoices:*")
    user = LatchkeyUser(APIKey.objects.get_from_key(key.key))
    assert (user.is_authenticated, user.is_staff, user.has_perm("x"), user.pk) == (True, False, False, key.service_account_id)
    assert user.has_scope("invoices:read")
    assert not user.has_scope("customers:read")
    assert user == LatchkeyUser(APIKey.objects.get_from_key(key.key))
    with pytest.raises(TypeError):
        HasScope()


def test_a_permission_for_a_model_of_its_own_lets_nobody_in(provider: Provider, client: Client) -> None:
    class HasPartnerKey(BaseHasAPIKey):
        model = User

    class HasOldKey(BaseHasAPIKey):
        model = type("APIKey", (), {"_meta": type("Meta", (), {"label": "rest_framework_api_key.APIKey"})})

    request = Request(RequestFactory().get("/", **by_header(provider.key("invoices:read").key)))
    with pytest.raises(ImproperlyConfigured):
        HasPartnerKey().has_permission(request, None)
    assert HasOldKey().has_permission(request, None)


def test_no_identity_is_left_for_the_next_request(provider: Provider, client: Client) -> None:
    assert client.get("/drf/dropin", **by_header(provider.key("invoices:read").key)).json() != {"who": "nobody"}
    assert client.get("/plain").json() == {"who": "nobody"}
    assert client.get("/drf/either", **by_header(provider.key("invoices:read").key)).status_code == 200
    assert client.get("/drf/anyone").json() == {"who": "nobody"}
    assert identity() is None


def test_another_parser(provider: Provider, client: Client) -> None:
    class BearerParser(KeyParser):
        keyword = "Bearer"

    class HasBearer(HasAPIKey):
        key_parser = BearerParser()

    key = provider.key("invoices:read").key
    assert HasBearer().has_permission(Request(RequestFactory().get("/", headers={"Authorization": f"Bearer {key}"})), None)
    assert not HasBearer().has_permission(Request(RequestFactory().get("/", **by_header(key))), None)
