"""Answers from the page store, before Django is entered, and offers it what Django has rendered."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from harmhub.limits import is_trusted
from harmhub.store import parts, shown
from harmhub.store.fingerprint import fingerprint
from harmhub.store.index import hold
from harmhub.store.keeper import Clock, Keeper, Offered
from harmhub.store.purging import KEPT, Purger
from harmhub.store.shelf import Shelf, StoredPage
from harmhub.store.turns import Turns

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

# First parts of addresses that are no pages, some in each language. They never come from the store, and do
# not wait for each other.
RESERVED_ROOTS = (
    "admin",
    "anymail",
    "contact",
    "documents",
    "health",
    "media",
    "newsletter",
    "search",
    "shared",
    "static",
    "_util",
)
LANGUAGE_PREFIXES = ("", *(f"/{code}" for code, _ in settings.LANGUAGES))
NO_PAGES = tuple(f"{prefix}/{first}/" for prefix in LANGUAGE_PREFIXES for first in RESERVED_ROOTS)
OF_BODIES = ("Content-Type", "Content-Encoding", "Content-Length")
LONGEST, LONGEST_PART = 2_000, 255  # bytes of an address, and between two slashes: names of folders
PATIENCE = 10  # seconds that a request waits for another one that renders the same page
# Seconds from the beginning of a rendering, in which others get it before it is stored; so long a process
# waits for another one that renders a page.
LINGER = 0.9
MANY = 1_000  # addresses whose answers could not be kept, as far as they are remembered
GLANCE_AT_OTHERS = 0.005  # seconds between two looks at whether it has
# Nobody shows a page without asking whether it is still true,
CACHE_CONTROL = "public, max-age=0, must-revalidate"
# but for a cache of ours in front, which is told. The time is for what it could not be told.
SHARED_CACHE_CONTROL = f"{CACHE_CONTROL}, s-maxage={KEPT}"


class Flight:
    """A page that is being rendered, and those who wait for it; afterwards, what others get until the keeper
    has taken it in or not."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.done = threading.Event()
        self.page: StoredPage | None = None

    def is_over(self) -> bool:
        """Return whether nobody else is to get it: it began so long ago that what changed since must be shown
        by now, however long it or the keeper takes; or its time is past."""
        is_due = self.done.is_set() and self.page is not None and self.page.is_due()
        return is_due or time.monotonic() > self.began + LINGER


@dataclass
class Watch:
    """A rendering. era, since: the keeper's before it; since is None while changes cannot be heard of.
    made: the parts that were not at hand."""

    era: int
    since: str | None
    seen: shown.Shown
    made: list[tuple[Hashable, parts.Part]]


class PageStore:
    """A WSGI application in front of Django's.

    It answers GET and HEAD of a page without a query, at the site's own name, to somebody without a session.
    Everything else goes through, and so does everything while the store cannot be used.
    """

    def __init__(self, handler: WSGIHandler):
        self.handler = handler
        public = urlsplit(settings.PUBLIC_URL)
        self.host, self.scheme, self.is_secure = public.netloc, public.scheme, public.scheme == "https"
        self.session = f"{settings.SESSION_COOKIE_NAME}="
        self._lock = threading.Lock()
        self._flights: dict[str, Flight] = {}
        self.shelf: Shelf | None = None
        self.keeper: Keeper | None = None
        self._turns: Turns | None = None
        self._unkept: set[str] = set()  # nobody waits for another process to render what is never kept

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        if given := self.at_hand(environ):
            start_response("200 OK", given[0])
            return [given[1]]
        return self.not_at_hand(environ, start_response)

    def not_at_hand(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request for which ``at_hand()`` had nothing."""
        shelf = self.shelf or self.begin()
        if not self._is_public(environ):
            return self.handler(environ, start_response)
        address = self._address(environ)
        page = shelf.get(address) if address else None
        if page is not None:
            return answer(page, environ, start_response)
        if address is None or environ["REQUEST_METHOD"] != "GET":
            return self._make(environ, start_response)
        return self._render(address, environ, start_response)

    def begin(self) -> Shelf:
        """Start at the first request, in the process that answers: a fork would leave the thread behind.

        It waits until what changed before was heard of: nobody gets a page that was unpublished meanwhile.
        """
        with self._lock:
            if self.shelf is None:
                folder = settings.DATA_DIR / "pages" / fingerprint()
                gone = Purger.begun().purge if settings.WAGTAILFRONTENDCACHE else None
                with contextlib.suppress(OSError):  # the keeper says so, and goes on trying
                    self._turns = Turns(hold(folder, gone))
                self.keeper = Keeper(Shelf(folder), gone)
                self.keeper.start()
                Clock(self.keeper.pages, gone).start()
                self.keeper.began.wait(LINGER)
                self.shelf = self.keeper.pages
            return self.shelf

    def _is_public(self, environ: Environ) -> bool:
        """Return whether a page would be what everybody gets: asked for at the site's own name, without a
        session."""
        if (
            environ["REQUEST_METHOD"] not in {"GET", "HEAD"}
            or environ.get("HTTP_HOST") != self.host
            or self.session in environ.get("HTTP_COOKIE", "")
        ):
            return False
        secure = environ.get("wsgi.url_scheme") == "https" or (
            environ.get("HTTP_X_FORWARDED_PROTO") == "https" and is_trusted(environ.get("REMOTE_ADDR", ""))
        )
        return secure == self.is_secure

    def at_hand(self, environ: Environ) -> tuple[list[tuple[str, str]], bytes] | None:
        """Return headers and body of what nearly all readers ask for, in as few steps as there can be: a page
        that was looked at just now, at an address that is its path as it stands there. None says nothing."""
        shelf = self.shelf
        if (
            shelf is not None
            and environ["REQUEST_METHOD"] == "GET"
            and environ.get("HTTP_HOST") == self.host
            and environ["wsgi.url_scheme"] == self.scheme
            and not environ.get("QUERY_STRING")
            and "HTTP_COOKIE" not in environ
            and "HTTP_IF_NONE_MATCH" not in environ
            and "HTTP_IF_MODIFIED_SINCE" not in environ
            and "HTTP_X_FORWARDED_PROTO" not in environ
            and (path := environ["PATH_INFO"]).isascii()
            and (held := shelf.at_hand.get(path))
            and time.monotonic() < held.until
            and shelf.is_open
        ):
            return held.page.answers[_encoding(environ.get("HTTP_ACCEPT_ENCODING", ""))]
        return None

    def _address(self, environ: Environ) -> str | None:
        """Return the address of a page that may be in the store, or None."""
        path = environ.get("PATH_INFO", "")
        return None if environ.get("QUERY_STRING") or len(path) > LONGEST else _address_of(path)

    def _make(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Have Django answer what is never kept as a page; the parts that it made for a page are."""
        with self._watch() as watch:
            response = self.handler(environ, start_response)
        self._offer(watch)
        return response

    def _render(self, address: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Have Django render a page; who asks for it meanwhile waits and gets the same."""
        flight, leads = self._flight_to(address)
        if not leads:
            if flight.done.wait(PATIENCE) and flight.page:
                return answer(flight.page, environ, start_response)
            return self._make(environ, start_response)
        lingers = False

        def decided() -> None:
            with self._lock:
                if self._flights.get(address) is flight:
                    del self._flights[address]
                # A newer rendering, begun when this one lingered for too long, has the turn now.
                if self._turns and address not in self._flights:
                    self._turns.end(address)

        try:
            if page := self._of_others(address):
                flight.page = page
                return answer(page, environ, start_response)
            told: list[Any] = []

            def hear(*given: Any) -> Callable[[bytes], object]:
                told.extend(given)
                return lambda body: None

            with self._watch() as watch:
                response = self.handler(environ, hear)
            status, headers = told[0], told[1]
            if not _may_be_kept(status, headers, response, watch.seen):
                self._remember_unkept(address)
                self._offer(watch)
                start_response(status, headers)
                return response
            self._unkept.discard(address)
            headers = [*headers, ("Cache-Control", CACHE_CONTROL)]
            flight.page = StoredPage.of(headers, response.content, watch.seen.until)  # type: ignore[attr-defined]
            watch.seen.tags.add(shown.address_tag(address))
            # A cache in front is told of what is dropped from the store: it may keep what comes from there.
            kept = [*flight.page.headers[:-1], ("Cache-Control", stored_cache_control())]
            lingers = self._offer(watch, address, replace(flight.page, headers=kept), decided)
            response.close()
            return answer(flight.page, environ, start_response)
        finally:
            flight.done.set()
            if not lingers:
                decided()

    def _flight_to(self, address: str) -> tuple[Flight, bool]:
        """Return the rendering of a page, and whether it is new and the caller's to do."""
        with self._lock:
            flight = self._flights.get(address)
            if flight and not flight.is_over():
                return flight, False
            for over in [each for each, other in self._flights.items() if other.is_over()]:
                del self._flights[over]
            flight = self._flights[address] = Flight()
            return flight, True

    def _remember_unkept(self, address: str) -> None:
        with self._lock:
            if len(self._unkept) == MANY:
                self._unkept.clear()
            self._unkept.add(address)

    def _of_others(self, address: str) -> StoredPage | None:
        """Wait for this process's turn to render a page; return the page if another process has stored it
        meanwhile."""
        if address in self._unkept:
            return None
        begun = time.monotonic()
        while self._turns and not self._turns.take(address) and time.monotonic() < begun + LINGER:
            time.sleep(GLANCE_AT_OTHERS)
        return self.shelf.get(address) if self.shelf else None

    @contextlib.contextmanager
    def _watch(self) -> Iterator[Watch]:
        """Note what is shown in a block, which makes its page of the parts that are at hand."""
        # In this order: an era that ends in between is found out when the page is offered.
        keeper = self.keeper
        era, since = (keeper.era, keeper.since) if keeper else (0, None)
        known = keeper.parts if keeper and since else None
        with shown.noting_page() as seen, parts.using(known) as rendering:
            yield Watch(era, since, seen, rendering.made if rendering else [])

    def _offer(
        self,
        watch: Watch,
        address: str = "",
        page: StoredPage | None = None,
        decided: Callable[[], None] = lambda: None,
    ) -> bool:
        """Have a page and the parts of it be kept, where they are for all and whole.

        Return whether the keeper will look at the page; it calls ``decided`` then.
        """
        if self.keeper is None or watch.since is None or not (watch.seen.is_page and watch.seen.is_whole):
            return False
        if page is None or page.is_due():
            address, page = "", None
        if page or watch.made:
            self.keeper.offer(Offered(watch.era, watch.since, watch.seen, watch.made, address, page, decided))
        return page is not None


def stored_cache_control() -> str:
    """Return the Cache-Control of pages that come from the store."""
    return SHARED_CACHE_CONTROL if settings.WAGTAILFRONTENDCACHE else CACHE_CONTROL


def may_be_page(path: str) -> bool:
    """Return whether a path (bytes as Latin-1, PEP 3333) may be the address of a page that is kept."""
    if not path.endswith("/") or len(path) > LONGEST or path.startswith(NO_PAGES):
        return False
    if len(path) > LONGEST_PART and max(map(len, path.split("/"))) > LONGEST_PART:
        return False
    return not ("//" in path or "/." in path or "\0" in path)


def may_be_address(address: str) -> bool:
    """Return whether a text may be the address of a page that is kept."""
    return may_be_page(address.encode(errors="replace").decode("latin-1"))


def _may_be_kept(status: str, headers: list[tuple[str, str]], response: Any, seen: shown.Shown) -> bool:
    names = {name.lower() for name, _ in headers}
    return (
        status.startswith("200 ")
        and seen.is_page
        and seen.is_whole
        and not getattr(response, "streaming", True)
        and not names & {"set-cookie", "cache-control"}
    )


@lru_cache(MANY)
def _address_of(path: str) -> str | None:
    """Return the address of the page that a request's path may be of: WSGI hands bytes on as Latin-1 (PEP
    3333)."""
    if not may_be_page(path):
        return None
    try:
        return path.encode("latin-1").decode()
    except UnicodeError:
        return None


@lru_cache(256)
def _encoding(accepted: str) -> str:
    """Return the best encoding of a body for an Accept-Encoding (RFC 9110, 12.5.3); "" is none."""
    offered = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.strip().partition(";")
        offered[name.strip()] = parameter.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return next((name for name in ("br", "gzip") if offered.get(name)), "")


def answer(page: StoredPage, environ: Environ, start_response: StartResponse) -> list[bytes]:
    """Answer a request for a page: its body as the client takes it, or that nothing has changed (304)."""
    headers, body = page.answers[_encoding(environ.get("HTTP_ACCEPT_ENCODING", ""))]
    if ("HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MODIFIED_SINCE" in environ) and _is_known(
        environ, headers[0][1], page.moment
    ):
        start_response("304 Not Modified", [each for each in headers if each[0] not in OF_BODIES])
        return []
    start_response("200 OK", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _is_known(environ: Environ, etag: str, moment: int) -> bool:
    """Return whether the client has this very page (RFC 9110, 13.1). Moments do not tell which of two
    versions is the newer one, so only the same will do."""
    if known := environ.get("HTTP_IF_NONE_MATCH"):
        return known.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in known.split(",")}
    if since := environ.get("HTTP_IF_MODIFIED_SINCE"):
        try:
            return parsedate_to_datetime(since).timestamp() == moment
        except (ValueError, TypeError, OverflowError):
            return False
    return False
