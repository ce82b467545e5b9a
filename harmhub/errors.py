"""What a visitor sees when something is wrong: plain pages that say so and help on, never stored, never
indexed.

Pages for 4xx have the site around them. Those for 500 and 503 ask nothing of the database: it may be what is
broken.
"""

import sys
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from psycopg_pool import PoolTimeout

from harmhub.logs import is_outage

RETRY_AFTER = 5  # seconds
TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
UNREACHABLE = (OperationalError, InterfaceError, PoolTimeout)


def handler400(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer input that cannot be read, 400, or a form that holds too much, 413. The page stands alone: what
    is wrong may be what the site's frame is made from."""
    if request.method == "POST" and isinstance(exception, TOO_MUCH):
        return too_long(request)
    return _alone("400.html", 400)


def handler403(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer what this visitor may not do, 403."""
    return _framed(request, "403.html", 403)


def forbidden_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that no page of ours sent, 403. The reason is for developers and is not shown."""
    return _framed(request, "403.html", 403, form=True)


def handler404(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer an address that leads nowhere, 404, with the topics to go on from."""
    return _framed(request, "404.html", 404)


def not_allowed(request: HttpRequest, methods: str = "GET, HEAD, OPTIONS") -> HttpResponse:
    """Answer a method that this address does not take, 405. ``methods`` are those it takes (RFC 9110,
    15.5.6)."""
    response = _framed(request, "405.html", 405)
    response["Allow"] = methods
    return response


def too_long(request: HttpRequest) -> HttpResponse:
    """Answer a body that is longer than we read, 413."""
    return _alone("400.html", 413, too_long=True)


def no_length(request: HttpRequest) -> HttpResponse:
    """Answer a body that does not say how long it is, 411 (RFC 9110, 15.5.12). No browser sends a form so."""
    return _alone("400.html", 411)


def too_often(request: HttpRequest, minutes: int) -> HttpResponse:
    """Answer somebody who tried too often, 429, and in how many minutes to try again (RFC 6585)."""
    response = _framed(request, "403.html", 429, minutes=minutes)
    response["Retry-After"] = str(minutes * 60)
    return response


def handler500(request: HttpRequest) -> HttpResponse:
    """Answer an error of ours, 500; or 503, when what failed is only that the database could not be reached
    in time. Where it is away altogether, ``request.found_no_database`` is set.

    Django calls this while it handles the exception, from wherever that came: a view, a template, a
    middleware.
    """
    if isinstance(problem := sys.exception(), UNREACHABLE):
        request.found_no_database = is_outage(problem)  # type: ignore[attr-defined]
        return unavailable(request)
    return _alone("500.html", 500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Answer that the site cannot do this right now, 503, and when to try again."""
    response = _alone("503.html", 503)
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def _framed(request: HttpRequest, template: str, status: int, **context: Any) -> HttpResponse:
    return _sealed_off(HttpResponse(render_to_string(template, context, request), status=status))


def _alone(template: str, status: int, **context: Any) -> HttpResponse:
    return _sealed_off(HttpResponse(render_to_string(template, context), status=status))


def _sealed_off(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex"
    return response
