"""Documents that a live page leads to are not deleted in the admin.

Wagtail would warn of it ("referenced 1 time") and then take the link or the block from the page, which nobody
would notice there.
"""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from wagtail.admin import messages
from wagtail.documents.views.documents import DeleteView

from harmhub.models import CustomDocument
from harmhub.pages import live_pages_that_use


class DeleteDocumentView(DeleteView):
    """Wagtail's view, which leads back to a document that must stay instead of deleting it, or asking."""

    def run_before_hook(self) -> HttpResponse | None:
        """Return the way back where the document must stay."""
        if must_stay(self.request, [self.object]):
            return redirect("wagtaildocs:edit", self.object.pk)
        return super().run_before_hook()


def must_stay(request: HttpRequest, documents: Sequence[CustomDocument]) -> bool:
    """Say which of these documents live pages lead to; return whether there was one."""
    used = {document: list(live_pages_that_use(document).order_by("-pk")) for document in documents}
    reasons = []
    for document, pages in used.items():
        if pages:
            words = ngettext(
                "“%(document)s” stays: the page “%(page)s” leads to it. Take it out there.",
                "“%(document)s” stays: %(number)d pages lead to it, one is “%(page)s”. Take it out there.",
                len(pages),
            )
            title = pages[0].get_admin_display_title()
            reasons.append(words % {"document": document, "page": title, "number": len(pages)})
    if reasons:
        messages.error(request, " ".join([*reasons, _("Nothing was deleted.")]))
    return bool(reasons)
