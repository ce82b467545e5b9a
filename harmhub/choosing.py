"""Where the choosers of pages begin: among pages in the language of who chooses."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from wagtail.admin.views.chooser import BrowseView, page_models_from_string
from wagtail.models import Locale, Page

# With these in the address it says where to begin, or what else to look at.
SAYS_WHERE = {"locale", "target_pages[]"}


def start_of(kinds: str) -> int | None:
    """Return the number of the page under which all pages of some kinds lie that are in this language; None:
    there are none, or the kinds are all or unknown."""
    try:
        models = page_models_from_string(kinds)
    except (ValueError, LookupError):
        return None
    pages = Page.objects.type(*models).filter(locale=Locale.get_active())
    return pages.first_common_ancestor().pk if models != (Page,) and pages.exists() else None


class ChooserView(BrowseView):
    """Wagtail's chooser of pages, where nobody has gone anywhere in it yet.

    Wagtail begins where all pages of these kinds lie; of pages in several languages that is the root, some
    steps away from each of them. The other languages are a press away on each page that is translated.
    """

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer the dialog."""
        kinds = request.GET.get("page_type")
        start = start_of(kinds) if kinds and not SAYS_WHERE & request.GET.keys() else None
        return super().get(request, parent_page_id=start)
