"""``manage.py nginx``: what nginx must know to send stored pages from the disk by itself."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from harmhub.middleware import Handler
from harmhub.store.asking import asked
from harmhub.store.fingerprint import fingerprint
from harmhub.store.serving import stored_cache_control

# What depends on the page or on its encoding; nginx knows it.
ITS_OWN = {"content-type", "content-length", "content-language", "vary", "cache-control"}
# Of each page there are other encodings. (With gzip_vary, nginx looks for them each time before it says so.)
VARY = ("Vary", "Accept-Encoding")
# Regular expressions are most of what nginx spends on a page: few, short, and none that tries in many ways.
MAPS = """
# Made by `manage.py nginx` for this deployment; make it anew with each. Within http {{ }}.
# With that of an older deployment nginx finds no stored page, and asks the site for each.
map $request_uri $harmhub_language {{
    default {default};
{languages}
}}
# Stored are pages: asked for by GET or HEAD at the site's name and without a session ...
map "$request_method $http_host $http_cookie" $harmhub_asks {{
    default "";
    "~^(?:GET|HEAD) {host} (?!.*{session}=)" 1;
}}
# ... of a path without a query.
map $harmhub_asks$request_uri $harmhub_page {{
    default "";
    "~*%(?:2e|2f|5c|00)" "";
    "~^1/(?:[^?/.][^?/]*+/)*+$" "${{uri}}index.html";
}}
"""
LOCATION = """
# Within the location of stored pages.
root "{folder}";
types {{}}
default_type "{type}";
etag on;
gzip_static on;
# brotli_static on;  # with the module for it (Debian: libnginx-mod-http-brotli-static)
{headers}
"""


class Command(BaseCommand):
    """Print what ``deploy/nginx/harmhub.conf`` includes."""

    help = (
        "Print the part of nginx's configuration that depends on the deployment: `manage.py nginx maps` and "
        "`manage.py nginx location`, each to the file that deploy/nginx/harmhub.conf names. Run it with the "
        "settings of the web server."
    )

    def add_arguments(self, parser) -> None:
        """Add which part."""
        parser.add_argument("part", choices=["maps", "location"])

    def handle(self, *args, part: str, **options) -> None:
        """Print it. CommandError: the home page cannot be rendered."""
        self.stdout.write((_maps() if part == "maps" else _location()).strip())


def _maps() -> str:
    first = settings.LANGUAGE_CODE
    others = [code for code, _ in settings.LANGUAGES if code != first]
    languages = {f"~^/(?!(?:{'|'.join(others)})/)": first} | {f"~^/{code}/": code for code in others}
    return MAPS.format(
        default=first,
        languages="\n".join(f'    "{path}" {code};' for path, code in languages.items()),
        host=re.escape(urlsplit(settings.PUBLIC_URL).netloc),
        session=settings.SESSION_COOKIE_NAME,
    )


def _location() -> str:
    status, headers, _ = asked(Handler(), "/")
    if status != 200:
        raise CommandError(f"The home page answers {status}: its headers cannot be known.")
    sent = [(name, value) for name, value in headers if name.lower() not in ITS_OWN]
    sent += [VARY, ("Cache-Control", stored_cache_control()), ("Content-Language", "$harmhub_language")]
    return LOCATION.format(
        folder=settings.DATA_DIR / "pages" / fingerprint() / "pages",
        type=dict(headers)["Content-Type"],
        headers="\n".join(f'add_header {name} "{value}";' for name, value in sent),
    )
