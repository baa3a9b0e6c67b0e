"""Verification against the real service."""

from __future__ import annotations

import asyncio

import pytest

from latchkey import AsyncLatchkey, Forbidden, Invalid, Latchkey, Unauthenticated, Unreachable

from .conftest import ORGANIZATION, Provider, Service, free_port, unknown_key


def test_a_valid_key_tells_who_it_is(provider: Provider, verifier: Latchkey) -> None:
    key = provider.key("invoices:read")
    verdict = verifier.verify(key.key, scopes=["invoices:read"])
    assert verdict
    assert verdict.valid
    assert verdict.code == "VALID"
    assert verdict.status == 200
    assert verdict.key_id == key.id
    assert verdict.organization_id == ORGANIZATION
    assert verdict.service_account is not None
    assert verdict.service_account.id == key.service_account_id
    assert verdict.scopes == ["invoices:read"]
    assert verdict.rate_limit is not None
    assert "RateLimit" in verdict.limit_headers
    assert verdict.retry_after is None


def test_refusals_are_verdicts(provider: Provider, verifier: Latchkey) -> None:
    key = provider.key("invoices:read")
    lacking = verifier.verify(key.key, scopes=["invoices:read", "customers:read"])
    assert not lacking
    assert (lacking.code, lacking.status, lacking.missing_scopes) == ("INSUFFICIENT_SCOPE", 403, ["customers:read"])
    assert verifier.verify("nonsense").code == "MALFORMED"
    assert verifier.verify(unknown_key()).code == "NOT_FOUND"
    provider.client.keys.revoke(key.id, reason="leaked")
    revoked = verifier.verify(key.key)
    assert (revoked.code, revoked.status, bool(revoked)) == ("REVOKED", 401, False)


def test_limits(provider: Provider, verifier: Latchkey) -> None:
    key = provider.key("invoices:read", tier=provider.tier(1, "1h"))
    assert verifier.verify(key.key, cost=0)
    assert verifier.verify(key.key)
    over = verifier.verify(key.key)
    assert (over.code, over.status, over.limited) == ("RATE_LIMITED", 429, True)
    assert over.retry_after is not None
    assert 3000 < over.retry_after <= 3600
    assert over.limit_headers["Retry-After"] == str(int(over.retry_after))
    never = verifier.verify(key.key, cost=2)
    assert (never.code, never.retry_after) == ("RATE_LIMITED", None)


def test_a_key_bound_to_networks(provider: Provider, verifier: Latchkey) -> None:
    key = provider.key("invoices:read", allowed_networks=["203.0.113.0/24"])
    assert verifier.verify(key.key, address="203.0.113.7")
    assert verifier.verify(key.key, address="198.51.100.1").code == "IP_NOT_ALLOWED"
    assert verifier.verify(key.key).code == "IP_NOT_ALLOWED"


def test_a_dry_run_explains_itself(provider: Provider, verifier: Latchkey) -> None:
    key = provider.key("invoices:read")
    verdict = verifier.verify(key.key, scopes=["customers:read"], dry_run=True)
    steps = {step.check: step.outcome for step in verdict.steps}
    assert steps["known"] == "passed"
    assert steps["scopes"] == "failed"


def test_a_key_verifies_itself(provider: Provider, service: Service) -> None:
    key = provider.key("invoices:read")
    with Latchkey(service.url, key.key) as own:
        verdict = own.verify_self(scopes=["invoices:read"])
        assert (verdict.valid, verdict.key_id, verdict.scopes) == (True, key.id, ["invoices:read"])
        refused = own.verify_self(scopes=["customers:read"])
        assert (refused.valid, refused.code, refused.status) == (False, "INSUFFICIENT_SCOPE", 403)
        assert refused.missing_scopes == ["customers:read"]
    with Latchkey(service.url, key.key[:-1] + ("x" if key.key[-1] != "x" else "y")) as wrong:
        assert wrong.verify_self().code == "MALFORMED"


def test_nobody_decides(provider: Provider, service: Service, verifier: Latchkey) -> None:
    key = provider.key("invoices:read").key
    with Latchkey(f"http://127.0.0.1:{free_port()}", key, retries=0) as nowhere, pytest.raises(Unreachable) as gone:
        nowhere.verify(key)
    assert gone.value.temporary
    with Latchkey(service.url, unknown_key()) as stranger, pytest.raises(Unauthenticated):
        stranger.verify(key)
    with Latchkey(service.url, key) as lacking, pytest.raises(Forbidden):
        lacking.verify(key)
    with pytest.raises(Invalid) as invalid:
        verifier.verify(key, scopes=["invoices:*"])
    assert invalid.value.fields[0].field.startswith("scopes")
    assert invalid.value.request_id


def test_asyncio(provider: Provider, service: Service, verifier_key: str) -> None:
    key = provider.key("invoices:read")

    async def ask() -> list[str]:
        async with AsyncLatchkey(service.url, verifier_key) as client:
            verdicts = await asyncio.gather(*(client.verify(key.key, scopes=[s]) for s in ("invoices:read", "customers:read")))
            return [v.code for v in verdicts]

    assert asyncio.run(ask()) == ["VALID", "INSUFFICIENT_SCOPE"]
