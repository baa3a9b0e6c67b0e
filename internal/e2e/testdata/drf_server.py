"""Django REST Framework with SimpleJWT as their documentation sets them up, to compare with.

Usage: drf_server.py DATABASE PORT. Makes the user david, then serves.
"""

import sys

import django
from django.conf import settings

database, port = sys.argv[1], sys.argv[2]
settings.configure(
    SECRET_KEY="what the comparison signs with, and nobody else",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "rest_framework",
        "rest_framework.authtoken",
        "rest_framework_simplejwt.token_blacklist",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "rest_framework_simplejwt.authentication.JWTAuthentication",
            "rest_framework.authentication.TokenAuthentication",
            "rest_framework.authentication.BasicAuthentication",
            "rest_framework.authentication.SessionAuthentication",
        ],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
    SIMPLE_JWT={"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True},
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import serializers, views  # noqa: E402
from rest_framework.authtoken.views import obtain_auth_token  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework_simplejwt import views as jwt  # noqa: E402


class Me(views.APIView):
    """Who asks."""

    class Settings(serializers.Serializer):
        name = serializers.CharField(required=False)

    def get(self, request):
        return Response({"username": request.user.username})

    def patch(self, request):
        s = self.Settings(data=request.data)
        s.is_valid(raise_exception=True)
        return Response({"username": request.user.username})

    put = patch


urlpatterns = [
    path("api-token-auth/", obtain_auth_token),
    path("api/token/", jwt.TokenObtainPairView.as_view()),
    path("api/token/refresh/", jwt.TokenRefreshView.as_view()),
    path("api/token/verify/", jwt.TokenVerifyView.as_view()),
    path("api/token/blacklist/", jwt.TokenBlacklistView.as_view()),
    path("api/me/", Me.as_view()),
]

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    User.objects.create_user("david", "david@example.com", "correct horse battery staple")
    call_command("runserver", f"127.0.0.1:{port}", "--noreload", "--verbosity=0")
