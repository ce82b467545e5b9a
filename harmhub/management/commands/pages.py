"""Look after the page store: see what is in it, fill it, compare it with the truth, empty it, export it."""

import re
import time
from argparse import ArgumentParser
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from html import unescape
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils.translation import ngettext
from tqdm import tqdm

from harmhub.middleware import Handler
from harmhub.pages import all_pages
from harmhub.store import shown
from harmhub.store.asking import asked, own_path
from harmhub.store.fingerprint import fingerprint
from harmhub.store.index import INDEX, MOST_PAGES, Index
from harmhub.store.mirror import Mirror, UnavailableError
from harmhub.store.serving import PageStore, may_be_address
from harmhub.store.shelf import Shelf

LINK = re.compile(rb'<a\b(?![^>]*\bnofollow\b)[^>]*?\bhref="([^"]*)"')
PATIENCE = 5  # seconds, until changes can be heard of and until what was rendered is stored


class Command(BaseCommand):
    """List, warm, check, drop or export stored pages."""

    help = "Look after the stored pages of this machine. Run it with the settings of the web server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add what there is to do."""
        does = parser.add_subparsers(dest="does", required=True)
        does.add_parser(
            "list", help="Print the stored pages: when made and until when true (UTC), bytes, address."
        )
        does.add_parser("warm", help="Render and store every public page that is not stored.")
        does.add_parser("check", help="Render every stored page from nothing, and name those that differ.")
        export = does.add_parser(
            "export", help="Write the public site as static files, or what changed of it."
        )
        export.add_argument("folder", type=Path, help="Where they are, or are to be.")
        drop = does.add_parser("drop", help="Drop pages on all machines: those at the addresses, or all.")
        drop.add_argument("address", nargs="*", help="The path of a page: /topics/health/")

    def handle(self, *args, does: str, address: Sequence[str] = (), folder: Path = Path(), **options) -> None:
        """Do it. CommandError: it cannot be done, or pages differ."""
        match does:
            case "list":
                self._list()
            case "warm":
                self._warm()
            case "check":
                self._check()
            case "drop":
                self._drop(address)
            case "export":
                self._export(folder)

    def _list(self) -> None:
        shelf, total = _shelf(), 0
        for address in _stored(shelf):
            if page := shelf.get(address):
                total += 1
                until = _told(page.until) if page.until else "-"
                self.stdout.write(f"{_told(page.made)}  {until:19}  {len(page.bodies['']):7}  {address}")
        self.stdout.write(ngettext("%d page is stored.", "%d pages are stored.", total) % total)

    def _warm(self) -> None:
        store, begun = PageStore(Handler()), time.monotonic()
        shelf = store.begin()
        if not _comes_true(lambda: store.keeper is not None and store.keeper.since is not None):
            raise CommandError("Changes in the database cannot be heard of: nothing would be stored.")
        made = self._render(store, shelf)
        missing = self._missing(shelf, made)
        for address in missing:  # a picture that was made meanwhile, for example, was a change to its page
            asked(store, address)
        missing = self._missing(shelf, missing)
        number = len(made) - len(missing)
        stored = ngettext("%d page was stored", "%d pages were stored", number) % number
        self.stdout.write(
            f"{stored}, in {time.monotonic() - begun:.0f} seconds."
            + (f" {len(missing)} could not be, or changed meanwhile." if missing else "")
        )

    def _render(self, store: PageStore, shelf: Shelf) -> list[str]:
        """Have every public page rendered; return the addresses of those that were not stored."""
        ahead = deque(_public_addresses())
        met, made = set(ahead), list[str]()
        with _progress() as progress:
            while ahead and len(made) < MOST_PAGES:
                address = ahead.popleft()
                is_new = not shelf.holds(address)
                status, _, body = asked(store, address)
                if is_new and status == HTTPStatus.OK:
                    made.append(address)
                # The parts of listings that links lead to.
                new = sorted(set(_links(body, address)) - met)
                met.update(new)
                ahead.extend(new)
                progress.total = len(met)
                progress.update()
        return made

    @staticmethod
    def _missing(shelf: Shelf, addresses: list[str]) -> list[str]:
        """Return those that are not stored when those that can be have had time to be."""
        _comes_true(lambda: all(map(shelf.holds, addresses)))
        return [address for address in addresses if not shelf.holds(address)]

    def _check(self) -> None:
        shelf, handler, wrong, looked_at = _shelf(), Handler(), 0, 0
        stored = _stored(shelf)
        with _progress() as progress:
            progress.total = len(stored)
            for address in stored:
                progress.update()
                page = shelf.get(address)
                if page is None:
                    continue
                looked_at += 1
                status, _, body = asked(handler, address)
                if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise CommandError(f"{address} cannot be rendered now (status {status}).")
                if page.bodies[""] == body:
                    continue
                time.sleep(1)  # what changed just now is dropped by then
                now = shelf.get(address)
                if now and now.etag == page.etag:
                    wrong += 1
                    progress.clear()  # the line is for what is found
                    self.stdout.write(f"{address} differs.")
        if wrong:
            raise CommandError(f"{wrong} of {looked_at} pages differ. `manage.py pages drop` drops all.")
        self.stdout.write(
            ngettext(
                "%d page is as it would be rendered now.",
                "%d pages are as they would be rendered now.",
                looked_at,
            )
            % looked_at
        )

    def _export(self, folder: Path) -> None:
        mirror = Mirror(folder.absolute(), PageStore(Handler()))
        try:
            with _progress() as progress:

                def tell(done: int, of: int) -> None:
                    progress.total = of
                    progress.update(done - progress.n)

                mirror.export(_public_addresses(), tell)
        except OSError as problem:
            raise CommandError(f"The folder cannot be written: {problem.strerror}.") from problem
        except UnavailableError as problem:
            raise CommandError(
                f"{problem} The mirror stays as it was, but for files written by now."
            ) from problem
        written = ngettext("%d file was written", "%d files were written", mirror.written) % mirror.written
        self.stdout.write(f"{written}, {mirror.kept} kept, {mirror.removed} removed.")

    def _drop(self, addresses: Sequence[str]) -> None:
        tags = [shown.EVERYTHING]
        if addresses:
            if others := [address for address in addresses if not may_be_address(unquote(address))]:
                raise CommandError(f"{others[0]} is no page's address: /topics/health/ would be one.")
            tags = [shown.address_tag(unquote(address)) for address in addresses]
        with connection.cursor() as cursor:
            for tag in tags:
                cursor.execute("SELECT harmhub_changed(%s)", [tag])
        self.stdout.write("Told to all web servers, which drop within a second.")


def _progress() -> tqdm:
    """Return a bar that tells on a terminal, and nowhere else, how far a command is."""
    return tqdm(total=0, unit=" pages", leave=False, disable=None)


def _public_addresses() -> list[str]:
    """Return the addresses of all public pages, without the further parts of their listings."""
    pages = all_pages().public().only("url_path").iterator(chunk_size=2_000)  # there may be a million
    return sorted({own for page in pages if (own := _own(page.get_url() or ""))})


def _shelf() -> Shelf:
    """Return the shelf of the web server with these settings."""
    return Shelf(settings.DATA_DIR / "pages" / fingerprint())


def _stored(shelf: Shelf) -> list[str]:
    """Return the addresses of the stored pages."""
    if not (shelf.folder / INDEX).exists():
        return []
    with closing(Index(shelf)) as index:
        return index.addresses()


def _comes_true(condition: Callable[[], bool]) -> bool:
    """Wait for what another thread does; return whether it was done in time."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _links(body: bytes, address: str) -> Iterator[str]:
    """Yield the addresses of pages of this site that a page links to."""
    for link in LINK.findall(body):
        if own := _own(unescape(link.decode()), address):
            yield own


def _own(link: str, address: str = "/") -> str:
    """Return the address of the page of this site that a link on the page at an address leads to; "" for what
    is none, or elsewhere."""
    path = own_path(link, address)
    return path if may_be_address(path) else ""


def _told(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}"
