"""The client against openapi.yaml."""

from __future__ import annotations

import asyncio
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import latchkey
from latchkey import AsyncLatchkey, Latchkey, LatchkeyError
from latchkey._request import Call, prepare

from .conftest import REPOSITORY
from .scripted import SECRET

HERE = Path(__file__).resolve().parents[1]
CONTRACT = REPOSITORY / "openapi.yaml"
sys.path.insert(0, str(HERE / "tools"))

import generate  # noqa: E402


def operations() -> dict[str, str]:
    """Return the name of each operation of the contract, by method and path."""
    document = yaml.safe_load(CONTRACT.read_text())
    found = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in ("get", "post", "put", "patch", "delete"):
                found[f"{method.upper()} {path}"] = operation["operationId"]
    assert len(found) > 100
    return found


class Asked(Exception):
    """Ends a call when it is known what it asks."""


def arguments(method: Any) -> tuple[list[str], dict[str, Any]]:
    """Return an argument for each parameter that has no default."""
    given, named = [], {}
    for name, p in inspect.signature(method).parameters.items():
        if p.default is not inspect.Parameter.empty:
            continue
        if p.kind is inspect.Parameter.KEYWORD_ONLY:
            named[name] = {} if "Rule" in p.annotation else "ID"
        else:
            given.append("ID")
    return given, named


async def begin(method: Any, given: list[str], named: dict[str, Any]) -> None:
    """Call the method, and ask for the first object if it yields some."""
    result = method(*given, **named)
    if inspect.isawaitable(result):
        await result
    elif hasattr(result, "__anext__"):
        await anext(result)
    else:
        next(result)


def calls(client: Latchkey | AsyncLatchkey) -> set[str]:
    """Call every method of the client and return what each asks."""
    asked: set[str] = set()

    def note(call: Call) -> Any:
        prepare(call, "https://keys.example.com", "x")
        asked.add(call.operation)
        raise Asked

    async def anote(call: Call) -> Any:
        note(call)

    client._send = anote if isinstance(client, AsyncLatchkey) else note  # type: ignore[method-assign]
    client._bind()

    async def run() -> None:
        services = [s for s in vars(client).values() if type(s).__module__.endswith("services")]
        assert len(services) == len(generate.SERVICES)
        methods: list[Any] = [client.verify, client.verify_self]
        methods += [m for s in services for name, m in inspect.getmembers(s, inspect.ismethod) if not name.startswith("_")]
        for method in methods:
            given, named = arguments(method)
            with pytest.raises(Asked):
                await begin(method, given, named)

    asyncio.run(run())
    return asked


@pytest.mark.parametrize("client", [Latchkey, AsyncLatchkey])
def test_every_operation_has_a_method(client: type[Latchkey | AsyncLatchkey]) -> None:
    want = operations()
    got = calls(client("https://keys.example.com", SECRET))
    left = {name for name, operation in want.items() if operation in generate.LEFT_OUT}
    assert len(left) == len(generate.LEFT_OUT)
    assert set(want) - got == left
    assert got - set(want) == set()


def test_what_is_generated_is_up_to_date(tmp_path: Path) -> None:
    subprocess.run([sys.executable, HERE / "tools" / "generate.py", CONTRACT, tmp_path], check=True)
    ruff = Path(sys.executable).with_name("ruff")
    settings: list[str | Path] = ["--config", HERE / "pyproject.toml", "--no-cache", "--quiet"]
    for name in ("_models.py", "_services.py", "_async_services.py"):
        made = tmp_path / name
        subprocess.run([ruff, "check", "--fix", "--select", "I,F401,UP,RUF", *settings, made], check=False)
        subprocess.run([ruff, "format", *settings, made], check=True)
        checked_in = HERE / "src" / "latchkey" / name
        assert made.read_text() == checked_in.read_text(), f"{name} is not what tools/generate writes; run it"


def test_the_version_is_that_of_the_service() -> None:
    contract: str = yaml.safe_load(CONTRACT.read_text())["info"]["version"]
    assert latchkey.__version__ == contract
    assert re.fullmatch(r"\d+\.\d+\.\d+", contract)


def test_every_name_is_exported_once_and_exists() -> None:
    assert len(set(latchkey.__all__)) == len(latchkey.__all__)
    for name in latchkey.__all__:
        assert hasattr(latchkey, name)
    kinds = [e for e in vars(latchkey).values() if isinstance(e, type) and issubclass(e, LatchkeyError)]
    assert {e.kind for e in kinds} and len({e.kind for e in kinds}) == len(kinds)
