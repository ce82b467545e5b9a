"""What the kernel changes in Wagtail."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from wagtail import hooks
from wagtail.admin import messages
from wagtail.models import Page
from wagtail.rich_text.feature_registry import FeatureRegistry

from harmhub.deleting import must_stay
from harmhub.models import CustomDocument
from harmhub.rich_text import PublicDocumentLinkHandler, PublicPageLinkHandler


@hooks.register("register_rich_text_features", order=10)
def links_to_what_is_public(features: FeatureRegistry) -> None:
    """Put our handlers of links in the place of Wagtail's, which are registered before them."""
    features.register_link_type(PublicPageLinkHandler)
    features.register_link_type(PublicDocumentLinkHandler)


@hooks.register("before_delete_page")
def keep_a_page_that_people_wait_for(request: HttpRequest, page: Page) -> HttpResponse | None:
    """Lead back to the page instead of deleting it, or asking, while an app says why it must stay."""
    return redirect("wagtailadmin_explore", page.pk) if _kept(request, [page]) else None


@hooks.register("before_bulk_action")
def keep_pages_that_people_wait_for(
    request: HttpRequest, action: str, pages: Sequence[Any], view: Any
) -> HttpResponse | None:
    """Delete none of the selected pages while one of them must stay."""
    deleting = action == "delete" and issubclass(view.model, Page)
    return redirect(view.next_url) if deleting and _kept(request, pages) else None


@hooks.register("before_bulk_action")
def keep_documents_in_use(
    request: HttpRequest, action: str, documents: Sequence[Any], view: Any
) -> HttpResponse | None:
    """Delete none of the selected documents while a live page leads to one of them."""
    deleting = action == "delete" and view.model is CustomDocument
    return redirect(view.next_url) if deleting and must_stay(request, documents) else None


def _kept(request: HttpRequest, pages: Sequence[Page]) -> bool:
    """Say why these pages, or what lies under them, must stay; return whether there was anything to say.

    The hook ``reason_to_keep_pages`` takes functions from a queryset of pages to a sentence or "".
    """
    # Of pages that somebody may not delete, Wagtail leaves none.
    each = (Page.objects.descendant_of(page, inclusive=True) for page in pages)
    going = reduce(or_, each, Page.objects.none())
    reasons = [words for tell in hooks.get_hooks("reason_to_keep_pages") if (words := tell(going))]
    if reasons:
        advice = _("Nothing was deleted. Unpublish instead: nobody sees the page then, and its list stays.")
        messages.error(request, " ".join([*reasons, advice]))
    return bool(reasons)
