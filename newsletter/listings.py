"""Which list an address of the site stands for: every listing that can be looked at can be followed."""

from urllib.parse import unquote

from django.http import Http404, HttpRequest
from django.urls import Resolver404, resolve
from taggit.models import Tag
from wagtail.models import Site

from content.facets import Dimension
from content.models.entries import EVERYWHERE
from harmhub.pages import is_public
from newsletter.models import List
from topics.kinds import Kind
from topics.models import ProgramPage
from topics.models.work import WorkPage


def list_at(request: HttpRequest, path: str) -> List | None:
    """Return the list of the listing at a path of this site in the language of the request, not saved; None
    where the public finds no listing there. A year is no part of a list.

    path: percent-encoded, as browsers copy it, or not, as a query comes.
    """
    path = unquote(path)
    if "\0" in path:  # nothing that the database could look for
        return None
    try:
        found = resolve(path)
        if found.url_name != "wagtail_serve":
            return None
        site = Site.find_for_request(request)
        parts = [part for part in found.args[0].split("/") if part]
        page, _args, asked = site.root_page.localized.specific.route(request, parts)
    except (Resolver404, Http404, AttributeError):  # AttributeError: there is no site
        return None
    if not isinstance(page, WorkPage) or not is_public(page):
        return None
    cut = {name: asked.get(name) for name in Dimension}
    listing = page.items.listing("", kind=Kind.from_path(asked.get("kind")), **cut)
    if listing.astray:
        return None
    program, tag = (listing.facets.get(dimension) for dimension in Dimension)
    return List(
        page=None if listing.stream.page == EVERYWHERE else page,
        locale_id=page.locale_id,
        kind=listing.kind or listing.stream.kind or "",
        program=program and ProgramPage.objects.get(pk=program.number),
        tag=tag and Tag.objects.get(pk=-tag.number),
    )
