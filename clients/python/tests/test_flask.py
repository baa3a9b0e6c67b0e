"""Flask against the real service."""

from __future__ import annotations

from typing import Any

from flask import Flask, abort, g, request

from latchkey import Latchkey
from latchkey.flask import Protect
from latchkey.guard import Guard, Need, identity

from .conftest import Provider, free_port


def app_of(client: Latchkey, **settings: Any) -> Flask:
    app = Flask(__name__)
    protect = Protect(Guard(client, **settings))

    @app.get("/invoices")
    @protect("invoices:read")
    def invoices() -> dict[str, object]:
        who = identity()
        return {"who": who.key_id if who else None, "same": g.latchkey is who}

    @app.get("/missing")
    @protect()
    def missing() -> str:
        abort(404)

    @app.get("/by")
    @protect.by(lambda: Need((request.args["scope"],)))
    def by() -> str:
        return "by"

    @app.get("/public")
    def public() -> dict[str, object]:
        return {"who": identity()}

    return app


def test_views(provider: Provider, verifier: Latchkey) -> None:
    key = provider.key("invoices:read", tier=provider.tier(3, "1h"), allowed_networks=["127.0.0.0/8"])
    mine = {"X-API-Key": key.key}
    client = app_of(verifier).test_client()
    good = client.get("/invoices", headers=mine)
    assert (good.json, good.headers["X-RateLimit-Remaining"]) == ({"who": key.id, "same": True}, "2")
    missing = client.get("/missing", headers=mine)
    assert (missing.status_code, missing.headers["X-RateLimit-Remaining"]) == (404, "1")
    assert client.get("/by?scope=invoices:read", headers=mine).text == "by"
    lacking = client.get("/by?scope=customers:read", headers=mine)
    assert (lacking.status_code, lacking.mimetype, lacking.get_json()["code"]) == (403, "application/problem+json", "INSUFFICIENT_SCOPE")
    over = client.get("/invoices", headers=mine)
    assert (over.status_code, int(over.headers["Retry-After"]) > 0) == (429, True)
    assert client.get("/public", headers=mine).json == {"who": None}
    none = client.get("/invoices")
    assert (none.status_code, none.headers["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    two = client.get("/invoices", headers={**mine, "Authorization": "Api-Key lk_live_other"})
    assert (two.status_code, two.get_json()["code"]) == (401, "MALFORMED")


def test_nobody_decides() -> None:
    nowhere = Latchkey(f"http://127.0.0.1:{free_port()}", "k", retries=0)
    headers = {"X-API-Key": "lk_live_x"}
    closed = app_of(nowhere).test_client().get("/invoices", headers=headers)
    assert (closed.status_code, closed.headers["Retry-After"]) == (503, "5")
    heard: list[Exception] = []
    opened = app_of(nowhere, fail_open=True, on_error=heard.append).test_client().get("/invoices", headers=headers)
    assert (opened.status_code, opened.json, len(heard)) == (200, {"who": None, "same": True}, 1)
