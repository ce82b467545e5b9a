"""What the mails of one run show, looked up once for all of them: works by list, cards, events to come."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

from django.utils import timezone
from wagtail.models import Locale

from content.cards import cards_of
from content.models import ContentItem, Entry, EventPage, FacetEntry
from content.models.entries import EVERYWHERE
from newsletter.models import List
from newsletter.models.updates import public_works

AHEAD = timedelta(days=60)
MOST = 5  # events to come in one mail


def works_of(lists: Iterable[List], items: Collection[int]) -> dict[int, list[int]]:
    """Return which of some works are public and on each list, by the numbers of both; in their order. Two
    queries for any number of lists."""
    by_listing = defaultdict(list)
    for each in lists:
        by_listing[each.page_id or EVERYWHERE, each.locale_id].append(each)
    facets = _facets(by_listing.values(), items)
    found: dict[int, list[int]] = defaultdict(list)
    entries = Entry.objects.current().filter(item__in=items, page__in={page for page, _ in by_listing})
    for page, locale, kind, item in entries.values_list("page_id", "locale_id", "kind", "item_id"):
        for each in by_listing.get((page, locale), ()):
            if each.kind in ("", kind) and facets[item].issuperset(each.facets):
                found[each.pk].append(item)
    order = {item: place for place, item in enumerate(items)}
    return {number: sorted(works, key=order.__getitem__) for number, works in found.items()}


def _facets(lists: Iterable[list[List]], items: Collection[int]) -> Mapping[int, set[int]]:
    """Return which of the programs and tags that lists ask for each work has."""
    asked = {facet for some in lists for each in some for facet in each.facets}
    rows = FacetEntry.objects.filter(item__in=items, page=EVERYWHERE, facet__in=asked)
    found: dict[int, set[int]] = defaultdict(set)
    for item, facet in rows.values_list("item_id", "facet"):
        found[item].add(facet)
    return found


@dataclass
class Shown:
    """What mails to the subscribers of some lists (by number) show."""

    lists: Mapping[int, List]
    _cards: dict[int, ContentItem | None] = field(default_factory=dict)

    def cards(self, numbers: Iterable[int]) -> dict[int, ContentItem]:
        """Return works with all that a card shows, by their numbers; without those that are not public."""
        wanted = list(numbers)
        if missing := [number for number in wanted if number not in self._cards]:
            self._cards |= dict.fromkeys(missing)
            found = cards_of(public_works().filter(item__in=missing), pictures=False)
            for item in found:
                item.locale = self.locales[item.locale_id]
            self._cards |= {item.pk: item for item in found}
        return {number: card for number in wanted if (card := self._cards[number])}

    @cached_property
    def locales(self) -> dict[int, Locale]:
        """The languages of works and lists, by their numbers."""
        return Locale.all_objects.in_bulk()

    @cached_property
    def _events(self) -> dict[int, list[int]]:
        """The events that begin soon, by list, the next one first."""
        now = timezone.now()
        on = EventPage.objects.filter(status=EventPage.Status.SCHEDULED, live=True)
        soon = on.filter(starts_at__gt=now, starts_at__lte=now + AHEAD).order_by("starts_at", "pk")
        return works_of(self.lists.values(), list(soon.values_list("pk", flat=True)))

    def events(self, lists: Iterable[int], without: Collection[int]) -> list[ContentItem]:
        """Return the next events of some lists, the next one first, but for some works."""
        numbers = {item for number in lists for item in self._events.get(number, ()) if item not in without}
        found = [card for card in self.cards(numbers).values() if card.detail.is_upcoming]
        return sorted(found, key=lambda card: (card.detail.starts_at, card.pk))[:MOST]
