"""Streams: the public work that one page lists, newest first, in the words in which pages ask for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.apps import apps

from content.anchors import Anchor
from content.cards import cards_of
from content.listing import Listing
from harmhub.store.parts import kept
from harmhub.store.shown import OLDEST, Span, note_span, place
from topics.kinds import Kind

if TYPE_CHECKING:
    from content.models import ContentItem
    from content.models.entries import EntryQuerySet


@dataclass(frozen=True)
class Stream:
    """All public work that one page lists, in one language.

    page: the number of the page; None for one that is not saved, which lists nothing. locale: the number of
    the language. kind: the only one in it; None for all.
    """

    page: int | None
    locale: int | None
    kind: Kind | None = None

    def of_kind(self, kind: Kind) -> Stream:
        """Return the work of one kind."""
        return replace(self, kind=kind)

    @property
    def tag(self) -> str:
        """The tag of this work, under which changes to it are told."""
        return f"stream:{self.page}:{self.locale}" + (f":{self.kind}" if self.kind else "")

    @property
    def kinds_tag(self) -> str:
        """The tag of which kinds and years this work has."""
        return f"counts:{self.page}:{self.locale}"

    @property
    def entries(self) -> EntryQuerySet:
        """The entries of this work."""
        entries = apps.get_model("content", "Entry").objects.current()
        entries = (
            entries.filter(page=self.page, locale=self.locale) if self.page is not None else entries.none()
        )
        return entries.of_kind(self.kind) if self.kind else entries

    def numbers(self, *beside: EntryQuerySet) -> tuple[Counter[tuple[str, int]], list[list[Anchor]]]:
        """Return how many items there are of each kind and year, and the places of some of its entries, as
        often as there are querysets, in one query."""
        if self.page is None:
            return Counter(), [[] for _ in beside]
        found, places = apps.get_model("content", "EntryCount").numbers(self.page, self.locale, *beside)
        return Counter({key: number for key, number in found.items() if self.kind in (None, key[0])}), places

    def newest(self, number: int | None = None, *, without: int | None = None) -> list[ContentItem]:
        """Return the newest items, each with all that its card shows; all of them without a number.

        without: the number of an item to leave out.
        """
        entries = self.entries.exclude(item=without) if without else self.entries
        items = cards_of(entries.newest_first()[:number])
        self._note([Anchor(item.published_on, item.pk) for item in items], number)
        return items

    def newest_anchors(self, number: int) -> list[Anchor]:
        """Return the places of the newest items."""
        return kept(("newest", self, number), lambda: self._newest_anchors(number))

    def _newest_anchors(self, number: int) -> list[Anchor]:
        anchors = self.entries.newest_first().anchors(number)
        self._note(anchors, number)
        return anchors

    def _note(self, shown: list[Anchor], number: int | None) -> None:
        """Note that the newest items are shown, as many as were asked for where there are so many."""
        oldest = place(shown[-1].day, shown[-1].pk) if shown and len(shown) == number else OLDEST
        note_span(Span(self.tag, oldest))

    def listing(self, address: str, **cut) -> Listing:
        """Return this work as a listing whose first page is at the address, cut as Listing describes."""
        return Listing(self, address, **cut)
