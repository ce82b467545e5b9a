"""What the cards of a list show, fetched in the same number of queries for few and for many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, F, OuterRef, Prefetch, Subquery, When, prefetch_related_objects
from django.db.models.functions import JSONObject
from wagtail.images.models import Filter

from harmhub.private_files import is_private

if TYPE_CHECKING:
    from content.models import ContentItem
    from content.models.entries import EntryQuerySet
    from harmhub.pages import PublicPageQuerySet

PICTURES = 4
# The picture of a card, in the words of the picture tag in components/card.html, and as the filters that tag
# makes of them.
CARD_PICTURE = "fill-480x320 format-{avif,jpeg} avifquality-50 jpegquality-30"
CARD_FILTERS = Filter.expand_spec(CARD_PICTURE)
# Long texts that no card shows: most of what there is to read of an item.
NOT_ON_CARDS = (
    "body",
    "voicespage__standfirst",
    "eventpage__transcript",
    "eventpage__access_notes",
    "publicationpage__key_findings",
)


def fetched(entries: EntryQuerySet) -> PublicPageQuerySet:
    """Return the items of some entries, the newest first, with all that a card shows in the one query that
    fetches them: the kinds, the image, the names of authors, the first file."""
    items = apps.get_model("content", "ContentItem").objects.filter(pk__in=entries.values("item_id"))
    authors = (
        apps.get_model("content", "ItemAuthor").objects.filter(item=OuterRef("pk")).order_by("sort_order")
    )
    files = (
        apps.get_model("content", "PublicationFile")
        .objects.filter(~is_private("document__collection__path"), publication=OuterRef("pk"))
        .order_by("sort_order")
    )
    name = Case(When(person__isnull=False, then=F("person__title")), default=F("name"))
    file = JSONObject(name="document__file", pages="document__page_count", size="document__file_size")
    items = (
        items.order_by("-published_on", "-pk")
        .select_related("voicespage", "eventpage", "publicationpage", "image")
        .defer(*NOT_ON_CARDS)
    )
    return items.annotate(
        author_names=ArraySubquery(authors.values_list(name)),
        first_file=Subquery(files.values_list(file)[:1]),
        image_is_private=is_private("image__collection__path"),
    )


def ready(cards: list[ContentItem]) -> list[ContentItem]:
    """Return the cards with what they show in place: the bylines, and the pictures of the first few in one
    query."""
    for card in cards:
        card.byline = card.author_names
        if card.image_is_private:
            card.image = None
    fetch_pictures(card.image for card in cards[:PICTURES])
    return cards


def fetch_pictures(images: Iterable) -> None:
    """Fetch the renditions that cards show, in one query."""
    wanted = [image for image in images if image]
    if wanted:
        renditions = wanted[0].renditions.model.objects.filter(filter_spec__in=CARD_FILTERS)
        prefetch_related_objects(wanted, Prefetch("renditions", renditions, to_attr="prefetched_renditions"))
