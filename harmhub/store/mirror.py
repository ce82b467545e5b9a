"""A static mirror of the public site: a folder that any web server can show, for blocked regions and
archives.

Links within it are relative, so that it works below any address. What is not in it (the forms, search, the
admin, private files) is linked at the site's own origin; a form becomes a link to its page there.
"""

from __future__ import annotations

import errno
import fcntl
import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from html import escape, unescape
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlencode, urljoin, urlsplit

from django.conf import settings

from harmhub.store.asking import asked, own_path
from harmhub.store.serving import CACHE_CONTROL, SHARED_CACHE_CONTROL, may_be_address

FILES = ("/media/", "/documents/", "/shared/", "/static/")  # where what pages show or offer lies
LIST = ".mirror"  # the file that names all others, so that the next export knows which are its own
NEW = f"{LIST}.new"  # what is written until it is whole
LINK = re.compile(r'(<(?:a|link|img|source)\b[^>]*?\s(href|src|srcset)=")([^"]*)(")')
FORM = re.compile(r'<form\b([^>]*)\baction="([^"]*)"[^>]*>(.*?)</form>', re.S)
CLASS = re.compile(r'class="[^"]*"')
WORDS = re.compile(r"<p\b.*?</p>", re.S)
HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"')
BUTTON = re.compile(r"<button\b[^>]*>(.*?)</button>", re.S)
POLICY = "Content-Security-Policy"


class UnavailableError(Exception):
    """A page cannot be had now, so what is in the mirror stays."""


class Mirror:
    """A mirror in a folder. application: the site (WSGI).

    OSError: the folder cannot be written, or another export is busy with it. UnavailableError: the site
    fails. ``written``, ``kept``, ``removed``: the numbers of its files.
    """

    def __init__(self, folder: Path, application: Callable[..., Iterable[bytes]]) -> None:
        self.folder, self.application = folder, application
        self.written = self.kept = self.removed = 0
        self._files: set[str] = set()
        self._listed: set[str] = set()  # what earlier exports wrote, finished or not, and this one
        self._inside: set[str] = set()  # the addresses of all that is in the mirror
        self._origin = settings.PUBLIC_URL

    def export(
        self, addresses: Iterable[str], tell: Callable[[int, int], None] = lambda done, of: None
    ) -> None:
        """Write the pages at some addresses and all that they lead to; remove what none leads to any more.

        Each page is asked for twice: which links lead on within the mirror is known when all were followed.
        tell: called with how often something was asked for, and how often it will have been, as far as is
        known.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with _alone(self.folder):
            self._export(addresses, tell)

    def _export(self, addresses: Iterable[str], tell: Callable[[int, int], None]) -> None:
        self._open()
        ahead = sorted(set(addresses))
        met = set(ahead)
        while ahead:
            new = sorted(set(self._follow(ahead.pop())) - met)
            met.update(new)
            ahead.extend(new)
            tell(len(met) - len(ahead), 2 * len(met))  # most are pages
        pages = sorted(address for address in self._inside if address.endswith("/"))
        for number, address in enumerate(pages):
            tell(len(met) + number, len(met) + len(pages))
            if page := self._ask(address):
                self._write(
                    f"{address}index.html", self._made_static(page[1].decode(), address, page[0]).encode()
                )
        self._clear_away()

    def _ask(self, address: str) -> tuple[dict[str, str], bytes] | None:
        """Return the headers and the body of what is at an address and belongs into the mirror."""
        status, answered, body = asked(self.application, address)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise UnavailableError(f"{address} answers {status}.")
        headers = dict(answered)
        # A page that may be stored is one for everybody; the form for a password, for example, may not. One
        # that lacks a picture, which cannot be made, is not stored, and says nothing of it.
        for_all = (CACHE_CONTROL, SHARED_CACHE_CONTROL, None)
        is_for_all = not address.endswith("/") or headers.get("Cache-Control") in for_all
        return (headers, body) if status == HTTPStatus.OK and is_for_all else None

    def _follow(self, address: str) -> Iterator[str]:
        """Note what is at an address, write it if it is a file, and yield what it leads to."""
        found = self._ask(address)
        if found is None:
            return
        self._inside.add(address)
        if not address.endswith("/"):
            self._write(address, found[1])
            return
        for begin, name, value, _ in LINK.findall(found[1].decode()):
            if 'rel="nofollow"' in begin:  # filters in combination are too many for a folder
                continue
            for link, _ in _links(name, unescape(value)):
                if own := self._own(link, address):
                    yield own

    def _made_static(self, html: str, address: str, headers: dict[str, str]) -> str:
        html = FORM.sub(self._link_to_form, html)
        html = LINK.sub(lambda found: found[1] + self._relative(found, address) + found[4], html)
        # A policy in the page, for no server of ours sends it. This one cannot say who may frame it.
        policy = "; ".join(part for part in headers.get(POLICY, "").split("; ") if "frame-" not in part)
        return html.replace(
            '<meta charset="utf-8">',
            f'<meta charset="utf-8"><meta http-equiv="{POLICY}" content="{policy}">',
            1,
        )

    def _link_to_form(self, form: re.Match[str]) -> str:
        """Return what stands in the place of a form: its first paragraph, and its button as a link, which
        takes along what the form would send by itself."""
        named, words, button = CLASS.search(form[1]), WORDS.search(form[3]), BUTTON.search(form[3])
        label = button[1] if button else escape(self._origin)
        sent = urlencode([(name, unescape(value)) for name, value in HIDDEN.findall(form[3])])
        address = f"{self._origin}{form[2]}" + (f"?{escape(sent)}" if sent else "")
        link = f'<a class="btn" href="{address}">{label}</a>'
        return f"<div {named[0] if named else ''}>{words[0] if words else ''} {link}</div>"

    def _relative(self, found: re.Match[str], address: str) -> str:
        _, name, value, _ = found.groups()
        if 'rel="canonical"' in found[0]:  # of the original
            return value
        links = _links(name, unescape(value))
        return escape(", ".join(f"{self._way(link, address)}{size}" for link, size in links))

    def _way(self, link: str, address: str) -> str:
        """Return a link on the page at an address as it leads on within the mirror, or to the origin."""
        if not link or link.startswith("#"):
            return link
        own = self._own(link, address)
        if own in self._inside:
            way = posixpath.relpath(quote(own), quote(address)) + ("/" if own.endswith("/") else "")
            return f"{way}#{fragment}" if (fragment := urlsplit(link).fragment) else way
        with suppress(ValueError):  # what an editor typed
            return urljoin(f"{self._origin}{quote(address)}", link)
        return link

    @staticmethod
    def _own(link: str, address: str) -> str:
        """Return the address of what a link leads to, if that may be in the mirror; else nothing."""
        path = own_path(link, address)
        is_file = path.startswith(FILES) and not path.endswith("/") and "/." not in path and "\0" not in path
        return path if is_file or may_be_address(path) else ""

    def _open(self) -> None:
        """Find what earlier exports wrote. FileExistsError: the folder holds something else."""
        listed = self.folder / LIST
        if listed.exists():
            self._listed = set(filter(_may_be_listed, listed.read_text(errors="replace").splitlines()))
        elif any(self.folder.iterdir()):
            raise FileExistsError(errno.EEXIST, "it holds other files")

    def _write(self, address: str, content: bytes) -> None:
        self._files.add(address)
        file = Path(f"{self.folder}{address}")
        if file.is_file() and file.read_bytes() == content:
            self.kept += 1
            return
        if address not in self._listed:  # before it is there, so that it is known also after an interruption
            self._listed.add(address)
            with (self.folder / LIST).open("a") as listed:
                listed.write(f"\n{address}\n")  # the line before may be half there
        file.parent.mkdir(parents=True, exist_ok=True)
        new = self.folder / NEW  # a longer name than the file's own may be too long
        new.write_bytes(content)
        new.replace(file)
        self.written += 1

    def _clear_away(self) -> None:
        """Remove what an earlier export wrote and this one did not."""
        for address in self._listed - self._files:
            file = Path(f"{self.folder}{address}")
            with suppress(NotADirectoryError, FileNotFoundError, IsADirectoryError):
                file.unlink()
                self.removed += 1
            with suppress(OSError):  # not empty, or gone already
                while file.parent != self.folder:
                    file = file.parent
                    file.rmdir()
        new = self.folder / NEW
        new.write_text("".join(f"{address}\n" for address in sorted(self._files)))
        new.replace(self.folder / LIST)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder against other exports in a block. OSError: one is busy with it, or it cannot be read."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise BlockingIOError(problem.errno, "another export is busy with it") from problem
        except OSError:
            pass  # the disk is another machine's, which knows no locks
        yield
    finally:
        os.close(opened)


def _may_be_listed(address: str) -> bool:
    """Return whether a line of the list names a file in the folder: one that a full disk has cut may not."""
    return address.startswith("/") and "/." not in address and "\0" not in address


def _links(name: str, value: str) -> list[tuple[str, str]]:
    """Return the links in an attribute, each with what stands behind it: several, with sizes, in a srcset."""
    if name != "srcset":
        return [(value, "")]
    parts = (part.strip().partition(" ") for part in value.split(","))
    return [(link, f"{blank}{size}") for link, blank, size in parts]
