"""What a page shows, noted while it is rendered, so that a change drops exactly the pages that showed it.

A tag names a thing (``page:12``, ``image:3``); triggers
(``content/migrations/initial/changes.sql``) write the same tags when the thing changes. A span is a part of a
listing: from its oldest place to its newest.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Model

EVERYTHING = "all"  # a change that any page may show
OLDEST, NEWEST = "", "~"  # before and behind the places of all items


def address_tag(address: str) -> str:
    """Return the tag under which one page alone can be dropped."""
    return f"address:{address}"


@dataclass(frozen=True)
class Span:
    """The part of a listing that a page shows, its ends included. Places compare as text; see ``place()``."""

    stream: str
    oldest: str = OLDEST
    newest: str = NEWEST

    def holds(self, where: str) -> bool:
        """Return whether a place lies in this part."""
        return self.oldest <= where <= self.newest


@dataclass
class Shown:
    """What a page, or a part of one, shows. until: when it stops being true by itself, in seconds since 1970.
    is_page: it is a public page that may be kept; is_whole: nothing of it was left out for lack of means.
    began: when its rendering did. apart: of a page, what is shown by pieces that change by themselves."""

    tags: set[str] = field(default_factory=set)
    spans: set[Span] = field(default_factory=set)
    until: float | None = None
    is_page: bool = False
    is_whole: bool = True
    began: float = field(default_factory=time.time, compare=False)
    apart: Shown | None = field(default=None, compare=False)

    def is_due(self) -> bool:
        """Return whether it is no longer true."""
        return self.until is not None and time.time() >= self.until

    def add(self, part: Shown) -> None:
        """Add what a part of the page shows."""
        self.tags |= part.tags
        self.spans |= part.spans
        self.is_whole = self.is_whole and part.is_whole
        if part.until is not None and (self.until is None or part.until < self.until):
            self.until = part.until

    def is_touched_by(self, changes: Changes) -> bool:
        """Return whether any of some changes means that this is to be rendered anew."""
        return (
            EVERYTHING in changes.tags
            or not self.tags.isdisjoint(changes.tags)
            or any(span.holds(where) for span in self.spans for where in changes.places.get(span.stream, ()))
        )


class Changes:
    """What has changed: tags, and for those of listings the places, each as the database tells it."""

    def __init__(self, told: Iterable[tuple[str, str | None]]) -> None:
        self.places: dict[str, set[str]] = {}
        for tag, where in told:
            self.places.setdefault(tag, set()).add(where or "")
        self.tags = set(self.places)


_current: ContextVar[Shown | None] = ContextVar("shown", default=None)


@contextmanager
def noting() -> Iterator[Shown]:
    """Note what is shown in a block."""
    shown = Shown()
    token = _current.set(shown)
    try:
        yield shown
    finally:
        _current.reset(token)


@contextmanager
def noting_part() -> Iterator[Shown]:
    """Note what a part of a page shows, for itself and for the page.

    It began with the page: what it is made of may have been fetched, and looked at, before it.
    """
    page = _current.get()
    with noting() as part:
        if page:
            part.began = page.began
        yield part
    include(part)


@contextmanager
def noting_page() -> Iterator[Shown]:
    """Note what a page shows in a block, and what is noted apart by itself; afterwards, both together."""
    with noting() as page:
        page.apart = Shown(began=page.began)
        yield page
    page.add(page.apart)


@contextmanager
def noting_apart() -> Iterator[bool]:
    """Note apart what is shown in a block of a page, and tell whether it is: not within a part of the page,
    nor where nobody wants to know."""
    page = _current.get()
    if page is None or page.apart is None:
        yield False
        return
    token = _current.set(page.apart)
    try:
        yield True
    finally:
        _current.reset(token)


def shown_around() -> Shown | None:
    """Return what the page shows until now, without what is noted apart; None where nobody wants to know."""
    page = _current.get()
    return page and replace(page, tags=set(page.tags), spans=set(page.spans), apart=None)


def include(part: Shown) -> None:
    """Note that a part is shown, with all that it shows."""
    if page := _current.get():
        page.add(part)


def note(*tags: str) -> None:
    """Note that things are shown. Nothing happens where nobody wants to know."""
    if shown := _current.get():
        shown.tags.update(tags)


def note_span(span: Span) -> None:
    """Note that a part of a listing is shown."""
    if shown := _current.get():
        shown.spans.add(span)


def note_until(moment: datetime | None) -> None:
    """Note that the page changes by itself at a moment, if that was still to come when its rendering began:
    what was asked of the database may be of before."""
    if moment and (shown := _current.get()):
        seconds = moment.timestamp()
        if seconds > shown.began and (shown.until is None or seconds < shown.until):
            shown.until = seconds


def offer() -> None:
    """Note that the page is public, and that this is its one address."""
    if shown := _current.get():
        shown.is_page = True


def spoil() -> None:
    """Note that something is missing on the page that the next rendering may have."""
    if shown := _current.get():
        shown.is_whole = False


def place(day: Any, number: int) -> str:
    """Return the place of an item in a listing, as text that compares as the items do:
    ``2019-05-22/0000000143``."""
    return f"{day.isoformat()}/{number:010}"


def note_pages(*pages: Any) -> None:
    """Note that pages are shown in a part for which they were not fetched."""
    for page in pages:
        note_page(type(page), page)


def note_children(page: Any) -> None:
    """Note that it is shown which pages lie right below one, and in which order."""
    note(f"below:{page.path}")


def note_page(sender: type[Model], instance: Any, **given: Any) -> None:
    """Receive Django's post_init of pages: whatever was fetched for a page may stand on it."""
    if instance.pk is not None and (shown := _current.get()):
        shown.tags.add(f"page:{instance.pk}")
        if "expire_at" in instance.__dict__:
            note_until(instance.expire_at)


def note_image(sender: type[Model], instance: Any, **given: Any) -> None:
    """Receive Django's post_init of pictures."""
    note(f"image:{instance.pk}")


def note_document(sender: type[Model], instance: Any, **given: Any) -> None:
    """Receive Django's post_init of documents."""
    note(f"document:{instance.pk}")
