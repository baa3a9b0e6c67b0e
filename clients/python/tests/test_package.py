"""The package as others get it, and every program of its pages."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory, override_settings

from latchkey.django import get_guard

from .conftest import REPOSITORY, Provider, Service, unknown_key

HERE = Path(__file__).resolve().parents[1]
README = HERE / "README.md"
GUIDE = REPOSITORY / "docs" / "moving-from-djangorestframework-api-key.md"


def blocks(page: Path, language: str) -> list[tuple[str, str]]:
    """Return heading and text of the page's blocks in the language."""
    found, heading = [], ""
    for match in re.finditer(r"^## ([^\n]+)$|^```(\w+)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
        if match[1]:
            heading = match[1]
        elif match[2] == language:
            found.append((heading, match[3]))
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command: list[str | Path] = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, HERE]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert len(list(folder.glob("latchkey-*.tar.gz"))) == 1
    (made,) = folder.glob("latchkey-*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder with nothing but the package."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", str(folder), str(wheel)], check=True, timeout=60)
    return folder


@pytest.fixture
def environment(service: Service, provider: Provider, verifier_key: str, installed: Path) -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(installed),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LATCHKEY_URL": service.url,
        "LATCHKEY_API_KEY": verifier_key,
        "LATCHKEY_EDGE_KEY": provider.key("latchkey:edge-all").key,
        "LATCHKEY_TOKEN": provider.client.tokens.create(name="readme").token,
        "KEY": provider.key("invoices:read").key,
    }


def test_the_wheel_has_what_it_needs_and_no_more(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "latchkey/py.typed" in names
    assert any(n.endswith("LICENSE") for n in names)
    assert all(n.startswith(("latchkey/", "latchkey-")) for n in names)
    metadata = zipfile.ZipFile(wheel).read(next(n for n in names if n.endswith("METADATA"))).decode()
    assert [line for line in metadata.splitlines() if line.startswith("Requires-Dist") and "extra" not in line] == [
        "Requires-Dist: httpx<1,>=0.27"
    ]


def test_the_core_imports_no_framework(installed: Path) -> None:
    code = "import sys, latchkey, latchkey.guard, latchkey.edge; print({'django', 'rest_framework', 'fastapi', 'flask'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(installed)}, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


EXPECTED = {
    "Verify a key in five lines": "VALID org_",
    "In your process": "VALID",
    "Manage": "key=[redacted]",
}


@pytest.mark.parametrize(("heading", "code"), [b for b in blocks(README, "python") if b[0] in EXPECTED])
def test_programs_of_the_readme(heading: str, code: str, environment: dict[str, str], tmp_path: Path) -> None:
    out = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert out.returncode == 0, out.stderr
    assert EXPECTED[heading].split()[0] in out.stdout
    assert environment["KEY"] not in out.stdout + out.stderr


def test_the_quickstart_has_five_lines() -> None:
    heading, code = blocks(README, "python")[0]
    assert heading == "Verify a key in five lines"
    assert len([line for line in code.splitlines() if line.strip()]) == 5


@pytest.fixture
def here(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    for name in ("LATCHKEY_URL", "LATCHKEY_API_KEY"):
        monkeypatch.setenv(name, environment[name])
    get_guard.cache_clear()
    yield {"X-API-Key": environment["KEY"]}
    get_guard.cache_clear()


def run(heading: str) -> dict[str, Any]:
    (code,) = [code for h, code in blocks(README, "python") if h == heading]
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(code, heading, "exec"), names)
    return names


def test_every_program_of_the_readme_is_run() -> None:
    assert {h for h, _ in blocks(README, "python")} == {*EXPECTED, "FastAPI", "Flask", "Django", "Django REST Framework"}
    assert blocks(README, "sh") == []


def test_a_strict_type_checker_takes_every_program_of_the_readme(tmp_path: Path) -> None:
    for n, (_, code) in enumerate(blocks(README, "python")):
        (tmp_path / f"readme_{n}.py").write_text(code)
    mypy = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(HERE / "pyproject.toml"),
        "--cache-dir",
        str(REPOSITORY / "build" / "python" / "mypy"),
    ]
    programs = [str(file) for file in sorted(tmp_path.iterdir())]
    environment = {**os.environ, "MYPYPATH": str(HERE / "src")}
    out = subprocess.run([*mypy, *programs], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (len(programs), out.returncode) == (8, 0), out.stdout


def test_the_readme_of_fastapi(here: dict[str, str]) -> None:
    from .test_fastapi import ask

    good, none = ask(run("FastAPI")["app"], ("/invoices", here), ("/invoices", {}))
    assert (good.status_code, list(good.json()), none.status_code) == (200, ["invoices of"], 401)


def test_the_readme_of_flask(here: dict[str, str]) -> None:
    client = run("Flask")["app"].test_client()
    assert client.get("/invoices", headers=here).status_code == 200
    assert client.get("/invoices").status_code == 401


def test_the_readme_of_django(here: dict[str, str]) -> None:
    view = run("Django")["invoices"]
    assert view(RequestFactory().get("/", headers=here)).status_code == 200
    assert view(RequestFactory().get("/")).status_code == 401


def test_the_readme_of_rest_framework(here: dict[str, str]) -> None:
    view = run("Django REST Framework")["Invoices"].as_view()
    assert view(RequestFactory().get("/", headers=here)).status_code == 200
    assert view(RequestFactory().get("/")).status_code == 401
    with override_settings(LATCHKEY_URL="http://127.0.0.1:1"):
        assert view(RequestFactory().get("/", headers=here)).status_code == 503


# The move from djangorestframework-api-key.


class Project:
    """A Django project with djangorestframework-api-key and two views."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = {**environment, "PYTHONPATH": ""}
        shutil.copytree(HERE / "tests" / "switch", folder, dirs_exist_ok=True)
        self.python("manage.py", "migrate", "-v", "0")

    def python(self, *arguments: str, given: str = "") -> str:
        command = [sys.executable, *arguments]
        out = subprocess.run(command, cwd=self.folder, env=self.environment, input=given, capture_output=True, text=True, timeout=60)
        assert out.returncode == 0, out.stderr
        return out.stdout

    def shell(self, commands: str) -> None:
        out = subprocess.run(["bash", "-ec", commands], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=60)
        assert out.returncode == 0, out.stderr

    def old_keys(self) -> list[str]:
        """Return a valid and a revoked key of djangorestframework-api-key."""
        code = "from rest_framework_api_key.models import APIKey; create = APIKey.objects.create_key; "
        code += "_, valid = create(name='x'); o, revoked = create(name='y'); o.revoked = True; o.save(); print(valid, revoked)"
        return self.python("manage.py", "shell", "-v", "0", "-c", code).split()

    def ask(self, keys: dict[str, str | None]) -> dict[str, Any]:
        answers: dict[str, Any] = json.loads(self.python("ask.py", given=json.dumps(keys)))
        return answers


def test_the_guide_of_the_move(provider: Provider, environment: dict[str, str], wheel: Path, tmp_path: Path) -> None:
    project = Project(tmp_path / "project", {**environment, "LATCHKEY_API_KEY": provider.key("latchkey:verify-all").key})
    revoked = provider.key("invoices:read")
    provider.client.keys.revoke(revoked.id)
    old_key, old_revoked = project.old_keys()
    before = project.ask({"none": None, "bad": "nonsense", "unknown": unknown_key(), "valid": old_key, "revoked": old_revoked})
    assert before["valid: get /orders/"][:2] == [200, {"orders": [1, 2, 3]}]
    assert before["revoked: get /orders/"][0] == 403

    programs, commands = dict(blocks(GUIDE, "python")), dict(blocks(GUIDE, "sh"))
    assert list(commands) == ["1. Install", "2. Change the import"]
    assert list(programs) == ["3. Add two settings", "4. While callers change their keys", "5. Issue the new keys"]

    packages = tmp_path / "packages"
    project.environment.update(PIP_NO_INDEX="1", PIP_NO_DEPS="1", PIP_FIND_LINKS=str(wheel.parent), PIP_TARGET=str(packages), PIP_QUIET="1")
    project.environment.update(PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONPATH=str(packages))
    project.shell(commands["1. Install"])
    assert (packages / "latchkey" / "drf.py").exists()
    views = project.folder / "shop" / "views.py"
    original = views.read_text()
    project.shell(commands["2. Change the import"])
    changed = [(a, b) for a, b in zip(original.splitlines(), views.read_text().splitlines(), strict=True) if a != b]
    assert changed == [("from rest_framework_api_key.permissions import HasAPIKey", "from latchkey.drf import HasAPIKey")]
    settings = project.folder / "shop" / "settings.py"
    added = programs["3. Add two settings"]
    assert len(added.splitlines()) == 2
    settings.write_text("import os\n" + settings.read_text() + added)
    new_key = project.python("-c", programs["5. Issue the new keys"]).strip()

    asked = {"none": None, "bad": "nonsense", "unknown": unknown_key(), "valid": new_key, "revoked": revoked.key, "old": old_key}
    after = project.ask(asked)
    assert after.pop("old: get /orders/") == before["bad: get /orders/"]
    assert {name: told for name, told in after.items() if not name.startswith("old")} == before

    view = programs["4. While callers change their keys"]
    views.write_text(views.read_text().replace("class Orders", "class First") + "\n\n" + view)
    both = project.ask({"old": old_key, "new": new_key, "none": None, "revoked": revoked.key})
    codes = {name: told[0] for name, told in both.items() if name.endswith("get /orders/")}
    assert codes == {"old: get /orders/": 200, "new: get /orders/": 200, "none: get /orders/": 403, "revoked: get /orders/": 403}
