"""The tag that shows the cards of a list."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from django import template
from django.http import HttpRequest
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

from content.anchors import Anchor
from content.cards import PICTURES, cards_of, note_card
from harmhub.store.parts import at_hand, kept
from harmhub.store.shells import pieces
from harmhub.store.shown import note, note_pages
from topics.hub import hub_of

register = template.Library()


class Card(NamedTuple):
    """What a card depends on: the item's number, how its picture is loaded, and whether links lead to it."""

    item: int
    picture: str
    anchored: bool


@register.simple_tag(takes_context=True)
def cards(
    context: template.Context, anchors: Sequence[Anchor], *, leading: bool = False, anchored: bool = False
) -> SafeString:
    """Return the cards of items as a list; the first few have pictures, the first is large if it is leading.

    anchored: links lead to single cards of this list.
    """
    keys = [Card(anchor.pk, _picture(place), anchored) for place, anchor in enumerate(anchors)]
    made = pieces(_made, keys, context["request"])
    lead = " lead-first" if leading else ""
    return mark_safe(f'<ol class="cards{lead}" role="list">\n{"".join(made)}</ol>')  # noqa: S308


def _made(keys: Sequence[Card], request: HttpRequest) -> list[str]:
    """Return some cards. Only items whose card is not at hand are fetched."""
    missing = [key.item for key in keys if not at_hand(("card", *key))]
    if missing:
        _ = hub_of(request).settings  # with the site, which Wagtail asks for to tell addresses
    items = {item.pk: item for item in cards_of(missing)}
    card = get_template("components/card.html").template  # type: ignore[attr-defined]

    def made(key: Card) -> SafeString:
        note(f"page:{key.item}")
        item = items.get(key.item) or next(iter(cards_of([key.item])), None)
        if item is None:  # deleted since it was listed
            return SafeString()
        # What was noted when the items were fetched stands for the whole list.
        note_pages(item)
        note_card(item)
        shown = {"request": request, "item": item, "picture": key.picture, "anchored": key.anchored}
        return card.render(template.Context(shown))

    return [kept(("card", *key), partial(made, key)) for key in keys]


def _picture(place: int) -> str:
    """Return how the picture of a card is loaded: the first at once, no picture far down."""
    return "" if place >= PICTURES else "lazily" if place else "at once"
