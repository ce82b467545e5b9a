"""Facets: a program or a tag by which a listing is filtered, as readers, addresses and entries know it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext

from harmhub.store.shown import note, note_until

MOST = 16  # programs to offer, and as many tags: those with the most work
SLUG = re.compile(r"[\w-]+")  # what addresses of pages are made of


class Dimension(StrEnum):
    """By what a listing is filtered; the value is its word in addresses."""

    PROGRAM = "program"
    TAG = "tag"

    @property
    def label(self) -> str:
        """The word for it."""
        return {Dimension.PROGRAM: gettext("Program"), Dimension.TAG: gettext("Tag")}[self]


@dataclass(frozen=True)
class Facet:
    """A program or a tag. number: as entries have it, that of the program's page or the negative one of the
    tag."""

    dimension: Dimension
    number: int
    label: str
    slug: str

    @property
    def path(self) -> str:
        """The facet as part of an address: ``program/drug-policy``."""
        return f"{self.dimension}/{self.slug}"


def offered_in(
    rows: Iterable[tuple[int, int, str | None, str, str | None]], dimension: Dimension
) -> list[tuple[Facet, int]]:
    """Return the programs, or the tags, of rows that ``FacetCount.offered()`` found: each with its number of
    works; of many, the first. A row has the number, the works, the name, the slug, the time of expiry.

    Left out are programs that the public may not see now, and what no address can name.
    """
    found: list[tuple[Facet, int]] = []
    for number, works, label, slug, until in rows:
        if works <= 0 or (number > 0) != (dimension == Dimension.PROGRAM) or len(found) == MOST:
            continue
        note(f"page:{number}" if number > 0 else f"tag:{-number}")
        if label is not None and SLUG.fullmatch(slug):
            note_until(datetime.fromisoformat(until) if until else None)
            found.append((Facet(dimension, number, label, slug), works))
    return found
