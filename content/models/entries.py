"""The entries of all listings: narrow rows that the database keeps true by itself.

A topic's listing takes in the work of all topics below it, of all kinds, in one language, as far as it is
public. Asked of the pages themselves, that is a join over half the tables; asked of the entries it is a walk
along one index, as short for a million items as for ten. Triggers write the entries
(``migrations/initial/listing.sql``), at the end of each transaction that changed something, so publishing,
moving, restricting, deleting and importing need no code here. ``manage.py check_listing`` compares them with
their definition.
"""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Func, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThanOrEqual, TupleLessThan
from django.db.models.functions import Cast, JSONArray
from wagtail.models import Page

from content.anchors import Anchor, anchors_at
from content.streams import Stream
from harmhub.prepared import moment
from topics.kinds import Kind

PLACE = ("published_on", "item_id", "expire_at")  # what is asked of an entry
EVERYWHERE = 0  # in the place of a page: the work of the whole site. No page has this number.


class EntryQuerySet(models.QuerySet):
    """Entries, with the words in which listings are asked for."""

    def current(self) -> Self:
        """Return the entries of items that have not expired by now. The rest of what is public, the entries
        know."""
        return self.filter(Q(expire_at__isnull=True) | Q(expire_at__gt=moment()))

    def next_to_expire(self) -> Self:
        """Return the entries of items that are still to expire, the soonest first."""
        return self.filter(expire_at__gt=moment()).order_by("expire_at")

    def expired(self) -> Self:
        """Return the entries of items that have expired by now: there are some until the worker has taken
        them off the site, a minute later."""
        return self.filter(expire_at__lte=moment()).order_by("expire_at")

    def of_kind(self, kind: Kind) -> Self:
        """Return the entries of one kind."""
        return self.filter(kind=kind)

    def cut(self, kind: Kind | None, year: int | None) -> Self:
        """Return the entries of one kind and of one year; None for all."""
        found = self.of_kind(kind) if kind else self
        return found if year is None else found.filter(published_on__year=year)

    def newest_first(self) -> Self:
        """Return the entries by published date, the newest first; of one day, the item that was made last
        first."""
        return self.order_by("-published_on", "-item_id")

    def oldest_first(self) -> Self:
        """Return the entries the other way round."""
        return self.order_by("published_on", "item_id")

    def since(self, anchor: Anchor) -> Self:
        """Return the entry at the anchor and all newer ones."""
        return self.filter(TupleGreaterThanOrEqual(Tuple("published_on", "item_id"), (anchor.day, anchor.pk)))

    def before(self, anchor: Anchor) -> Self:
        """Return the entries older than the anchor."""
        return self.filter(TupleLessThan(Tuple("published_on", "item_id"), (anchor.day, anchor.pk)))

    def anchors(self, number: int) -> list[Anchor]:
        """Return the places of the first so many items."""
        return anchors_at(self.values_list(*PLACE)[:number])

    def places(self) -> QuerySet:
        """Return the places of the items, to be asked for in one query with others."""
        return self.values_list(JSONArray(*PLACE))


class Listed(models.Model):
    """One public item in a listing of one page.

    No foreign key is checked: the triggers know better, and a check would have two editors wait for each
    other.
    """

    page = models.ForeignKey(
        "wagtailcore.Page", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
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
        abstract = True

    def __str__(self) -> str:
        return f"{self.item_id} on {self.page_id}"


class Entry(Listed):
    """One public item in the listing of one page."""

    pk = models.CompositePrimaryKey("page_id", "item_id")
    page = models.ForeignKey(
        "wagtailcore.Page", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="entries"
    )

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

    @classmethod
    def stream_of(cls, page: Page) -> Stream:
        """Return the work that a page lists: of a topic and all below it, of a program, of a person."""
        return Stream(page.pk, page.locale_id)

    @classmethod
    def stream_of_site(cls, locale: int | None) -> Stream:
        """Return the work of the whole site in a language."""
        return Stream(EVERYWHERE, locale)


class KeptCount(models.Model):
    """How many entries of a kind and year a listing has. There is no row for none."""

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

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.number} of {self.kind} {self.year} on {self.page_id}"

    @classmethod
    def numbers(cls, counts: QuerySet, *beside: QuerySet | Func) -> QuerySet:
        """Return the query that tells how many entries of each kind and year a listing has, by its rows, and
        beside what some expressions tell, or the rows of some querysets. It has one row of texts with JSON;
        none, where the listing has no entries."""
        counted = counts.filter(kind__gt="", year__gt=0).values_list(JSONArray("kind", "year", "number"))
        return counts.values_list(*map(_as_text, (counted, *beside)))[:1]


class EntryCount(KeptCount):
    """How many entries of a kind and year a page has in a language."""

    pk = models.CompositePrimaryKey("page_id", "locale_id", "kind", "year")


def _as_text(beside: QuerySet | Func) -> Cast:
    """Return JSON, or rows of one column with JSON, as one text."""
    rows = beside if isinstance(beside, Func) else Func(ArraySubquery(beside), function="array_to_json")
    return Cast(rows, models.TextField())
