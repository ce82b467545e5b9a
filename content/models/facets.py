"""Facets: the programs and tags by which a listing is filtered.

Each entry of a listing stands once more under each program and tag of its item, so that a filtered listing
is a walk along one index as well. Triggers keep these rows and their numbers
(``migrations/initial/facets.sql``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Func, Value
from taggit.models import Tag

from content.facets import MOST, Dimension, Facet
from content.models.entries import KeptCount, Listed
from harmhub.store.parts import kept
from harmhub.store.shown import note, spoil
from topics.kinds import Kind
from topics.models import ProgramPage

if TYPE_CHECKING:
    from content.streams import Stream

NEWEST = 240  # so many works of a filtered listing say what else it can be filtered by


class FacetEntry(Listed):
    """One public item in the listing of one page, filtered by one program or tag.

    facet: the number of the program's page; that of the tag, negative.
    """

    pk = models.CompositePrimaryKey("item_id", "page_id", "facet")
    item = models.ForeignKey(
        "content.ContentItem", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    facet = models.IntegerField()

    class Meta:
        verbose_name_plural = "facet entries"
        indexes = [
            models.Index(fields=["page", "facet", "locale", "published_on", "item"], name="facet_by_day"),
            models.Index(
                fields=["page", "facet", "locale", "kind", "published_on", "item"], name="facet_by_kind"
            ),
            models.Index(
                fields=["page", "expire_at"],
                condition=models.Q(expire_at__isnull=False),
                name="facet_that_expires",
            ),
        ]


class FacetCount(KeptCount):
    """How many entries of a kind and year a filtered listing has; in rows of their own those of all kinds
    (an empty one) and of all years (0)."""

    pk = models.CompositePrimaryKey("page_id", "locale_id", "facet", "kind", "year")
    facet = models.IntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["page", "locale", "kind", "year", "-number", "facet"], name="facet_by_number"
            )
        ]

    @staticmethod
    def offered(stream: Stream, *, kind: Kind | None, year: int | None) -> Func:
        """Return, as JSON, the programs and tags of the current work of a stream, cut to a kind and a year,
        those with the most of it first; see ``offered_in()``. Where the stream is filtered already, its
        newest works are asked."""
        if not stream.facets:
            cut = (stream.page, stream.locale, kind or "", year or 0, MOST)
            return Func(*map(Value, cut), function="content_facets_offered")
        newest = stream.entries.cut(kind, year).newest_first().values("item_id")[:NEWEST]
        return Func(Value(stream.page), ArraySubquery(newest), function="content_facets_beside")

    @staticmethod
    def facet_of(dimension: Dimension, slug: str, locale: int | None) -> Facet | None:
        """Return the public program, or the tag, that an address names in a language; None where there is
        none."""
        return kept(("facet", dimension, slug, locale), lambda: _facet_of(dimension, slug, locale))


def _facet_of(dimension: Dimension, slug: str, locale: int | None) -> Facet | None:
    if dimension == Dimension.PROGRAM:
        program = ProgramPage.objects.public().filter(slug=slug, locale=locale).order_by("pk").first()
        if program:
            return Facet(dimension, program.pk, program.title, slug)
    elif tag := Tag.objects.filter(slug=slug).first():
        note(f"tag:{tag.pk}")
        return Facet(dimension, -tag.pk, tag.name, slug)
    spoil()
    return None
