# The URLs of the Django project that tests/test_embedding.py puts a service into.

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path


def hello(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("Hello")


urlpatterns = [path("hello", hello)]
