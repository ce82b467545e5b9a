"""The few addresses that are no page, no form and no file of an editor."""

from typing import Any

from django.core.files.storage import storages
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe
from django.views.static import serve

from harmhub.pages import all_pages
from harmhub.private_files import private_collections

# What OpenGraph asks for, in under 100 KB.
SHARED = "fill-1200x630|format-jpeg|jpegquality-50"


@require_safe
def rendition(request: HttpRequest, path: str) -> HttpResponseBase:
    """Return a picture of the public folder. Its name changes with its content, so it may be kept for a year.

    Http404: there is no such file. A web server in front may serve the folder itself.
    """
    folder: Any = storages["renditions"]
    try:
        response = serve(request, path, document_root=folder.location)
    except OSError as problem:  # a name that no disk can hold
        raise Http404 from problem
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@require_safe
def shared_picture(request: HttpRequest, page: int) -> HttpResponse:
    """Lead to the picture of a public page, in the size in which other sites show what is shared.

    It is made when it is first asked for, so that no reader of the page waits for it. Http404: the page is
    not public or has no picture, or the picture lies in a private collection or cannot be read.
    """
    found = all_pages().public().filter(pk=page).specific().first()
    image = getattr(found, "image", None)
    if image is None or image.collection_id in private_collections():
        raise Http404
    try:
        return redirect(image.get_rendition(SHARED).url)
    except OSError as problem:
        raise Http404 from problem


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Lead browsers that ask for an icon unasked to the one that pages name, before they cost a page of their
    own."""
    return redirect(static("icon.svg"), permanent=True)


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Return 200 while this process answers and reaches its database; without one, the 503 of all pages."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    response = HttpResponse("ok\n", content_type="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response


@require_safe
def robots_txt(request: HttpRequest) -> HttpResponse:
    """Return which addresses crawlers leave alone (RFC 9309)."""
    lines = ("User-agent: *", "Disallow: /admin/", "Disallow: /contact/", "Disallow: /newsletter/", "")
    return HttpResponse("\n".join(lines), content_type="text/plain")
