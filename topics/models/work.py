"""A page that shows a listing of work, and the addresses of that listing."""

import re
from itertools import takewhile
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from wagtail.url_routing import RouteResult

from harmhub.pages import RESERVED_SLUGS, YEAR, HubPage
from harmhub.store.shown import spoil
from topics.kinds import Kind

OLDER = "since"  # the word in the addresses of older parts of a listing
# voices/ program/drug-policy/ tag/naloxone/ 2019/ since/2019-05-22-143/: each part may be left out, the order
# is fixed, so a listing has one address.
ADDRESS = re.compile(
    r"(?:(?P<kind>voices|events|publications)(?:/|$))?"
    r"(?:program/(?P<program>[^/]+)(?:/|$))?(?:tag/(?P<tag>[^/]+)(?:/|$))?"
    r"(?:(?P<year>[0-9]{4})(?:/|$))?(?:since(?=/|$)/?(?P<since>.*))?"
)


def without_cut(path: str) -> str:
    """Return the path without the part of a listing that it names: "topics/health/" of "topics/health/2019/".

    No page below another one takes such a name, so what comes after it is no page either; only the first part
    can be the page of a kind.
    """
    first, *parts = path.split("/")
    kept = takewhile(lambda part: part not in RESERVED_SLUGS and not YEAR.fullmatch(part), parts)
    return "/".join([first, *kept]).rstrip("/") + "/" if first else path


class WorkPage(HubPage):
    """A page with a listing of work: a topic, a program, a person, an index of one kind.

    The listing itself belongs to the content app, which this app does not know: it is reached through the
    reverse accessor of its entries.
    """

    has_kinds = True  # whether its listing can be cut to one kind
    has_facets = True  # whether it can be cut to the work of a program or with a tag

    class Meta:
        abstract = True

    @property
    def items(self) -> Any:
        """The public work that this page lists, each item once: of a topic with all topics below it, of a
        program, of a person. None for a page that is not saved yet."""
        return self._meta.get_field("entries").related_model.stream_of(self)

    def route(self, request: HttpRequest, path_components: list[str]):
        """Find the part of the listing that an address names; anything else is a page below this one."""
        match = ADDRESS.fullmatch("/".join(path_components)) if path_components else None
        cannot_be = match and (
            (match["kind"] and not self.has_kinds)
            or ((match["program"] or match["tag"]) and not self.has_facets)
        )
        if match is None or not self.live or cannot_be:
            return super().route(request, path_components)
        super().route(request, [])
        asked = {name: value for name, value in match.groupdict().items() if value is not None}
        return RouteResult(self, kwargs=asked)

    def serve(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        """Return the page; an address that no part of the listing has leads to the listing's first page."""
        response = super().serve(request, *args, **kwargs)
        listing = (getattr(response, "context_data", None) or {}).get("listing")
        if listing and listing.astray:
            spoil()
            return redirect(listing.first_address)
        if listing and not listing.is_canonical:
            spoil()
        return response

    def note_ties(self, **cut: str) -> None:
        """Note ties where they are shown: not beside older parts of the listing."""
        if OLDER not in cut:
            super().note_ties()

    def get_context(self, request: HttpRequest, *args, **kwargs) -> dict:
        """Add the listing, cut as the address says."""
        context = super().get_context(request, *args, **kwargs)
        context["listing"] = self.items.listing(
            self.get_url(request) or "",
            kind=Kind.from_path(kwargs.get("kind")),
            program=kwargs.get("program"),
            tag=kwargs.get("tag"),
            year=kwargs.get("year"),
            since=kwargs.get("since"),
        )
        return context
