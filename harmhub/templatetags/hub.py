"""Tags and filters of the public templates. They format what they are given; none of them queries.

But ``part`` does what stands in it, and ``picture`` queries where a size is missing, as Wagtail's own does:
it is then made and noted.
"""

import logging
import re
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import PurePath

from django import template
from django.conf import settings
from django.db import Error
from django.template.defaultfilters import filesizeformat
from django.utils import formats
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_info, ngettext
from psycopg.errors import DiskFull
from wagtail.images.models import Filter
from wagtail.images.templatetags.wagtailimages_tags import PictureNode, image
from wagtail.models import Page

from harmhub import styles as sheets
from harmhub.errors import UNREACHABLE
from harmhub.missing_sizes import NotNowError
from harmhub.store.parts import kept
from harmhub.store.shown import note_pages, spoil

logger = logging.getLogger(__name__)
register = template.Library()

UNREADABLE = '/not-found"'  # how Wagtail calls the size of a picture whose original cannot be read
NAMED_FORMAT = re.compile(r"[A-Z_]+_FORMAT")


class PictureOrNothing(PictureNode):
    """A picture element, left out where its sizes cannot be made: a page is there to be read."""

    @cached_property
    def _filters(self) -> list[Filter]:
        return super().get_filters()

    def get_filters(self) -> list[Filter]:
        """Return the sizes: always the same objects, since to read a size takes longer than to find it."""
        return self._filters

    def render(self, context: template.Context) -> str:
        """Return the element, or "" after one logged line: no disk space, a database that takes no rows."""
        try:
            shown = super().render(context)
            if UNREADABLE in shown:
                raise FileNotFoundError
            return shown
        except NotNowError:
            return ""
        except (OSError, Error) as problem:
            # Without its database the whole page is a 503; with a full one it can still be read.
            if isinstance(problem, UNREACHABLE) and not isinstance(problem.__cause__, DiskFull):
                raise
            number = self.image_expr.resolve(context).pk
            spoil()
            logger.error("picture %s cannot be made: %s", number, type(problem).__name__)
            return ""


@register.tag
def picture(parser: template.base.Parser, token: template.base.Token) -> PictureOrNothing:
    """Return Wagtail's tag of this name, which puts up with a full disk."""
    node = image(parser, token)
    return PictureOrNothing(node.image_expr, node.filter_specs, node.output_var_name, node.attrs)


class PartNode(template.Node):
    """A part of a page that is the same on many, or the next time."""

    def __init__(
        self, name: str, depends: list[template.base.FilterExpression], nodelist: template.NodeList
    ) -> None:
        self.name, self.depends, self.nodelist = name, depends, nodelist

    def render(self, context: template.Context) -> SafeString:
        """Return the part, from memory where it is at hand."""
        depends = [expression.resolve(context, ignore_failures=True) for expression in self.depends]

        def make() -> SafeString:
            for each in depends:
                if isinstance(each, Page):
                    note_pages(each)
                elif hasattr(each, "note_shown"):
                    each.note_shown()
            return self.nodelist.render(context)

        keys = (each.pk if isinstance(each, Page) else getattr(each, "part_key", each) for each in depends)
        return kept((self.name, *keys), make)


@register.tag
def part(parser: template.base.Parser, token: template.base.Token) -> PartNode:
    """Keep what is made between ``part`` and ``endpart``: ``{% part name variable … %}``.

    The variables are all that the part depends on, but for the language and what it notes itself: pages,
    numbers or texts, or whatever has a ``part_key`` and notes by ``note_shown()`` what it shows.
    """
    _, name, *depends = token.split_contents()
    nodelist = parser.parse(["endpart"])
    parser.delete_first_token()
    return PartNode(name, [parser.compile_filter(each) for each in depends], nodelist)


@register.simple_tag
def styles(name: str) -> SafeString:
    """Return the style element of one bundle. Its text is ours, and allowed by the policy through its
    hash."""
    return mark_safe(f"<style>{sheets.bundle(name)}</style>")  # noqa: S308


@register.simple_tag
def exit_script() -> SafeString:
    """Return the script element that makes “Exit this page” quicker."""
    return mark_safe(f"<script>{sheets.exit_script()}</script>")  # noqa: S308


@register.simple_tag
def work_script() -> SafeString:
    """Return the script element that works while a reader waits (see contact.rush)."""
    return mark_safe(f"<script>{sheets.work_script()}</script>")  # noqa: S308


@register.filter
def autonym(language: str) -> str:
    """Return a language's own name for itself ("ar" → "العربية"), or the code of an unknown one."""
    return dict(settings.LANGUAGES).get(language, language)


@register.filter
def language_dir(language: str) -> str:
    """Return "rtl" or "ltr"."""
    try:
        return "rtl" if get_language_info(language)["bidi"] else "ltr"
    except KeyError:
        return "ltr"


@register.filter
def wall(moment: datetime, pattern: str) -> str:
    """Return a moment as the clocks of its own zone show it; Django's filter would move it to the reader's.

    The pattern may name formats ("l, DATE_FORMAT"): each language writes them in its own order and words.
    """
    pattern = NAMED_FORMAT.sub(lambda name: formats.get_format(name[0]), pattern)
    return formats.date_format(moment.replace(tzinfo=None), pattern)


@register.filter
def zone_name(moment: datetime) -> str:
    """Return the short name of a moment's zone ("WET"), or its distance from UTC where the zone has no name
    ("UTC+3")."""
    name = moment.tzname() or ""
    if not name.startswith(("+", "-")):
        return name
    hours, minutes = name[:3], name[3:]
    return f"UTC{hours[0]}{int(hours[1:])}{':' + minutes if minutes and minutes != '00' else ''}"


@register.filter
def zone_place(name: str) -> str:
    """Return the place that an IANA zone is named after: "Europe/Lisbon" → "Lisbon"."""
    return name.rsplit("/", 1)[-1].replace("_", " ")


@register.filter
def utc(moment: datetime) -> datetime:
    """Return the moment in UTC."""
    return moment.astimezone(UTC)


@register.filter
def day_range(days: tuple[date, date] | None) -> str:
    """Return the months from the newest to the oldest day: "May 2018 – November 2017", "August – May 2026",
    "May 2018"."""
    if not days:
        return ""
    newest, oldest = days
    last = formats.date_format(oldest, "YEAR_MONTH_FORMAT")
    if (newest.year, newest.month) == (oldest.year, oldest.month):
        return last
    first = formats.date_format(newest, "F" if newest.year == oldest.year else "YEAR_MONTH_FORMAT")
    return f"{first} – {last}"


@register.filter
def file_facts(file: dict) -> str:
    """Return what a reader wants to know before a download: "PDF, 64 pages, 1.8 MB".

    file: ``name`` (str), ``pages`` (int or None), ``size`` (bytes, int or None).
    """
    facts = [PurePath(file["name"]).suffix[1:].upper()]
    if file["pages"]:
        facts.append(
            ngettext("%(number)s page", "%(number)s pages", file["pages"]) % {"number": file["pages"]}
        )
    if file["size"]:
        facts.append(filesizeformat(file["size"]))
    return ", ".join(facts)


@register.filter
def document_facts(document) -> str:
    """Return the facts of a document as file_facts gives them."""
    return file_facts({"name": document.filename, "pages": document.page_count, "size": document.file_size})


@register.filter
def open_to_all(file, hub) -> bool:
    """Return whether a picture or a document may be shown to everybody; False for None."""
    return file is not None and file.collection_id not in hub.private_collections
