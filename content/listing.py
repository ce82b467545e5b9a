"""The listing: one stream of work, newest first, for a topic, a program, a person, a kind or the whole site.

An older page of a listing is named by the oldest item on it (``since/2019-05-22-143/``: that item and the
eleven after it). Counted from the oldest item upwards, pages keep their addresses and their content when
something new is published: only the first page changes. The first page shows the newest twelve, whatever
their number; its way back leads to the page that holds the first item it does not show, which may repeat a
few that it does, so the link points at that item.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from django.apps import apps
from django.utils.translation import gettext

from content.anchors import Anchor, anchors_of
from content.facets import Dimension, Facet, offered_in
from harmhub.store.parts import kept
from harmhub.store.shown import NEWEST, OLDEST, Shown, Span, include, note, note_span, noting_part, place
from topics.kinds import Kind

if TYPE_CHECKING:
    from content.streams import Stream

PAGE_SIZE = 12


@dataclass(frozen=True)
class Tab:
    """A filter: its label, its address, its number of items (None: not told here), whether it is chosen.
    That of a chosen program or tag leads back to the work without it."""

    label: str
    address: str
    count: int | None
    current: bool


@dataclass(frozen=True)
class Turn:
    """A link to a neighbouring page, with the range of dates it shows where that is known."""

    address: str
    days: tuple[date, date] | None = None


@dataclass(frozen=True)
class Found:
    """What the database knows of a page of a listing: the number of items of each kind and year in the whole
    listing, the places of those on this page, and of those that the ways to older and newer work lead to, one
    more than a page holds, the nearest first. Of the first page's way to older work only the place that names
    it, but also the programs and tags it can be filtered by, each with its number of items."""

    counts: Counter[tuple[str, int]]
    anchors: list[Anchor]
    older: list[Anchor]
    newer: Sequence[Anchor] = ()
    facets: Mapping[Dimension, Sequence[tuple[Facet, int]]] = field(default_factory=dict)


def _facet_of(dimension: Dimension, slug: str, stream: Stream) -> Facet | None:
    return apps.get_model("content", "FacetCount").facet_of(dimension, slug, stream.locale)


class Listing:
    """One page of a listing.

    stream: the work of the whole listing, all kinds and years. address: of its first page, unfiltered.
    kind, program and tag (slugs), year (four digits), since (an anchor's text): the cut that the visitor
    asked for; None leaves it out.
    """

    def __init__(
        self,
        stream: Stream,
        address: str,
        *,
        kind: Kind | None = None,
        program: str | None = None,
        tag: str | None = None,
        year: str | None = None,
        since: str | None = None,
    ):
        self.base = address
        self.kind = kind
        asked = {
            dimension: slug
            for dimension, slug in ((Dimension.PROGRAM, program), (Dimension.TAG, tag))
            if slug is not None
        }
        with noting_part() as self._facets_shown:
            self.facets = {
                dimension: facet
                for dimension, slug in asked.items()
                if (facet := _facet_of(dimension, slug, stream))
            }
        self._unfiltered = stream
        self.stream = self._stream_of(self.facets)
        self._unknown = len(self.facets) < len(asked)
        self.year = int(year or 0) or None
        self.anchor = None if since is None else Anchor.parse(since)
        self._unreadable = (since is not None and self.anchor is None) or (year is not None and not self.year)

    # --- addresses

    def address(
        self,
        kind: Kind | None = None,
        year: int | None = None,
        since: Anchor | None = None,
        *,
        facets: dict[Dimension, Facet] | None = None,
    ) -> str:
        """Return the one address of a cut; facets: None for those of this one."""
        chosen = self.facets if facets is None else facets
        filters = (chosen[dimension].path for dimension in Dimension if dimension in chosen)
        parts = (kind and kind.path, *filters, year and f"{year:04}", since and f"since/{since}")
        return self.base + "".join(f"{part}/" for part in parts if part)

    @property
    def whole_address(self) -> str:
        """The first page of this cut, of all years."""
        return self.address(self.kind)

    @property
    def first_address(self) -> str:
        """The first page of this cut; of the whole kind where the year has nothing of it, and without filters
        where they have nothing."""
        return self.address(
            self.kind, self.year if self._number else None, facets={} if self._is_barren else None
        )

    @property
    def own_address(self) -> str:
        """The address of what this page shows: any place leads to twelve items, that of the oldest of them
        names them."""
        return self.address(self.kind, self.year, self.anchors[-1] if self.anchor else None)

    @property
    def _is_barren(self) -> bool:
        """Whether there is no such program or tag, or none of its work here."""
        return self._unknown or (bool(self.facets) and not self.counts)

    @property
    def astray(self) -> bool:
        """Whether the address leads nowhere: an anchor that cannot be read, nothing at it, or a year, a
        program or a tag without work."""
        if self._unreadable or self._is_barren or (self.year is not None and not self._number):
            return True
        return self.anchor is not None and not self.anchors

    @property
    def is_first(self) -> bool:
        """Whether this is the newest page, which alone tells numbers."""
        return self.anchor is None

    # --- what is on the page

    @cached_property
    def _known(self) -> tuple[Found, Shown]:
        with noting_part() as shown:
            key = ("listing", self.stream, self.kind, self.year, self.anchor)
            return kept(key, self._find), shown

    @property
    def _found(self) -> Found:
        """What the database knows of this page of the listing."""
        return self._known[0]

    @property
    def part_key(self) -> Hashable:
        """What the filters and the years depend on, but for what is noted: those of all older pages are the
        same."""
        return (self.base, self.stream, *self.facets.values(), self.kind, self.year, self.is_first)

    def note_shown(self) -> None:
        """Note for a part of the page that it shows the listing, which was asked for the page before."""
        include(self._facets_shown)
        shown = self._known[1]
        # All older pages share their parts, which show none of the work.
        include(shown if self.is_first else replace(shown, spans=set()))

    def _find(self) -> Found:
        if self.anchor:
            counts, [places, before] = self._told()
            anchors, older = map(anchors_of, (places, before))
            is_full = len(anchors) > 2 * PAGE_SIZE
            # Work comes onto each of these pages while it is not full.
            self._note(older[-1] if len(older) > PAGE_SIZE else None, anchors[-1] if is_full else None)
            return Found(counts, anchors[:PAGE_SIZE][::-1], older, anchors[PAGE_SIZE:])
        for tag in self.stream.tags:
            note_span(Span(tag))  # numbers are of the whole listing
        # What else each dimension can be filtered by; where nothing is chosen, both have the same answer.
        chosen = self._chosen
        streams = {
            dimension: tuple(chosen.index(facet.number) for facet in self._without(dimension).values())
            for dimension in Dimension
        }
        asked = tuple(dict.fromkeys(streams.values()))
        for some in asked:
            note(*self._unfiltered.of_facets(*(chosen[place] for place in some)).facets_tags)
        counts, [places, *rows] = self._told(asked)
        anchors = anchors_of(places)
        older = anchors[self._place_of_older(self._number_in(counts)) :]
        if not self.stream.is_counted and len(anchors) > PAGE_SIZE:
            older = anchors[-1:]
        facets = {
            dimension: offered_in(rows[asked.index(some)], dimension) for dimension, some in streams.items()
        }
        return Found(counts, anchors[:PAGE_SIZE], older[:1], facets=facets)

    @property
    def _chosen(self) -> list[int]:
        return [facet.number for facet in self.facets.values()]

    def _told(self, offers: tuple[tuple[int, ...], ...] = ()) -> tuple[Counter[tuple[str, int]], list[list]]:
        """Do as ``Stream.told()``, and note until when the numbers are true: until any of the work expires,
        shown here or not. Of the unfiltered work, which other filters have their numbers of."""
        counts, [expiring, *lists] = self._unfiltered.told(
            self._chosen, self.anchor, kind=self.kind, year=self.year, offers=offers
        )
        anchors_of(expiring)
        return counts, lists

    def _stream_of(self, facets: dict[Dimension, Facet]) -> Stream:
        return self._unfiltered.of_facets(*(facet.number for facet in facets.values()))

    def _without(self, dimension: Dimension) -> dict[Dimension, Facet]:
        """Return what is chosen in the other dimensions."""
        return {each: facet for each, facet in self.facets.items() if each != dimension}

    @property
    def counts(self) -> Counter[tuple[str, int]]:
        """The number of items of each kind and year, in the whole listing. Not to be changed."""
        return self._found.counts

    @cached_property
    def total(self) -> int | None:
        """The number of items in the whole listing, where it is known."""
        return self.counts.total() if self.stream.is_counted else None

    def _number_in(self, counts: Counter[tuple[str, int]]) -> int:
        """Return the number of items of the chosen kind and year."""
        return sum(
            number
            for (kind, year), number in counts.items()
            if self.kind in (None, kind) and self.year in (None, year)
        )

    @property
    def _number(self) -> int:
        return self._number_in(self.counts)

    @property
    def anchors(self) -> list[Anchor]:
        """The places of this page's items, the newest first. Not to be changed."""
        return self._found.anchors

    @staticmethod
    def _place_of_older(number: int) -> int:
        """Return how far from the newest item the older page lies that holds the first item not shown on the
        first; beyond all where all are shown."""
        if number <= PAGE_SIZE:
            return 2 * PAGE_SIZE
        last_hidden = number - PAGE_SIZE - 1  # counted from the oldest, which is 0
        return number - 1 - last_hidden // PAGE_SIZE * PAGE_SIZE

    def _note(self, oldest: Anchor | None = None, newest: Anchor | None = None) -> None:
        """Note which part of the listing the page shows; None leaves it open at that end."""
        stream = self.stream.of_kind(self.kind) if self.kind else self.stream
        note(*stream.kinds_tags)
        low = place(oldest.day, oldest.pk) if oldest else OLDEST
        high = place(newest.day, newest.pk) if newest else NEWEST
        for tag in stream.tags:
            note_span(Span(tag, low, high))

    @property
    def is_canonical(self) -> bool:
        """Whether this is the one address of what it shows: any place leads to twelve items, but only that of
        the oldest of them is told to anybody. Where nothing is counted, places change with each new item."""
        return self.stream.is_counted and (self.anchor is None or self.anchor in self.anchors[-1:])

    @property
    def days(self) -> tuple[date, date] | None:
        """The published dates of the newest and the oldest item of this page; None where there is none."""
        return (self.anchors[0].day, self.anchors[-1].day) if self.anchors else None

    # --- ways on

    @property
    def _tells_numbers(self) -> bool:
        """Whether filters have the number of their items beside them."""
        return self.is_first and not self.year

    @cached_property
    def tabs(self) -> list[Tab]:
        """The filters by kind: all, then each kind that has work (or is chosen)."""
        numbers: Counter[str] = Counter()
        for (kind, _), number in self.counts.items():
            numbers[kind] += number
        told = self._tells_numbers and self.stream.is_counted
        tabs = [Tab("", self.address(), self.total if told else None, self.kind is None)]
        shown = [kind for kind in Kind if numbers[kind] or kind == self.kind]
        return tabs + [
            Tab(kind.plural, self.address(kind), numbers[kind] if told else None, kind == self.kind)
            for kind in shown
        ]

    @property
    def chosen(self) -> list[tuple[str, Tab]]:
        """The chosen program and tag: which of the two it is, and the way to the work without it."""
        found = []
        for dimension, facet in self.facets.items():
            address = self.address(self.kind, self.year, facets=self._without(dimension))
            found.append((dimension.label, Tab(facet.label, address, None, True)))
        return found

    @property
    def to_remove(self) -> list[tuple[str, Tab]]:
        """What is chosen, with the year, likewise."""
        if not self.year:
            return self.chosen
        return [*self.chosen, (gettext("Year"), Tab(f"{self.year:04}", self.address(self.kind), None, True))]

    @property
    def has_filters(self) -> bool:
        """Whether there is a program or a tag to filter by."""
        return any(self._found.facets.values())

    @property
    def programs(self) -> list[Tab]:
        """The programs that this page can be filtered by, A to Z; the chosen one among them."""
        return self._tabs_of(Dimension.PROGRAM)

    @property
    def tags(self) -> list[Tab]:
        """The tags likewise."""
        return self._tabs_of(Dimension.TAG)

    def _tabs_of(self, dimension: Dimension) -> list[Tab]:
        found = self._found.facets.get(dimension, ())
        chosen = self.facets.get(dimension)
        others = self._without(dimension)
        told = self._tells_numbers and not others
        return [
            Tab(
                facet.label,
                self.address(
                    self.kind, self.year, facets=others if facet == chosen else others | {dimension: facet}
                ),
                number if told else None,
                facet == chosen,
            )
            for facet, number in sorted(found, key=lambda each: each[0].label.casefold())
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
        if not self.anchors:
            return None
        found = self._found.older[:PAGE_SIZE]
        if not found:
            return None
        if self.anchor is None:
            return Turn(self._overlapping(found[0]))
        return Turn(self.address(self.kind, self.year, found[-1]), (found[0].day, found[-1].day))

    def _overlapping(self, page: Anchor) -> str:
        """Return the address of an older page, at the last item shown here, if that is on it: the reader goes
        on where she stopped."""
        address = self.address(self.kind, self.year, page)
        if self.stream.is_counted and self._place_of_older(self._number) == 2 * PAGE_SIZE - 1:
            return address
        return f"{address}#w{self.anchors[-1].pk}"

    @cached_property
    def newer(self) -> Turn | None:
        """The way to newer work: the next page of twelve where there is a whole one, else the first page."""
        if self.anchor is None or not self.anchors:
            return None
        found = self._found.newer
        if len(found) <= PAGE_SIZE:
            return Turn(self.address(self.kind, self.year))
        return Turn(self.address(self.kind, self.year, found[0]), (found[PAGE_SIZE - 1].day, found[0].day))
