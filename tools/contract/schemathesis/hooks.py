"""What schemathesis does not know by itself of Latchkey's contract."""

import base64
import json
import os
from datetime import datetime, timedelta
from urllib.parse import urlencode

import schemathesis
from hypothesis import strategies

# Most times that a client sends are ends to come; none is before 1970.
times = strategies.datetimes(min_value=datetime.now() + timedelta(days=1), max_value=datetime.now() + timedelta(days=300))
schemathesis.openapi.format("date-time", times.map(lambda t: t.isoformat() + "Z"))
schemathesis.openapi.format("ip", strategies.ip_addresses().map(str))
schemathesis.openapi.format("network", strategies.sampled_from(["203.0.113.0/24", "198.51.100.7", "2001:db8::/32"]))

# What an answer has as next_cursor: it is taken back, and no other text.
CURSOR = base64.urlsafe_b64encode(b"1key_01a20bfc26a07153866374d62b9aee99").decode().rstrip("=")

# A service account and its key, for where the credential is in the body.
CLIENT = {"client_id": os.environ["LATCHKEY_CLIENT"], "client_secret": os.environ["LATCHKEY_KEY"]}
CREDENTIALS = {
    "/oauth/token": CLIENT,
    "/oauth/introspect": CLIENT | {"token": CLIENT["client_secret"]},
    "/oauth/revoke": CLIENT,
    "/verify": {"key": CLIENT["client_secret"]},
}


@schemathesis.serializer("application/jsonl", "application/x-ndjson")
def lines(context, value):
    """Sends JSON Lines, which come as text, as they are."""
    return value if isinstance(value, bytes) else str(value).encode()


URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


@schemathesis.hook
def filter_case(context, case):
    """Leaves out what would lock out the one who asks."""
    return not (case.path.startswith("/api/users/{id}") and case.path_parameters.get("id") == os.environ["LATCHKEY_ID"])


@schemathesis.hook
def before_call(context, case, kwargs):
    """Sends good requests that are good in what no schema says, too, and forms."""
    good = case.meta is None or case.meta.generation.mode.is_positive
    if good and case.query.get("cursor"):
        case.query["cursor"] = CURSOR
    if not isinstance(case.body, dict):
        return
    body = visible(case.body) | CREDENTIALS.get(case.path, {}) if good else case.body
    if case.media_type in (URLENCODED, MULTIPART):
        send_form(case, body, kwargs)
        # All fields of a form are text: what breaks the schema as a number may keep
        # it as text. What has to be refused is refused in JSON, which the same code
        # reads.
        if not good and case.method == case.operation.method.upper():
            case._meta = None
    elif good:
        kwargs["data"] = json.dumps(body).encode()


def visible(value):
    """The value without control and invisible characters, which names and tokens
    must not hold. Patterns that all tools know cannot say so."""
    if isinstance(value, dict):
        return {visible(name): visible(member) for name, member in value.items()}
    if isinstance(value, list):
        return [visible(item) for item in value]
    if isinstance(value, str):
        shown = "".join(c if c.isprintable() else "x" for c in value)
        return shown if shown.strip() == shown else shown.replace(" ", "x")
    return value


def send_form(case, body, kwargs):
    """Writes a form as the contract has it: its `encoding` says which fields hold
    JSON, which schemathesis does not read of forms that are urlencoded, and an
    empty field is null."""
    fields = [(name, text(v)) for name, value in body.items() for v in (value if isinstance(value, list) else [value])]
    if case.media_type == MULTIPART and fields:
        kwargs["files"] = [(name, (None, value)) for name, value in fields]
    elif case.media_type == URLENCODED:
        kwargs["data"] = urlencode(fields).encode()


def text(value):
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
