from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_api_key.permissions import HasAPIKey


class Orders(APIView):
    permission_classes = [HasAPIKey]

    def get(self, request: Request) -> Response:
        return Response({"orders": [1, 2, 3]})


@api_view(["GET", "POST"])
@permission_classes([HasAPIKey | IsAuthenticated])
def customers(request: Request) -> Response:
    return Response({"customers": ["Ada"]}, status=201 if request.method == "POST" else 200)
