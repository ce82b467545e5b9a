"""What the cards of a list show, fetched in the same number of queries for few and for many."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, F, OuterRef, Subquery, When
from django.db.models.functions import JSONObject
from wagtail.images.models import Filter

from harmhub.models import CustomRendition
from harmhub.prepared import Prepared
from harmhub.private_files import is_private
from harmhub.store.shown import note

if TYPE_CHECKING:
    from content.models import ContentItem
    from content.models.entries import EntryQuerySet
    from harmhub.pages import PublicPageQuerySet

PICTURES = 4  # so many of a list's cards have one
# The picture of a card, in the words of the picture tag in components/card.html, and as the filters that tag
# makes of them.
CARD_PICTURE = "fill-480x320 format-{avif,jpeg} avifquality-50 jpegquality-30"
CARD_FILTERS = Filter.expand_spec(CARD_PICTURE)
OF_SIZE = ("id", "filter_spec", "focal_point_key", "file", "width", "height")
# All that cards and mails show of an item; the picture is fetched whole, as its sizes may be made of it.
OF_ITEM = ("title", "url_path", "locale", "expire_at", "kind", "summary", "published_on", "image")
OF_EVENT = (
    *("starts_at", "ends_at", "time_zone", "status"),
    *("place", "town", "is_online", "online_url", "recording_url"),
)


def cards_of(items: Sequence[int] | EntryQuerySet, *, pictures: bool = True) -> list[ContentItem]:
    """Return some items (their numbers, or their entries), the newest first, with all that their cards show:
    one query, for few and for many; none for none."""
    if isinstance(items, Sequence):
        cards = _items_of(_filled_up(items), pictures=pictures) if items else []
    else:
        cards = list(_items(pictures=pictures).filter(pk__in=items.values("item_id")))
    _make_ready(cards)
    if pictures:
        _add_pictures(cards)
    return cards


@cache
def _items(*, pictures: bool) -> PublicPageQuerySet:
    """Return all items in one query: with their kinds, the image, the names of authors, the first file, and
    what there is of the sizes that cards show of the image, if they do."""
    items = apps.get_model("content", "ContentItem").objects.all()
    authors = (
        apps.get_model("content", "ItemAuthor").objects.filter(item=OuterRef("pk")).order_by("sort_order")
    )
    files = (
        apps.get_model("content", "PublicationFile")
        .objects.filter(~is_private("document__collection__path"), publication=OuterRef("pk"))
        .order_by("sort_order")
    )
    name = Case(When(person__isnull=False, then=F("person__title")), default=F("name"))
    file = JSONObject(
        name="document__file", pages="document__page_count", size="document__file_size", pk="document"
    )
    items = (
        items.order_by("-published_on", "-pk")
        .select_related("eventpage", "image")
        .only(*OF_ITEM, *(f"eventpage__{name}" for name in OF_EVENT))
    )
    if pictures:
        sizes = CustomRendition.objects.filter(filter_spec__in=CARD_FILTERS, image=OuterRef("image"))
        items = items.annotate(
            image_sizes=ArraySubquery(sizes.values_list(JSONObject(**{name: name for name in OF_SIZE})))
        )
    return items.annotate(
        author_names=ArraySubquery(authors.values_list(name)),
        author_pages=ArraySubquery(authors.exclude(person=None).values_list("person")),
        first_file=Subquery(files.values_list(file)[:1]),
        image_is_private=is_private("image__collection__path"),
    )


@Prepared
def _items_of(numbers: list[int], *, pictures: bool) -> PublicPageQuerySet:
    return _items(pictures=pictures).filter(pk__in=numbers)


def _filled_up(numbers: Sequence[int]) -> list[int]:
    """Return one number as it is, and of several the last so often that they are four, eight, twelve …: SQL
    is made, and plans, for each length."""
    more = -len(numbers) % 4 if len(numbers) > 1 else 0
    return [*numbers, *[numbers[-1]] * more]


def note_card(item: ContentItem) -> None:
    """Note what a card shows and was not fetched as such: the picture, the authors' pages, the first file."""
    note(f"image:{item.image_number}", *(f"name:{person}" for person in item.author_pages))
    if item.first_file:
        note(f"document:{item.first_file['pk']}")


def _make_ready(cards: list[ContentItem]) -> None:
    for card in cards:
        card.byline = card.author_names
        card.image_number = card.image_id  # also of one that is not for the public, by now
        if card.image_is_private:
            card.image = None
        note_card(card)


def _add_pictures(cards: list[ContentItem]) -> None:
    """Have the pictures know their sizes that cards show."""
    # Whatever part of a list is fetched, those of its first few are the first.
    for card in cards[:PICTURES]:
        if card.image:
            card.image.prefetched_renditions = [
                CustomRendition(image=card.image, **size) for size in card.image_sizes
            ]
