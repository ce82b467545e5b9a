"""The browsers in which somebody has logged in before, so that guessing elsewhere does not slow her down.

Known by a cookie of the admin alone, set after a log-in that was complete. It opens nothing: its holder has a
number of tries of her own at this account, where all strangers together share one. (OWASP calls it a device
cookie.)
"""

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from harmhub.origin import ADMIN

COOKIE, SALT = "known", "harmhub.users.known_browsers"
KNOWN_FOR = 90 * 24 * 3600  # seconds


def number(request: HttpRequest, account: str) -> str:
    """Return what this browser is counted as at this account, or "" where it is not known."""
    known = _known(request)
    return known["browser"] if known.get("account") == account else ""


def is_known(request: HttpRequest) -> bool:
    """Return whether anybody has logged in before in this browser."""
    return bool(_known(request))


def _known(request: HttpRequest) -> dict[str, str]:
    try:
        return signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=KNOWN_FOR)
    except signing.BadSignature:
        return {}


def learn(request: HttpRequest, account: str) -> None:
    """Have this answer make the browser known at this account."""
    if not number(request, account):
        request.learnt_account = account  # type: ignore[attr-defined]


def remember(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookie where the request has let the browser become known."""
    if account := getattr(request, "learnt_account", None):
        known = {"account": account, "browser": secrets.token_hex(8)}
        response.set_cookie(
            COOKIE,
            signing.dumps(known, salt=SALT),
            max_age=KNOWN_FOR,
            path=ADMIN,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
