"""The way from an address that a page has left to where it is now."""

from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from django.db.models import Q
from django.http import HttpRequest, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.http.response import HttpResponseBase
from wagtail.contrib.redirects.middleware import get_redirect
from wagtail.contrib.redirects.models import Redirect

from harmhub.origin import SAFE_METHODS
from harmhub.pages import all_pages
from topics.models.work import WorkPage, without_cut

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RedirectMiddleware:
    """Do as Wagtail's middleware of this name, which finds the redirects, with three differences.

    Nobody is led to a page that is not public (which would tell its title), nor round in a circle. Whoever
    was led once asks again the next time: the page may be back. And the parts of a listing move with its
    page.
    """

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code != 404 or request.method not in SAFE_METHODS:
            return response
        return _way_on(request) or response


def _way_on(request: HttpRequest) -> HttpResponseBase | None:
    redirect, rest = _redirect_of(request), ""
    whole = without_cut(request.path.lstrip("/"))
    if redirect is None and (rest := request.path.lstrip("/")[len(whole) :]):
        redirect = get_redirect(request, Redirect.normalise_path(f"/{whole}", decode_unicode=False))
    link = redirect and _link_of(redirect, rest)
    if redirect is None or not link or _is_here(link, request):
        return None
    kind = HttpResponsePermanentRedirect if redirect.is_permanent else HttpResponseRedirect
    return kind(link, headers={"Cache-Control": "no-cache"})


def _is_here(link: str, request: HttpRequest) -> bool:
    """Return whether a link leads to the address that was asked for, whatever its query."""
    parts = urlsplit(link)
    return unquote(parts.path) == request.path and parts.netloc in ("", request.get_host())


def _redirect_of(request: HttpRequest) -> Redirect | None:
    """Return what an editor, or a move, has set for this address, with its query or else without."""
    asked = Redirect.normalise_path(request.get_full_path(), decode_unicode=False)
    plain = urlsplit(asked).path
    return get_redirect(request, asked) or (get_redirect(request, plain) if plain != asked else None)


def _link_of(redirect: Redirect, rest: str) -> str:
    """Return where a redirect leads: to a public page, the one that an alias repeats, with a part of its
    listing where it has one. "": nowhere. Addresses that editors have written have no such parts."""
    if not redirect.redirect_page_id:
        return "" if rest else redirect.redirect_link
    meant = Q(pk=redirect.redirect_page_id) | Q(aliases=redirect.redirect_page_id, aliases__live=True)
    redirect.redirect_page = page = all_pages().public().filter(meant).first()
    kind = page and page.specific_class
    if not kind or (rest and not issubclass(kind, WorkPage)) or not redirect.link:
        return ""
    return f"{redirect.link}{rest}"
