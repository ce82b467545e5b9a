"""Streams: the public work that one page lists, newest first, in the words in which pages ask for it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Count, Exists, Func, OuterRef, QuerySet
from django.db.models.functions import JSONArray

from content.anchors import Anchor
from content.cards import cards_of
from content.listing import PAGE_SIZE, Listing
from harmhub.prepared import Prepared
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
    the language. kind: the only one in it; None for all. facets: the numbers of the programs and tags that
    each item has, all of them.
    """

    page: int | None
    locale: int | None
    kind: Kind | None = None
    facets: tuple[int, ...] = ()

    def of_kind(self, kind: Kind) -> Stream:
        """Return the work of one kind."""
        return replace(self, kind=kind)

    def of_facets(self, *facets: int) -> Stream:
        """Return the work with these programs and tags only."""
        return replace(self, facets=facets)

    @property
    def is_counted(self) -> bool:
        """Whether its numbers are known; of work with several facets only the kinds and years that each of
        them has."""
        return len(self.facets) <= 1

    @property
    def tags(self) -> list[str]:
        """The tags of this work, under which changes to it are told."""
        return [f"{name}{self._of_kind}" for name in self._told_as("stream", "facet")]

    @property
    def kinds_tags(self) -> list[str]:
        """The tags of which kinds and years this work has."""
        return self._told_as("counts", "counts")

    @property
    def facets_tags(self) -> list[str]:
        """The tags of which programs and tags this work has."""
        return [f"{name}{self._of_kind}" for name in self._told_as("facets", "facets")]

    @property
    def _of_kind(self) -> str:
        return f":{self.kind}" if self.kind else ""

    def _told_as(self, whole: str, filtered: str) -> list[str]:
        of = f"{self.page}:{self.locale}"
        return [f"{filtered}:{of}:{facet}" for facet in self.facets] or [f"{whole}:{of}"]

    @property
    def entries(self) -> EntryQuerySet:
        """The entries of this work."""
        return self._entries.current()

    @property
    def expiring(self) -> EntryQuerySet:
        """The entries of this work that are still to expire, the soonest first."""
        return self._entries.next_to_expire()

    @property
    def expired(self) -> EntryQuerySet:
        """The entries whose items its numbers still count, though they have expired by now."""
        return replace(self, facets=self.facets[:1])._entries.expired()

    @property
    def _entries(self) -> EntryQuerySet:
        entries: EntryQuerySet = self._rows("Entry", "FacetEntry", "item")
        return entries.of_kind(self.kind) if self.kind else entries

    def _rows(self, whole: str, filtered: str, *same: str) -> Any:
        """Return the rows of this work in one of two models; filtered, those whose likes, as told by the same
        columns, all facets have."""
        of = {"page": self.page, "locale": self.locale}
        model = apps.get_model("content", filtered if self.facets else whole)
        if self.page is None:
            return model.objects.none()
        if not self.facets:
            return model.objects.filter(**of)
        first, *others = self.facets
        rows = model.objects.filter(**of, facet=first)
        like = {name: OuterRef(name) for name in same}
        return rows.filter(*(Exists(model.objects.filter(**of, **like, facet=facet)) for facet in others))

    def numbers(self, *beside: QuerySet | Func) -> QuerySet:
        """Return the query that tells how many items there are of each kind and year, and beside what some
        expressions tell, or the rows of some querysets: one row of texts with JSON."""
        counts = self._rows("EntryCount", "FacetCount", "kind", "year")
        return counts.model.numbers(counts, *beside)

    def told(
        self,
        facets: list[int],
        anchor: Anchor | None,
        *,
        kind: Kind | None,
        year: int | None,
        offers: tuple[tuple[int, ...], ...],
    ) -> tuple[Counter[tuple[str, int]], list[list]]:
        """Return what the database knows of a page of a listing of this work, cut by facets, kind and year:
        how many items there are of each kind and year, whatever this cut's; and lists of JSON: of this work
        the item that expires next, then of an older page, from its anchor on, the places of its items and
        those of the work before it; of the first page those of its items, and the programs and tags that are
        offered where only some of the facets are chosen, told by their places.

        All in one query. Where something has expired that the numbers still count, they come from a second.
        """
        others = {"of_kind": self.kind, "kind": kind, "year": year, "offers": offers}
        at = [anchor.day, anchor.pk] if anchor else None
        rows = _page_of_listing(self.page, self.locale, facets, at, **others) if self.page is not None else []
        lists = 3 if anchor else 2 + len(offers)
        found, expired, *beside = map(json.loads, rows[0] if rows else ["[]"] * (2 + lists))
        gone: list = []
        if expired:
            found, gone = self.of_facets(*facets)._counted_with_expired()
        counts = Counter({(kind, year): number for kind, year, number in found if self.kind in (None, kind)})
        counts.subtract({(kind, year): number for kind, year, number in gone})
        return +counts, beside

    def _counted_with_expired(self) -> list[list]:
        """Return how many items there are of each kind and year, and how many of them have expired, as they
        were at one moment: the worker may just be taking these off."""
        by_year = self.expired.order_by().values("kind", "published_on__year").annotate(number=Count("item"))
        gone = by_year.values_list(JSONArray("kind", "published_on__year", "number"))
        return next(([*map(json.loads, row)] for row in self.numbers(gone)), [[], []])

    def newest(self, number: int, *, without: int | None = None) -> list[ContentItem]:
        """Return the newest items, each with all that its card shows.

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

    def _note(self, shown: list[Anchor], number: int) -> None:
        """Note that the newest items are shown, as many as were asked for where there are so many."""
        oldest = place(shown[-1].day, shown[-1].pk) if shown and len(shown) == number else OLDEST
        for tag in self.tags:
            note_span(Span(tag, oldest))

    def listing(self, address: str, **cut) -> Listing:
        """Return this work as a listing whose first page is at the address, cut as Listing describes."""
        return Listing(self, address, **cut)


@Prepared
def _page_of_listing(
    page: int,
    locale: int | None,
    facets: list[int],
    anchor: list | None,
    *,
    of_kind: Kind | None,
    kind: Kind | None,
    year: int | None,
    offers: tuple[tuple[int, ...], ...],
) -> QuerySet:
    """Return the query of ``Stream.told()``."""
    unfiltered = Stream(page, locale, of_kind)
    stream = unfiltered.of_facets(*facets)
    cut = stream.entries.cut(kind, year)
    beside: list[QuerySet | Func]
    if anchor:
        here = Anchor(*anchor)
        beside = [
            cut.since(here).oldest_first().places()[: 2 * PAGE_SIZE + 1],
            cut.before(here).newest_first().places()[: PAGE_SIZE + 1],
        ]
    else:
        # The page that holds the first item not shown here ends within the twelve after these.
        newest = cut.newest_first().places()[: 2 * PAGE_SIZE]
        offered = apps.get_model("content", "FacetCount").offered
        chosen = (unfiltered.of_facets(*(facets[place] for place in some)) for some in offers)
        beside = [newest, *(offered(each, kind=kind or of_kind, year=year) for each in chosen)]
    return stream.numbers(stream.expired.places()[:1], unfiltered.expiring.places()[:1], *beside)
