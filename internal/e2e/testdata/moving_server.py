"""An API with djangorestframework-api-key and authtoken, as their documentation sets them up, to move away from.

Usage: moving_server.py DATABASE PORT guarded|open [DUMP]. With DUMP it makes keys and a
token, prints them as JSON, and writes what dumpdata exports. Then it serves.
"""

import datetime
import json
import sys

import django
from django.conf import settings

database, port, mode, *dump = sys.argv[1:]
settings.configure(
    SECRET_KEY="what the move signs with, and nobody else",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "rest_framework.authtoken",
        "rest_framework_api_key",
    ],
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]},
)
django.setup()

from django.contrib.auth.hashers import PBKDF2PasswordHasher  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402
from rest_framework.authentication import TokenAuthentication  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from rest_framework.permissions import AllowAny, IsAuthenticated  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402
from rest_framework_api_key.models import APIKey  # noqa: E402
from rest_framework_api_key.permissions import HasAPIKey  # noqa: E402


class Invoice(APIView):
    authentication_classes = [TokenAuthentication] if mode == "guarded" else []
    permission_classes = [HasAPIKey | IsAuthenticated if mode == "guarded" else AllowAny]

    def get(self, request, number):
        return Response({"invoice": number, "paid": True})


urlpatterns = [path("invoices/<int:number>", Invoice.as_view())]


def make() -> dict[str, str]:
    made = {}
    for name, fields in {
        "valid": {},
        "revoked": {"revoked": True},
        "expired": {"expiry_date": timezone.now() - datetime.timedelta(days=1)},
        "old": {},
    }.items():
        key, made[name] = APIKey.objects.create_key(name=name, **fields)
        if name == "expired":
            APIKey.objects.filter(pk=key.pk).update(created=timezone.now() - datetime.timedelta(days=9))
        if name == "old":  # as versions before 2.3 stored keys, with Django 2.2
            hasher = PBKDF2PasswordHasher()
            APIKey.objects.filter(pk=key.pk).update(hashed_key=hasher.encode(made[name], hasher.salt(), iterations=150_000))
    user = User.objects.create_user("ada", "ada@example.com", "correct horse battery staple")
    made["token"] = Token.objects.create(user=user).key
    gone = User.objects.create_user("bob", "bob@example.com", "correct horse battery staple", is_active=False)
    made["token of a former user"] = Token.objects.create(user=gone).key
    return made


if __name__ == "__main__":
    if dump:
        call_command("migrate", verbosity=0)
        print(json.dumps(make()), flush=True)
        call_command("dumpdata", "rest_framework_api_key.APIKey", "authtoken.Token", "auth.User", output=dump[0], verbosity=0)
    call_command("runserver", f"127.0.0.1:{port}", "--noreload", "--verbosity=0")
