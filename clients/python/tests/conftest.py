"""What the tests run against: the real service."""

from __future__ import annotations

import binascii
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import django
import httpx
import pytest

from latchkey import IssuedKey, Latchkey, password
from latchkey.guard import current

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.django_settings"
django.setup()

REPOSITORY = Path(__file__).resolve().parents[3]
BINARY = REPOSITORY / "build" / "latchkey"
ADMIN = "admin@localhost"
PASSWORD = "correct horse battery staple"
ORGANIZATION = "org_00000000000070008000000000000001"


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


def unknown_key() -> str:
    """Return a key of the right shape that nobody has issued."""
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    text = "lk_live_" + "".join(secrets.choice(letters) for _ in range(43))
    n, digits = binascii.crc32(text.encode()), ""
    for _ in range(6):
        n, digit = divmod(n, 62)
        digits = letters[digit] + digits
    return text + digits


class Service:
    """A running Latchkey."""

    def __init__(self, folder: Path, **settings: str) -> None:
        if not BINARY.exists():
            pytest.fail("build/latchkey is missing: run make build")
        self.folder = folder
        self.settings = settings
        self.url = f"http://127.0.0.1:{free_port()}"
        self.start()

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "LATCHKEY_ADDR": self.url.removeprefix("http://"),
            "LATCHKEY_URL": self.url,
            "LATCHKEY_DATABASE_URL": f"sqlite:{self.folder}/latchkey.db",
            "LATCHKEY_DATA_DIR": str(self.folder),
            "LATCHKEY_ADMIN_PASSWORD": PASSWORD,
            "LATCHKEY_SECRET": "what signing keys are sealed under in tests",
            "LATCHKEY_SIGN_IN_LIMIT": "off",
            "LATCHKEY_THROTTLE_ADMIN": "off",
            "LATCHKEY_DRAIN": "0s",
            **self.settings,
        }

    def command(self, *arguments: str) -> str:
        """Run a command on the service's own store."""
        out = subprocess.run([str(BINARY), *arguments], env=self.environment(), capture_output=True, text=True, timeout=60)
        assert out.returncode == 0, out.stderr
        return out.stdout

    def start(self) -> None:
        self.log = (self.folder / "latchkey.log").open("ab")
        self.process = subprocess.Popen([str(BINARY), "serve"], env=self.environment(), stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if httpx.get(self.url + "/readyz", timeout=1).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.02)
        self.kill()
        pytest.fail("the service does not start:\n" + (self.folder / "latchkey.log").read_text())

    def stop(self) -> None:
        """Suspend it: it keeps its connections and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()
        self.log.close()

    def admin(self) -> Latchkey:
        return Latchkey(self.url, credential=password(ADMIN, PASSWORD))


class Provider:
    """The provider's staff: makes accounts and keys."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.client = service.admin()

    def key(self, *scopes: str, tier: str | None = None, **settings: object) -> IssuedKey:
        account = self.client.accounts.create(organization_id=ORGANIZATION, name="acme " + secrets.token_hex(4), scopes=scopes, tier=tier)
        return self.client.keys.issue(service_account_id=account.id, name="CI", **settings)  # type: ignore[arg-type]

    def tier(self, requests: int, per: str = "1h", burst: int | None = None, quota: int | None = None) -> str:
        name = "t" + secrets.token_hex(4)
        self.client.tiers.create(
            name=name,
            title=name,
            rate_limit={"requests": requests, "per": per, "burst": burst},
            quota={"requests": quota, "per": "month"} if quota else None,
        )
        return name

    def close(self) -> None:
        self.client.close()


@pytest.fixture(autouse=True)
def nobody() -> Iterator[None]:
    """Let no test leave an identity behind."""
    token = current.set(None)
    yield
    current.reset(token)


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    with tempfile.TemporaryDirectory() as folder:
        running = Service(Path(folder))
        yield running
        running.kill()


@pytest.fixture(scope="session")
def provider(service: Service) -> Iterator[Provider]:
    p = Provider(service)
    yield p
    p.close()


@pytest.fixture(scope="session")
def verifier_key(provider: Provider) -> str:
    return provider.key("latchkey:verify").key


@pytest.fixture(scope="session")
def verifier(service: Service, verifier_key: str) -> Iterator[Latchkey]:
    with Latchkey(service.url, verifier_key) as client:
        yield client
