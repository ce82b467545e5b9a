"""The listing: one stream of work, newest first, for a topic, a program, a person, a kind or the whole site.

An older page of a listing is named by the oldest item on it (``since/2019-05-22-143/``: that item and the
eleven after it). Counted from the oldest item upwards, pages keep their addresses and their content when
something new is published: only the first page changes. The first page shows the newest twelve, whatever
their number; its way back leads to the page that holds the first item it does not show, which may repeat a
few that it does, so the link points at that item.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from django.db.models import Subquery
from django.db.models.functions import JSONObject

from content.anchors import Anchor
from content.cards import fetched, ready
from harmhub.store.shown import NEWEST, OLDEST, Span, note, note_span, place
from topics.kinds import Kind

if TYPE_CHECKING:
    from content.models import ContentItem
    from content.models.entries import EntryQuerySet
    from content.streams import Stream

PAGE_SIZE = 12


@dataclass(frozen=True)
class Tab:
    """One of the filters by kind: its label, its address, its number of items (None: not told here), whether
    it is chosen."""

    label: str
    address: str
    count: int | None
    current: bool


@dataclass(frozen=True)
class Turn:
    """A link to a neighbouring page, with the range of dates it shows where that is known."""

    address: str
    days: tuple[date, date] | None = None


class Listing:
    """One page of a listing.

    stream: the work of the whole listing, all kinds and years. address: of its first page, unfiltered.
    kind, year (four digits), since (an anchor's text): the cut that the visitor asked for; None leaves it
    out.
    """

    def __init__(
        self,
        stream: Stream,
        address: str,
        *,
        kind: Kind | None = None,
        year: str | None = None,
        since: str | None = None,
    ):
        self.stream = stream
        self.base = address
        self.kind = kind
        self.year = None if year is None else int(year)
        self.anchor = None if since is None else Anchor.parse(since)
        self._unreadable = since is not None and self.anchor is None

    # --- addresses

    def address(self, kind: Kind | None = None, year: int | None = None, since: Anchor | None = None) -> str:
        """Return the one address of a cut."""
        parts = (kind and kind.path, year and f"{year:04}", since and f"since/{since}")
        return self.base + "".join(f"{part}/" for part in parts if part)

    @property
    def first_address(self) -> str:
        """The first page of this cut; of the whole kind where the year has nothing of it."""
        return self.address(self.kind, self.year if self._number else None)

    @property
    def astray(self) -> bool:
        """Whether the address leads nowhere: an anchor that cannot be read, nothing at it, or a year without
        work."""
        if self._unreadable or (self.year is not None and not self._number):
            return True
        return self.anchor is not None and not self.cards

    @property
    def is_first(self) -> bool:
        """Whether this is the newest page, which alone tells numbers."""
        return self.anchor is None

    # --- what is on the page

    @cached_property
    def counts(self) -> Counter[tuple[str, int]]:
        """The number of items of each kind and year, in the whole listing."""
        return self.stream.counts()

    @cached_property
    def total(self) -> int:
        """The number of items in the whole listing."""
        return self.counts.total()

    @property
    def _number(self) -> int:
        """The number of items of the chosen kind and year."""
        of_cut = self.counts.items()
        return sum(n for (kind, year), n in of_cut if self.kind in (None, kind) and self.year in (None, year))

    @cached_property
    def _cut(self) -> EntryQuerySet:
        entries = self.stream.entries
        if self.kind:
            entries = entries.of_kind(self.kind)
        return entries if self.year is None else entries.filter(published_on__year=self.year)

    @cached_property
    def cards(self) -> list[ContentItem]:
        """The items of this page, the newest first, each with all that its card shows."""
        if self.anchor:
            cards = ready(list(fetched(self._cut.since(self.anchor).oldest_first()[:PAGE_SIZE])))
            if cards:
                self._note(self._key(cards[-1]), self._key(cards[0]))
            return cards
        note_span(Span(self.stream.tag))  # numbers are of the whole listing
        cards = fetched(self._cut.newest_first()[:PAGE_SIZE])
        place = self._place_of_older_anchor()
        if place is not None:
            key = self._cut.newest_first().values_list(JSONObject(day="published_on", pk="item_id"))
            cards = cards.annotate(older_anchor=Subquery(key[place : place + 1]))
        return ready(list(cards))

    def _place_of_older_anchor(self) -> int | None:
        """Return how far from the newest item the page lies that holds the first item not shown here; None:
        all are shown."""
        number = self._number
        if number <= PAGE_SIZE:
            return None
        last_hidden = number - PAGE_SIZE - 1  # counted from the oldest, which is 0
        return number - 1 - last_hidden // PAGE_SIZE * PAGE_SIZE

    def _note(self, oldest: Anchor | None = None, newest: Anchor | None = None) -> None:
        """Note which part of the listing the page shows; None leaves it open at that end."""
        stream = self.stream.of_kind(self.kind) if self.kind else self.stream
        note(self.stream.kinds_tag)
        low = place(oldest.day, oldest.pk) if oldest else OLDEST
        high = place(newest.day, newest.pk) if newest else NEWEST
        note_span(Span(stream.tag, low, high))

    @property
    def is_canonical(self) -> bool:
        """Whether this is the one address of what it shows: any place leads to twelve items, but only that of
        the oldest of them is told to anybody."""
        return self.anchor is None or bool(self.cards and self._key(self.cards[-1]) == self.anchor)

    @property
    def days(self) -> tuple[date, date] | None:
        """The published dates of the newest and the oldest item of this page; None where there is none."""
        return (self.cards[0].published_on, self.cards[-1].published_on) if self.cards else None

    # --- ways on

    @cached_property
    def tabs(self) -> list[Tab]:
        """The filters by kind: all, then each kind that has work (or is chosen)."""
        numbers: Counter[str] = Counter()
        for (kind, _), number in self.counts.items():
            numbers[kind] += number
        told = self.is_first and not self.year
        tabs = [Tab("", self.address(), self.total if told else None, self.kind is None)]
        shown = [kind for kind in Kind if numbers[kind] or kind == self.kind]
        return tabs + [
            Tab(kind.plural, self.address(kind), numbers[kind] if told else None, kind == self.kind)
            for kind in shown
        ]

    @cached_property
    def years(self) -> list[tuple[int, str, bool]]:
        """The years with work of this kind, the newest first: year, address, whether it is this page's."""
        found = {year for (kind, year) in self.counts if self.kind in (None, kind)}
        return [
            (year, self.address(self.kind, year), year == self.year) for year in sorted(found, reverse=True)
        ]

    @cached_property
    def older(self) -> Turn | None:
        """The way to older work."""
        if not self.cards:
            return None
        if self.anchor is None:
            key = getattr(self.cards[0], "older_anchor", None)
            return Turn(self._overlapping(Anchor(date.fromisoformat(key["day"]), key["pk"]))) if key else None
        last = self._key(self.cards[-1])
        keys = self._keys(self._cut.before(last).newest_first())
        self._note(keys[-1] if len(keys) > PAGE_SIZE else None, last)
        if not keys:
            return None
        oldest = keys[:PAGE_SIZE][-1]
        return Turn(self.address(self.kind, self.year, oldest), (keys[0].day, oldest.day))

    def _overlapping(self, page: Anchor) -> str:
        """Return the address of an older page, at the last item shown here: the reader goes on where she
        stopped."""
        return f"{self.address(self.kind, self.year, page)}#w{self.cards[-1].pk}"

    @cached_property
    def newer(self) -> Turn | None:
        """The way to newer work: the next page of twelve where there is a whole one, else the first page."""
        if self.anchor is None or not self.cards:
            return None
        newest = self._key(self.cards[0])
        keys = self._keys(self._cut.since(newest).exclude(item=newest.pk).oldest_first())
        self._note(newest, keys[-1] if len(keys) > PAGE_SIZE else None)
        if len(keys) <= PAGE_SIZE:
            return Turn(self.address(self.kind, self.year))
        return Turn(self.address(self.kind, self.year, keys[0]), (keys[PAGE_SIZE - 1].day, keys[0].day))

    @staticmethod
    def _key(item: ContentItem) -> Anchor:
        return Anchor(item.published_on, item.pk)

    @staticmethod
    def _keys(entries: EntryQuerySet) -> list[Anchor]:
        return [
            Anchor(day, pk) for day, pk in entries.values_list("published_on", "item_id")[: PAGE_SIZE + 1]
        ]
