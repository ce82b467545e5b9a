"""Streams: the public work that one page lists, newest first, in the words in which pages ask for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.apps import apps

from content.cards import fetched, ready
from content.listing import Listing
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

    def counts(self) -> Counter[tuple[str, int]]:
        """Return how many items there are of each kind and year."""
        if self.page is None:
            return Counter()
        found = apps.get_model("content", "EntryCount").numbers(self.page, self.locale)
        return Counter({key: number for key, number in found.items() if self.kind in (None, key[0])})

    def newest(self, number: int | None = None, *, without: int | None = None) -> list[ContentItem]:
        """Return the newest items, each with all that its card shows; all of them without a number.

        without: the number of an item to leave out.
        """
        entries = self.entries.exclude(item=without) if without else self.entries
        cards = ready(list(fetched(entries.newest_first()[:number])))
        oldest = place(cards[-1].published_on, cards[-1].pk) if cards and len(cards) == number else OLDEST
        note_span(Span(self.tag, oldest))
        return cards

    def listing(self, address: str, **cut) -> Listing:
        """Return this work as a listing whose first page is at the address, cut as Listing describes."""
        return Listing(self, address, **cut)
