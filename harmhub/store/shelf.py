"""The files of stored pages. All processes of a machine share them.

A page is a folder with ``index.html`` (and ``.gz``, ``.br``) and ``index.json``, which tells its headers. The
latter comes last and goes first, so to us a page is there when that file is. A web server in front may send
the others: they have their names only while the page is there. What pages show is known to the index beside
them (``index.py``); readers of pages ask for one file's status, at most every 20 ms.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from email.utils import formatdate
from functools import cached_property
from pathlib import Path

import brotli

SUFFIXES = {"": "", "gzip": ".gz", "br": ".br"}
FILES = (".json", *(f".html{end}" for end in SUFFIXES.values()))  # in the order in which they go
NEW = ".new"  # behind the names of what is not there yet
GONE = "gone-"  # and the time (nanoseconds since 1970): folders with pages that are not there any more
LEFT_OVER = 600  # seconds after which nobody is still busy with such a folder
IN_MEMORY = 16 * 1024 * 1024  # bytes of pages that one process keeps at hand
# Seconds between looks at a page's file: a look lets other threads in, which costs more than it does.
GLANCE = 0.02


@dataclass(frozen=True)
class StoredPage:
    """A rendered page. headers: those of its response but for length, encoding and validators. until: when it
    is no longer true, in seconds since 1970. made: when it was rendered, likewise."""

    headers: list[tuple[str, str]]
    bodies: dict[str, bytes]
    etag: str
    made: int
    until: float | None

    @classmethod
    def of(cls, headers: Iterable[tuple[str, str]], body: bytes, until: float | None) -> StoredPage:
        """Return a page with its body compressed."""
        # No larger window than the page: it is memory here and on the reader's phone.
        window = min(max(len(body).bit_length(), 16), 22)
        bodies = {
            "": body,
            "gzip": gzip.compress(body, 6, mtime=0),
            "br": brotli.compress(body, mode=brotli.MODE_TEXT, quality=5, lgwin=window),
        }
        kept = [(name, value) for name, value in headers if name.lower() not in {"content-length", "vary"}]
        digest = hashlib.sha256(body + repr(kept).encode()).hexdigest()[:24]
        return cls(kept, bodies, digest, int(time.time()), until)

    @cached_property
    def answers(self) -> dict[str, tuple[list[tuple[str, str]], bytes]]:
        """The headers and the body of the answer in each encoding."""
        made = formatdate(self.moment, usegmt=True)
        answers = {}
        for encoding, body in self.bodies.items():
            etag = f'"{self.etag}-{encoding}"' if encoding else f'"{self.etag}"'
            headers = [("ETag", etag), ("Last-Modified", made), ("Vary", "Accept-Encoding"), *self.headers]
            if encoding:
                headers.append(("Content-Encoding", encoding))
            answers[encoding] = ([*headers, ("Content-Length", str(len(body)))], body)
        return answers

    @property
    def moment(self) -> int:
        """When it was made, as clients are told, in seconds since 1970: made earlier by up to an hour, each
        version by another time, since they tell versions by seconds."""
        return self.made - int(self.etag, 16) % 3600

    def is_due(self) -> bool:
        """Return whether it is no longer true."""
        return self.until is not None and time.time() >= self.until


@dataclass
class Held:
    """A page at hand in this process. version: of its file. until: when to look at the file again, and
    whether the page is still true."""

    page: StoredPage
    version: tuple[int, int]
    until: float


class Shelf:
    """Stored pages in a folder, by their address (a path).

    ``at_hand``: those in memory; each is to be looked at again when its time is over.
    ``is_open``: False while something could not be dropped: nobody may get that.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.is_open = True
        self.at_hand: OrderedDict[str, Held] = OrderedDict()
        self._bytes_at_hand = 0
        self._lock = threading.Lock()

    def get(self, address: str) -> StoredPage | None:
        """Return a page; None where there is none that is true and can be read."""
        if not self.is_open:
            return None
        held, now = self.at_hand.get(address), time.monotonic()
        if held is None or now > held.until:
            held = self._look(address, held, now)
        return None if held is None or held.page.is_due() else held.page

    def holds(self, address: str) -> bool:
        """Return whether a page is there, true or not."""
        return self._file(address, ".json").exists()

    def _look(self, address: str, held: Held | None, now: float) -> Held | None:
        """Return a page as it is on disk now, which may be the one at hand."""
        try:
            status = os.stat(self._file(address, ".json"))
        except (OSError, ValueError):
            self._let_go(address)
            return None
        version = (status.st_mtime_ns, status.st_ino)
        if held and held.version == version:
            held.until = _until(held.page, now)
            return held
        page = self._read(address)
        if page is None:
            self._let_go(address)
            return None
        held = Held(page, version, _until(page, now))
        with self._lock:
            self._count_out(address)  # another thread may have read it, too
            self.at_hand[address] = held
            self._bytes_at_hand += _size(page)
            while self._bytes_at_hand > IN_MEMORY and len(self.at_hand) > 1:
                self._bytes_at_hand -= _size(self.at_hand.popitem(last=False)[1].page)
        return held

    def _let_go(self, address: str) -> None:
        with self._lock:
            self._count_out(address)

    def _count_out(self, address: str) -> None:
        if old := self.at_hand.pop(address, None):
            self._bytes_at_hand -= _size(old.page)

    def _read(self, address: str) -> StoredPage | None:
        try:
            facts = json.loads(self._file(address, ".json").read_text())
            bodies = {name: self._file(address, f".html{end}").read_bytes() for name, end in SUFFIXES.items()}
            if {name: len(body) for name, body in bodies.items()} != facts["lengths"]:
                return None
            headers = [(name, value) for name, value in facts["headers"]]
            return StoredPage(headers, bodies, facts["etag"], facts["made"], facts["until"])
        except (OSError, ValueError, KeyError, TypeError):  # a page half gone or damaged is no page
            return None

    def _file(self, address: str, end: str) -> Path:
        return Path(f"{self.folder}/pages{address}index{end}")

    def addresses(self) -> Iterator[str]:
        """Yield the addresses of all pages that are there."""
        return addresses_in(self.folder / "pages")

    def write(self, address: str, page: StoredPage) -> None:
        """Write a page; it is there once ``reveal()`` says so. OSError: it cannot be written."""
        self._file(address, "").parent.mkdir(parents=True, exist_ok=True)
        for name, end in SUFFIXES.items():
            file = self._file(address, f".html{end}{NEW}")
            file.write_bytes(page.bodies[name])
            os.utime(file, (page.moment, page.moment))
        facts = {each.name: getattr(page, each.name) for each in fields(page) if each.name != "bodies"}
        facts["lengths"] = {name: len(body) for name, body in page.bodies.items()}
        self._file(address, f".json{NEW}").write_text(json.dumps(facts))

    def reveal(self, address: str) -> None:
        """Have a page that was written be there."""
        for end in reversed(FILES):
            self._file(address, f"{end}{NEW}").replace(self._file(address, end))

    def withdraw(self, address: str) -> None:
        """Have a page not be there any more. OSError: it cannot be removed."""
        self._unlink(address, FILES)

    def tidy(self, address: str) -> None:
        """Remove what is left of a page that is not there any more. OSError: it cannot be removed."""
        self._unlink(address, [f"{end}{NEW}" for end in FILES])
        folder, root = self._file(address, "").parent, self.folder / "pages"
        with contextlib.suppress(OSError):  # a page lies below it, or it is gone already
            while folder != root:
                folder.rmdir()  # there are more addresses than a disk has room for folders
                folder = folder.parent

    def _unlink(self, address: str, ends: Iterable[str]) -> None:
        name = f"{self.folder}/pages{address}index"  # thousands go at once: a Path each takes as long again
        for end in ends:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(f"{name}{end}")

    def withdraw_all(self) -> Path:
        """Have no page be there any more, however many there were; return the folder in which they lie now.
        OSError: they cannot be moved."""
        aside = self.folder / f"{GONE}{time.time_ns()}"
        with contextlib.suppress(FileNotFoundError):
            (self.folder / "pages").rename(aside)
        return aside

    def sweep(self, aside: Path) -> None:
        """Remove a folder of pages that were withdrawn, and those that killed processes have left."""
        for each in self.folder.glob(f"{GONE}*"):
            age = time.time_ns() - int(each.name.removeprefix(GONE))
            if each == aside or age > LEFT_OVER * 1e9:
                shutil.rmtree(each, ignore_errors=True)


def addresses_in(folder: Path) -> Iterator[str]:
    """Yield the addresses of all pages in a folder."""
    for path, _, files in os.walk(folder):
        if "index.json" in files:
            yield f"/{Path(path).relative_to(folder)}/".replace("/./", "/")


def _until(page: StoredPage, now: float) -> float:
    """Return when to look at a page again (``time.monotonic()``)."""
    return now + (GLANCE if page.until is None else min(GLANCE, page.until - time.time()))


def _size(page: StoredPage) -> int:
    return sum(map(len, page.bodies.values())) + 1_000
