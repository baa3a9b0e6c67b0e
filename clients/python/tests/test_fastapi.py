"""FastAPI against the real service."""

import asyncio
from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI, HTTPException

from latchkey import AsyncLatchkey, Verdict
from latchkey.fastapi import Protect
from latchkey.guard import Guard, Need, identity

from .conftest import Provider, Service, free_port


def app_of(client: AsyncLatchkey, **settings: Any) -> FastAPI:
    app = FastAPI()
    protect = Protect(Guard(client, **settings), app)

    @app.get("/invoices")
    async def invoices(who: Annotated[Verdict, Depends(protect("invoices:read"))]) -> dict[str, object]:
        return {"who": who and who.key_id, "same": identity() is who}

    @app.get("/sync")
    def sync(who: Annotated[Verdict, Depends(protect("invoices:read"))]) -> dict[str, object]:
        return {"who": who.key_id}

    @app.get("/missing", dependencies=[Depends(protect())])
    async def missing() -> None:
        raise HTTPException(404)

    @app.get("/by", dependencies=[Depends(protect.by(lambda r: Need((r.query_params["scope"],))))])
    async def by() -> str:
        return "by"

    @app.get("/public")
    async def public() -> dict[str, object]:
        return {"who": identity()}

    return app


def ask(app: FastAPI, *requests: tuple[str, dict[str, str]]) -> list[httpx.Response]:
    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app, client=("203.0.113.7", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return [await client.get(path, headers=headers) for path, headers in requests]

    return asyncio.run(run())


def test_routes(provider: Provider, service: Service, verifier_key: str) -> None:
    key = provider.key("invoices:read", tier=provider.tier(9, "1h"), allowed_networks=["203.0.113.0/24"])
    mine: dict[str, str] = {"X-API-Key": str(key.key)}
    app = app_of(AsyncLatchkey(service.url, verifier_key))
    good, sync, missing, by, lacking, public, none, bad = ask(
        app,
        ("/invoices", mine),
        ("/sync", mine),
        ("/missing", mine),
        ("/by?scope=invoices:read", mine),
        ("/by?scope=customers:read", mine),
        ("/public", mine),
        ("/invoices", {}),
        ("/invoices", {"Authorization": "Bearer nonsense"}),
    )
    assert (good.status_code, good.json(), good.headers["x-ratelimit-remaining"]) == (200, {"who": key.id, "same": True}, "8")
    assert sync.json() == {"who": key.id}
    assert (missing.status_code, missing.headers["x-ratelimit-remaining"]) == (404, "6")
    assert by.json() == "by"
    assert (lacking.status_code, lacking.json()["missing_scopes"]) == (403, ["customers:read"])
    assert lacking.headers["content-type"] == "application/problem+json"
    assert public.json() == {"who": None}
    assert (none.status_code, none.headers["www-authenticate"], none.json()["code"]) == (401, 'Bearer realm="api"', "MISSING")
    assert bad.json()["code"] == "MALFORMED"
    operation = app.openapi()["paths"]["/invoices"]["get"]
    assert operation["security"] == [{"Latchkey": []}]
    assert operation.get("parameters", []) == []


def test_limits(provider: Provider, service: Service, verifier_key: str) -> None:
    key = provider.key("invoices:read", tier=provider.tier(1, "1h"))
    app = app_of(AsyncLatchkey(service.url, verifier_key))
    _, over = ask(app, ("/invoices", {"X-API-Key": key.key}), ("/invoices", {"X-API-Key": key.key}))
    assert (over.status_code, over.json()["code"], int(over.headers["retry-after"]) > 0) == (429, "RATE_LIMITED", True)


def test_nobody_decides(provider: Provider) -> None:
    nowhere = AsyncLatchkey(f"http://127.0.0.1:{free_port()}", "k", retries=0)
    asked = ("/invoices", {"X-API-Key": "lk_live_x"})
    (closed,) = ask(app_of(nowhere), asked)
    assert (closed.status_code, closed.headers["retry-after"], closed.json()["code"]) == (503, "5", "unavailable")
    heard: list[Exception] = []
    (opened,) = ask(app_of(nowhere, fail_open=True, on_error=heard.append), asked)
    assert (opened.status_code, opened.json()["who"], len(heard)) == (200, None, 1)
