"""Anchors: places in the order of work, by which the older pages of a listing are named."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from harmhub.store.shown import note_until


@dataclass(frozen=True, order=True)
class Anchor:
    """The place of one item in the order of work: its published date, then its number."""

    day: date
    pk: int

    def __str__(self) -> str:
        """Return the anchor as part of an address: ``2019-05-22-143``."""
        return f"{self.day.isoformat()}-{self.pk}"

    @classmethod
    def parse(cls, text: str) -> Anchor | None:
        """Return the anchor that a part of an address names; None for anything that names none, or
        writes its number in another way."""
        match = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})-([1-9][0-9]{0,17})", text)
        try:
            return cls(date.fromisoformat(match[1]), int(match[2])) if match else None
        except ValueError:
            return None


def anchors_at(places: Iterable[tuple[date, int, datetime | None]]) -> list[Anchor]:
    """Return the anchors of some items: published date, number, time of expiry. They are shown until that
    time."""
    anchors = []
    for day, pk, until in places:
        note_until(until)
        anchors.append(Anchor(day, pk))
    return anchors


def anchors_of(places: Iterable[list]) -> list[Anchor]:
    """Do as ``anchors_at()`` with places as JSON arrays."""
    return anchors_at(
        (date.fromisoformat(day), pk, datetime.fromisoformat(until) if until else None)
        for day, pk, until in places
    )
