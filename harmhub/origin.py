"""Public forms without cookies: where a form was sent from is told by the browser, not by a token in the
page.

Unsafe requests to public addresses are accepted with ``Sec-Fetch-Site: same-origin`` (Fetch Metadata); from
browsers that do not send it, with an ``Origin`` that is ours. Everything else is answered 403. The admin
keeps Django's own check.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from harmhub import errors

SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
ADMIN = "/admin/"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def any_origin(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view that takes POST from anywhere, such as the one-click unsubscription of RFC 8058. It must
    use no cookie."""

    @wraps(view)
    def marked(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    marked.any_origin = True  # type: ignore[attr-defined]
    return marked


def from_here(request: HttpRequest) -> bool:
    """Return whether the browser says that this request was made by one of our own pages."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = _origin(request.headers.get("Origin", ""))
    return origin is not None and origin in map(_origin, (settings.PUBLIC_URL, settings.ONION_URL))


class OriginMiddleware:
    """Refuse unsafe requests from elsewhere to public addresses; where accepted, Django's token check is not
    needed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Return a 403 page for a request from elsewhere, else None."""
        if request.method in SAFE_METHODS or request.path_info.startswith(ADMIN):
            return None
        if not getattr(view, "any_origin", False) and not from_here(request):
            return errors.forbidden_form(request)
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        return None


def _origin(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port (RFC 6454), or None for what is no origin, such as ``null``."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if (
        not port
        or not parts.hostname
        or parts.path
        or parts.query
        or parts.fragment
        or parts.username is not None
    ):
        return None
    return parts.scheme, parts.hostname, port
