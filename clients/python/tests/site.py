"""A Django site for the tests."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from rest_framework.decorators import api_view, authentication_classes, permission_classes, throttle_classes
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from latchkey.django import public, require
from latchkey.drf import HasAPIKey, HasScope, LatchkeyAuthentication, LatchkeyThrottle, LatchkeyUser
from latchkey.guard import identity


def who() -> str:
    verdict = identity()
    return verdict.key_id if verdict else "nobody"


def plain(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"who": who()})


@require("invoices:read", cost=2)
def invoices(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"who": who()})


@require("invoices:read")
async def ainvoices(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"who": who()})


@public
def open_to_all(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"who": who()})


@method_decorator(require("invoices:read"), name="dispatch")
class Documents(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"who": who()})

    @method_decorator(require("invoices:write"))
    def post(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"who": who()})


@method_decorator(public, name="dispatch")
class Catalogue(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"who": who()})

    @method_decorator(require("invoices:write"))
    def post(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"who": who()})


class Ledger(View):
    @method_decorator(require("invoices:write"))
    def post(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"who": who()})


@require("invoices:read")
@require("invoices:write")
async def astacked(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"who": who()})


class Invoices(APIView):
    authentication_classes = [LatchkeyAuthentication]
    permission_classes = [IsAuthenticated, HasScope("invoices:read")]

    def get(self, request: Request) -> Response:
        assert isinstance(request.user, LatchkeyUser)
        return Response({"who": request.auth.key_id, "user": str(request.user), "id": request.user.id})


class Throttled(Invoices):
    throttle_classes = [LatchkeyThrottle]


class Either(APIView):
    authentication_classes = [LatchkeyAuthentication]
    permission_classes = [HasScope("customers:read") | HasScope("invoices:read")]

    def get(self, request: Request) -> Response:
        return Response({"who": who()})


class Neither(Either):
    permission_classes = [HasScope("customers:read") & HasScope("invoices:read")]


class DropIn(APIView):
    permission_classes = [HasAPIKey]

    def get(self, request: Request) -> Response:
        return Response({"who": who()})


class DropInThrottled(DropIn):
    throttle_classes = [LatchkeyThrottle]


class Both(Invoices):
    permission_classes = [HasAPIKey, HasScope("invoices:read")]
    throttle_classes = [LatchkeyThrottle]


@api_view(["GET"])
@authentication_classes([LatchkeyAuthentication])
@permission_classes([AllowAny])
@throttle_classes([LatchkeyThrottle])
def anyone(request: Request) -> Response:
    return Response({"who": who()})


urlpatterns = [
    path("plain", plain),
    path("invoices", invoices),
    path("ainvoices", ainvoices),
    path("public", open_to_all),
    path("documents", Documents.as_view()),
    path("catalogue", Catalogue.as_view()),
    path("ledger", Ledger.as_view()),
    path("astacked", astacked),
    path("drf/invoices", Invoices.as_view()),
    path("drf/throttled", Throttled.as_view()),
    path("drf/either", Either.as_view()),
    path("drf/neither", Neither.as_view()),
    path("drf/dropin", DropIn.as_view()),
    path("drf/dropin-throttled", DropInThrottled.as_view()),
    path("drf/both", Both.as_view()),
    path("drf/anyone", anyone),
]
