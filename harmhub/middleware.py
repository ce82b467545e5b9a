"""What every request and response needs: headers that protect, and an end for input that nobody can read."""

import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import connection
from django.http import HttpRequest, HttpResponseBase, UnreadablePostError
from django.utils.csp import CSP
from django.utils.http import parse_header_parameters

from harmhub import errors
from harmhub.limits import client_address, is_trusted
from harmhub.origin import ADMIN, SAFE_METHODS
from harmhub.statement_timeout import STATEMENT_TIMEOUT

GetResponse = Callable[[HttpRequest], HttpResponseBase]
# Bytes of a form on the public site. Some 80,000 letters of any script: whoever pastes too long a text into a
# box still gets the box back with the text in it.
PUBLIC_BODY = 512 * 1024
# What mail providers tell comes in batches.
WEBHOOKS = "/anymail/"
# A mail program's body says nothing that its address does not (RFC 8058), so it cannot be wrong.
ONE_CLICK = "/newsletter/one-click/"
DRAINED = 8 * PUBLIC_BODY

# The strictest policy that Wagtail 8's admin works under: its date widgets, InlinePanel and
# MultipleChooserPanel have scripts in the page, some of them put there by other scripts, which no nonce or
# hash reaches. Scripts in attributes (onclick=…), which is where injected text mostly tries, and all other
# origins stay forbidden.
ADMIN_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.UNSAFE_INLINE],
    "script-src-attr": [CSP.NONE],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
    "img-src": [CSP.SELF, "data:", "blob:"],
    "font-src": [CSP.SELF],
    "media-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "frame-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
# The pages on which a second factor is asked for need none of that.
DOOR = f"{ADMIN}second-factor/"
DOOR_CSP = ADMIN_CSP | {"script-src": [CSP.SELF]}
# Previews are shown in a frame of the editing page.
PREVIEW_CSP = ADMIN_CSP | {"frame-ancestors": [CSP.SELF]}
# What would tell who or where a reader is. All else that a policy can forbid takes a script, and the public
# pages run none but their own, which their policy names by hash: it would only weigh down each page.
_OFF = "browsing-topics camera display-capture geolocation local-fonts microphone"
# The admin runs more scripts. Fullscreen is missing here: recordings of events may fill the screen.
_OFF_IN_ADMIN = (
    f"{_OFF} accelerometer autoplay encrypted-media gyroscope hid identity-credentials-get idle-detection "
    "magnetometer midi otp-credentials payment picture-in-picture screen-wake-lock serial storage-access usb "
    "window-management xr-spatial-tracking"
)


def _permissions(off: str, passkeys: str) -> str:
    policy = dict.fromkeys(off.split(), "()")
    policy |= {"publickey-credentials-create": passkeys, "publickey-credentials-get": passkeys}
    return ", ".join(f"{feature}={who}" for feature, who in policy.items())


PERMISSIONS = _permissions(_OFF, "()")
ADMIN_PERMISSIONS = _permissions(_OFF_IN_ADMIN, "(self)")
FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
)


class HeadersMiddleware:
    """Let only trusted proxies say who asks and how; add the headers that Django does not know.

    It stands behind Django's middleware for the Content Security Policy, which writes what is chosen here.
    """

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        rehearsal = getattr(
            request, "is_dummy", False
        )  # Wagtail renders a preview by a request of its own making
        if rehearsal:
            request.META["wsgi.url_scheme"] = settings.PUBLIC_URL.partition(":")[0]
        _believe(request.META)
        # Tor encrypts all the way: who comes through it is not sent to an address with a certificate.
        if (onion := settings.ONION_URL) and onion == f"http://{request.META.get('HTTP_HOST', '').lower()}":
            request.META["HTTP_X_FORWARDED_PROTO"] = "https"
        response = self.get_response(request)
        if response.headers.get("Content-Encoding") == "None":  # Wagtail's way to say of a document: none
            del response.headers["Content-Encoding"]
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        in_admin = request.path_info.startswith(ADMIN)
        response.headers.setdefault("Permissions-Policy", ADMIN_PERMISSIONS if in_admin else PERMISSIONS)
        if rehearsal:
            response._csp_config = {}  # type: ignore[attr-defined]  # the answer that carries the preview has one
        elif in_admin:
            framed = response.get("X-Frame-Options") == "SAMEORIGIN"
            plain = DOOR_CSP if request.path_info.startswith(DOOR) else ADMIN_CSP
            response._csp_config = PREVIEW_CSP if framed else plain  # type: ignore[attr-defined]
        return response


def _believe(meta: dict[str, Any]) -> None:
    """Put the client's address into REMOTE_ADDR; of the X-Forwarded-* headers leave a trusted proxy's Proto
    only."""
    client, trusted = client_address(meta), is_trusted(meta.get("REMOTE_ADDR", ""))
    for name in FORWARDED:
        if name != "HTTP_X_FORWARDED_PROTO" or not trusted:
            meta.pop(name, None)
    meta["REMOTE_ADDR"] = client


class StatementTimeoutMiddleware:
    """Have no public request wait for the database for long: it is answered 503 then.

    While the database is away, one reader at a time waits for it; others are told at once, so that threads
    are left for stored pages. Whoever sends a form waits: the answer has what she wrote. What takes long in
    the admin was asked for by somebody who waits for it.
    """

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response
        self._heard = self._missed = 0.0  # when the database last answered, and last did not
        self._trial = threading.Lock()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(ADMIN):
            return self.get_response(request)
        if self._missed <= self._heard or request.method not in SAFE_METHODS:
            return self._answer(request)
        if not self._trial.acquire(blocking=False):
            return errors.unavailable(request)
        try:
            return self._answer(request)
        finally:
            self._trial.release()

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        with connection.execute_wrapper(self._limited):
            response = self.get_response(request)
        if getattr(request, "found_no_database", False):
            self._missed = time.monotonic()
        return response

    def _limited(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        with STATEMENT_TIMEOUT.limited(context["connection"].connection):
            result = execute(sql, params, many, context)
        self._heard = time.monotonic()
        return result


class BadInputMiddleware:
    """Answer input that cannot be text, or is far too long, with a plain page, before anything tries to use
    it.

    Much is left to Django, which refuses by itself: broken multipart bodies, too many fields, long
    bodies. An odd query is read as text; only NUL, which PostgreSQL cannot hold, is refused everywhere.
    """

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if _has_no_length(request):
            return errors.no_length(request)
        if _too_long(request):
            return errors.too_long(request)
        is_read = request.path_info != ONE_CLICK
        if not _is_address(request) or (is_read and not (_is_whole(request) and _is_text(request))):
            return errors.handler400(request)
        response = self.get_response(request)
        if response.status_code == 405 and not getattr(response, "content", b"..."):
            return errors.not_allowed(request, response.headers.get("Allow", ""))
        return response


def _has_no_length(request: HttpRequest) -> bool:
    """Return whether a body comes in chunks (RFC 9112, 7.1), of which Django reads nothing."""
    return "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH")


def _too_long(request: HttpRequest) -> bool:
    """Return whether the body is longer than anything sent on purpose. Django limits fields, but no files."""
    limit = PUBLIC_BODY
    if request.path_info.startswith(ADMIN):
        limit = max(settings.WAGTAILDOCS_MAX_UPLOAD_SIZE, settings.WAGTAILIMAGES_MAX_UPLOAD_SIZE)
        limit += settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    elif settings.ANYMAIL_PROVIDER and request.path_info.startswith(WEBHOOKS):
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return False
    if limit < length <= DRAINED:
        while request.read(65_536):  # a browser that is still sending would never see the answer
            pass
    return length > limit


def _is_address(request: HttpRequest) -> bool:
    """Return whether path, query and cookies hold no NUL, and the path is no authority ("//host", RFC 3986,
    3.3)."""
    query = request.META.get("QUERY_STRING", "")
    cookies = request.COOKIES.values() if "\\" in request.META.get("HTTP_COOKIE", "") else ()
    return not (
        request.path_info.startswith("//")
        or "\0" in request.path_info
        or "\0" in query
        or "%00" in query
        or any("\0" in cookie for cookie in cookies)
    )


def _is_whole(request: HttpRequest) -> bool:
    """Return whether a form has come to its end; one that was cut short is not what its sender wrote."""
    if request.method != "POST" or request.path_info.startswith(ADMIN):
        return True
    try:
        announced, body = int(request.META.get("CONTENT_LENGTH") or 0), request.body
    except (ValueError, UnreadablePostError):
        return False
    end = f"--{request.content_params.get('boundary')}--" if request.content_params else ""
    cut = request.content_type == "multipart/form-data" and not body.rstrip().endswith(end.encode())
    return len(body) >= announced and not cut


def _is_text(request: HttpRequest) -> bool:
    """Return whether query and form are readable: UTF-8, no NUL. Raises what Django answers with 400, too."""
    charset = request.content_params.get("charset", "utf-8") if request.content_params else "utf-8"
    if getattr(request, "unreadable", False) or charset.lower() not in {"utf-8", "utf8", "us-ascii"}:
        return False
    _ = request.GET  # too many fields are found out here rather than in the middle of a page
    if request.method != "POST":
        return True
    public = not request.path_info.startswith(ADMIN)
    refused = "\0\ufffd" if public and request.content_type == "multipart/form-data" else "\0"
    return _is_utf8(request) and not any(
        sign in text for name, values in request.POST.lists() for text in (name, *values) for sign in refused
    )


def _is_utf8(request: HttpRequest) -> bool:
    """Return whether an urlencoded form decodes. Django would put U+FFFD in place of what does not."""
    if request.content_type != "application/x-www-form-urlencoded":
        return True
    try:
        unquote_to_bytes(request.body).decode()
    except UnicodeDecodeError:
        return False
    return True


class Request(WSGIRequest):
    """A request that can always be made. Django decodes the query here, by the charset in Content-Type.

    An error that early is answered by nobody. So all is UTF-8; other charsets are refused later, with a page.
    """

    unreadable = False

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:
            self.content_type, self.content_params, self.unreadable = "", {}, True


class Handler(WSGIHandler):
    """Django's WSGI application, with requests that can always be made."""

    request_class = Request
