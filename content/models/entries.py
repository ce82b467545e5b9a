"""The entries of all listings: narrow rows that the database keeps true by itself.

A topic's listing takes in the work of all topics below it, of all kinds, in one language, as far as it is
public. Asked of the pages themselves, that is a join over half the tables; asked of the entries it is a walk
along one index, as short for a million items as for ten. Triggers write the entries (see the migration
``0002_listing``), at the end of each transaction that changed something, so publishing, moving, restricting,
deleting and importing need no code here. ``manage.py check_listing`` compares them with their definition.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Count, F, Func, OuterRef, Q, Subquery
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThanOrEqual, TupleLessThan
from django.db.models.functions import Cast, Coalesce, JSONArray
from django.utils import timezone
from wagtail.models import Page

from content.anchors import Anchor
from content.streams import Stream
from harmhub.store.shown import note_until
from topics.kinds import Kind

PLACE = ("published_on", "item_id", "expire_at")  # what is asked of an entry
EVERYWHERE = 0  # in the place of a page: the work of the whole site. No page has this number.


class EntryQuerySet(models.QuerySet):
    """Entries, with the words in which listings are asked for."""

    def current(self) -> EntryQuerySet:
        """Return the entries of items that have not expired by now. The rest of what is public, the entries
        know."""
        return self.filter(Q(expire_at__isnull=True) | Q(expire_at__gt=timezone.now()))

    def of_kind(self, kind: Kind) -> EntryQuerySet:
        """Return the entries of one kind."""
        return self.filter(kind=kind)

    def newest_first(self) -> EntryQuerySet:
        """Return the entries by published date, the newest first; of one day, the item that was made last
        first."""
        return self.order_by("-published_on", "-item_id")

    def oldest_first(self) -> EntryQuerySet:
        """Return the entries the other way round."""
        return self.order_by("published_on", "item_id")

    def since(self, anchor: Anchor) -> EntryQuerySet:
        """Return the entry at the anchor and all newer ones."""
        return self.filter(TupleGreaterThanOrEqual(Tuple("published_on", "item_id"), (anchor.day, anchor.pk)))

    def anchors(self, number: int) -> list[Anchor]:
        """Return the places of the first so many items."""
        return _anchors(self.values_list(*PLACE)[:number])

    def before(self, anchor: Anchor) -> EntryQuerySet:
        """Return the entries older than the anchor."""
        return self.filter(TupleLessThan(Tuple("published_on", "item_id"), (anchor.day, anchor.pk)))


class Entry(models.Model):
    """One public item in the listing of one page.

    No foreign key is checked: the triggers know better, and a check would have two editors wait for each
    other.
    """

    pk = models.CompositePrimaryKey("page_id", "item_id")
    page = models.ForeignKey(
        "wagtailcore.Page", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="entries"
    )
    item = models.ForeignKey("content.ContentItem", models.DO_NOTHING, db_constraint=False, related_name="+")
    locale = models.ForeignKey(
        "wagtailcore.Locale", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)
    published_on = models.DateField()
    expire_at = models.DateTimeField(null=True)

    objects = EntryQuerySet.as_manager()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name_plural = "entries"
        indexes = [
            models.Index(fields=["page", "locale", "published_on", "item"], name="entry_by_day"),
            models.Index(fields=["page", "locale", "kind", "published_on", "item"], name="entry_by_kind"),
            models.Index(
                fields=["page", "expire_at"],
                condition=models.Q(expire_at__isnull=False),
                name="entry_that_expires",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} on {self.page_id}"

    @classmethod
    def stream_of(cls, page: Page) -> Stream:
        """Return the work that a page lists: of a topic and all below it, of a program, of a person."""
        return Stream(page.pk, page.locale_id)

    @classmethod
    def stream_of_site(cls, locale: int | None) -> Stream:
        """Return the work of the whole site in a language."""
        return Stream(EVERYWHERE, locale)


class EntryCount(models.Model):
    """How many entries of a kind and year a page has in a language. There is no row for none."""

    pk = models.CompositePrimaryKey("page_id", "locale_id", "kind", "year")
    page = models.ForeignKey(
        "wagtailcore.Page", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    locale = models.ForeignKey(
        "wagtailcore.Locale", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)
    year = models.SmallIntegerField()
    number = models.IntegerField()

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"{self.number} of {self.kind} {self.year} on {self.page_id}"

    @classmethod
    def numbers(
        cls, page: int, locale: int | None, *beside: EntryQuerySet
    ) -> tuple[Counter[tuple[str, int]], list[list[Anchor]]]:
        """Return how many current entries of each kind and year a page has, and the places of some of its
        entries, as often as there are querysets beside, all fetched in the same query."""
        expired = Entry.objects.filter(
            page=OuterRef("page"),
            locale=OuterRef("locale"),
            kind=OuterRef("kind"),
            published_on__year=OuterRef("year"),
            expire_at__lte=timezone.now(),
        )
        passed = expired.order_by().values("page").annotate(number=Count("item")).values("number")
        rows = list(
            cls.objects.filter(page=page, locale=locale).values_list(
                "kind", "year", F("number") - Coalesce(Subquery(passed), 0), *map(_as_text, beside)
            )
        )
        numbers = Counter({(kind, year): number for kind, year, number, *_ in rows if number > 0})
        texts = rows[0][3:] if rows else ["[]"] * len(beside)
        return numbers, [_anchors(_from_text(text)) for text in texts]


def _as_text(entries: EntryQuerySet) -> Cast:
    """Return places as one value. Each row of numbers repeats it: as text, for it is read once."""
    found = ArraySubquery(entries.values_list(JSONArray(*PLACE)))
    return Cast(Func(found, function="array_to_json"), models.TextField())


def _from_text(text: str) -> Iterable[tuple[date, int, datetime | None]]:
    for day, pk, until in json.loads(text):
        yield date.fromisoformat(day), pk, until and datetime.fromisoformat(until)


def _anchors(places: Iterable[tuple[date, int, datetime | None]]) -> list[Anchor]:
    anchors = []
    for day, pk, until in places:
        note_until(until)
        anchors.append(Anchor(day, pk))
    return anchors
