"""Asking the site for a page within a process, as a reader would, and following the links on it."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit
from wsgiref.util import setup_testing_defaults

from django.conf import settings

from harmhub.logs import NOBODY


def asked(
    application: Callable[..., Iterable[bytes]], address: str
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return the status, the headers and the body that a reader gets at an address of the site (PEP 3333).

    The access log does not tell of it."""
    public = urlsplit(settings.PUBLIC_URL)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": address.encode().decode("latin-1"),
        "HTTP_HOST": public.netloc,
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": public.scheme,
        NOBODY: True,
    }
    setup_testing_defaults(environ)
    told: list[Any] = []
    answer = application(environ, lambda status, headers, *error: told.extend((status, headers)))
    try:
        status, headers = told
        return int(status.split()[0]), headers, b"".join(answer)
    finally:
        if close := getattr(answer, "close", None):
            close()


def own_path(link: str, address: str = "/") -> str:
    """Return the path on this site that a link on the page at an address leads to; "" for what lies
    elsewhere, has a query, or is no link, as editors may type it."""
    try:
        parts = urlsplit(urljoin(f"{settings.PUBLIC_URL}{quote(address)}", link))
    except ValueError:
        return ""
    here = f"{parts.scheme}://{parts.netloc}" == settings.PUBLIC_URL and not parts.query
    return unquote(parts.path) if here else ""
