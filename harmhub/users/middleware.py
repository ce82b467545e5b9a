"""Nobody gets anywhere with a password alone who owes a second factor; sessions that are used go on."""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from harmhub.middleware import DOOR
from harmhub.origin import ADMIN
from harmhub.users import factors, known_browsers
from harmhub.users.sessions import SessionStore

GetResponse = Callable[[HttpRequest], HttpResponseBase]
LOGIN, LOGOUT = f"{ADMIN}login/", f"{ADMIN}logout/"
# What a page of the door is made of, and the way to a new password.
OPEN = (f"{ADMIN}sprite/", f"{ADMIN}jsi18n/", f"{ADMIN}password_reset/")
# Wagtail asks here every few seconds who else edits a page, as long as it is open: nobody need be there.
PINGS = f"{ADMIN}editing-sessions/"


class DoorMiddleware:
    """Lead whoever owes a second factor to where it is asked for, from any address of the admin.

    Anywhere else she is nobody: on public and restricted pages, documents, previews. Note that sessions are
    used, and which browsers are known. It stands behind django-otp's middleware, which knows whether a
    session is verified.
    """

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._led(request) or self.get_response(request)
        self._note(request)
        known_browsers.remember(request, response)
        return response

    def _note(self, request: HttpRequest) -> None:
        """Note that the session is used, if it was looked at, and not by a page that is only open."""
        session = request.session
        if session.accessed and session.get(SESSION_KEY) and not request.path_info.startswith(PINGS):
            cast(SessionStore, session).touch()

    def _led(self, request: HttpRequest) -> HttpResponseBase | None:
        path, user = request.path_info, request.user
        if path.startswith(DOOR) or path == LOGOUT:
            return None
        if path.startswith(ADMIN) and not path.startswith(OPEN):
            if not user.is_authenticated and path != LOGIN and _wants_json(request):
                return _told(_("Your session has ended: sign in again in another tab. Then go on here."))
            if factors.owes(user) and not (path == LOGIN and request.method == "POST"):
                return _lead(request)
        request.user = SimpleLazyObject(lambda: _seen(user))  # type: ignore[assignment]
        request.auser = _asynchronously(request)
        return None


def _seen(user: Any) -> Any:
    return AnonymousUser() if factors.owes(user) else user


def _asynchronously(request: HttpRequest) -> Callable[[], Any]:
    async def auser() -> Any:
        from asgiref.sync import sync_to_async

        return await sync_to_async(lambda: request.user)()

    return auser


def _lead(request: HttpRequest) -> HttpResponseBase:
    if _wants_json(request):
        return _told(_("Your second factor is asked for first."))
    wanted = request.get_full_path() if request.method in {"GET", "HEAD"} else ""
    if request.path_info == LOGIN:
        wanted = request.GET.get("next", "")
    address = reverse("second_factor:give")
    return redirect(f"{address}?{urlencode({'next': wanted})}" if wanted else address)


def _wants_json(request: HttpRequest) -> bool:
    asked = request.headers.get("accept", "").startswith("application/json")
    return asked or request.headers.get("x-requested-with") == "XMLHttpRequest"


def _told(words: str) -> JsonResponse:
    """Return what Wagtail's editing pages show beside a text that was not saved."""
    # Of the codes that the script knows, the one after which it tries again at the next change.
    return JsonResponse(
        {"success": False, "error_code": "validation_error", "error_message": words}, status=403
    )
