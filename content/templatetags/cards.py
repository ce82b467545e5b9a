"""The tag that shows the cards of a list."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from django import template
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

from content.anchors import Anchor
from content.cards import PICTURES, cards_of, note_card
from harmhub.store.parts import at_hand, kept
from harmhub.store.shown import note, note_pages

register = template.Library()


@register.simple_tag(takes_context=True)
def cards(
    context: template.Context, anchors: Sequence[Anchor], *, leading: bool = False, anchored: bool = False
) -> SafeString:
    """Return the cards of items as a list; the first few have pictures, the first is large if it is leading.

    Only items whose card is not at hand are fetched. anchored: links lead to single cards of this list.
    """
    keys = [("card", anchor.pk, _picture(place), anchored) for place, anchor in enumerate(anchors)]
    missing = [anchor.pk for anchor, key in zip(anchors, keys, strict=True) if not at_hand(key)]
    items = {item.pk: item for item in cards_of(missing)}
    card = get_template("components/card.html")

    def made(pk: int, picture: str) -> SafeString:
        note(f"page:{pk}")
        item = items.get(pk) or next(iter(cards_of([pk])), None)
        if item is None:  # deleted since it was listed
            return SafeString()
        # What was noted when the items were fetched stands for the whole list.
        note_pages(item)
        note_card(item)
        shown = {"request": context["request"], "item": item, "picture": picture, "anchored": anchored}
        return card.template.render(context.new(shown))  # type: ignore[attr-defined]

    parts = [kept(key, partial(made, key[1], key[2])) for key in keys]
    lead = " lead-first" if leading else ""
    return mark_safe(f'<ol class="cards{lead}" role="list">\n{"".join(parts)}</ol>')  # noqa: S308


def _picture(place: int) -> str:
    """Return how the picture of a card is loaded: the first at once, no picture far down."""
    return "" if place >= PICTURES else "lazily" if place else "at once"
