"""Links to pages and files in running text."""

from types import SimpleNamespace

from django.utils.html import escape
from django.utils.translation import get_language
from wagtail.documents.rich_text import DocumentLinkHandler
from wagtail.models import Page
from wagtail.rich_text.pages import PageLinkHandler

from harmhub.models import CustomDocument
from harmhub.pages import all_pages
from harmhub.private_files import is_private
from harmhub.store.shown import note


class PublicPageLinkHandler(PageLinkHandler):
    """A link to a page, in the reader's language where there is a translation; plain text while that page
    is not public.

    Wagtail's own asks for each link's locale and kind; this asks once for all links of a text.
    """

    @classmethod
    def get_many(cls, attrs_list: list[dict]) -> list[Page | None]:
        """Return the page of each link, or None where the public may not see it."""
        asked = [int(attrs["id"]) if str(attrs.get("id", "")).isdecimal() else 0 for attrs in attrs_list]
        for number in asked:  # it may become public, or be translated
            note(f"page:{number}", f"link:{number}:{get_language()}")
        keys = all_pages().filter(pk__in=asked).values("translation_key")
        candidates = list(all_pages().public().filter(translation_key__in=keys).select_related("locale"))
        by_number = {page.pk: page for page in candidates}
        here = {
            page.translation_key: page for page in candidates if page.locale.language_code == get_language()
        }
        found = (by_number.get(number) for number in asked)
        return [page and here.get(page.translation_key, page) for page in found]

    @classmethod
    def expand_db_attributes_many(cls, attrs_list: list[dict]) -> list[str]:
        """Return the opening tag of each link."""
        roots = SimpleNamespace()  # Wagtail keeps the sites' root paths on it between the links
        parts = [page and page.get_url_parts(roots) for page in cls.get_many(attrs_list)]
        return [f'<a href="{escape(found[2])}">' if found else "<a>" for found in parts]


class PublicDocumentLinkHandler(DocumentLinkHandler):
    """A link to a file; plain text while that file lies in a private collection."""

    @classmethod
    def get_many(cls, attrs_list: list[dict]) -> list[CustomDocument | None]:
        """Return the document of each link, or None where the public may not see it."""
        asked = [int(attrs["id"]) if str(attrs.get("id", "")).isdecimal() else 0 for attrs in attrs_list]
        note(*(f"document:{number}" for number in asked))
        found = CustomDocument.objects.filter(~is_private()).in_bulk(asked)
        return [found.get(number) for number in asked]
