"""Varnish in front, with the configuration that we ship: what it keeps, and that it hears of changes."""

import http.client
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from contact.views import PER_CLIENT
from harmhub.store.purging import Purger
from tests.factories import Tree
from tests.fixtures.reader import Reader
from tests.fixtures.site import Site, free_port, wait_for
from tests.fixtures.varnish import VARNISH, Varnish, varnish

pytestmark = [
    pytest.mark.skipif(VARNISH is None, reason="Varnish is not installed (Debian: varnish)"),
    pytest.mark.usefixtures("site_server"),
]

TOPIC = "/topics/health/harm-reduction/"
OTHER = "/topics/justice/"


class Front:
    """A site behind a Varnish. ``get(path)`` asks the cache; ``reader`` asks the site itself."""

    def __init__(self, site: Site, cache: Varnish) -> None:
        self.site, self.cache, self.reader = site, cache, Reader(site)

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        before = self.cache.requests()
        opened = http.client.HTTPConnection("127.0.0.1", self.cache.port, timeout=20)
        with closing(opened):
            opened.request(method, path, headers={"Host": urlsplit(self.site.public_url).netloc} | headers)
            answer = opened.getresponse()
            found = answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
        # It counts the request, and whether it answered by itself, at once, but after the answer.
        wait_for(lambda: self.cache.requests() > before, 10, "The request is not counted.")
        return found

    def keeps(self, path: str) -> bool:
        """Tell whether the cache answers by itself."""
        before = self.cache.hits()
        assert self.get(path)[0] == 200
        return self.cache.hits() > before

    def warm(self, *paths: str) -> None:
        self.reader.warm(*paths)
        for path in paths:
            wait_for(lambda path=path: self.keeps(path), 10, f"{path} is not kept.")


@pytest.fixture(scope="module")
def hub(running_site_server: Site, django_db_blocker) -> Tree:
    with django_db_blocker.unblock(), running_site_server.orm():
        tree = Tree()
        tree.article = tree.voice(title="First title", slug="article")
        tree.brief = tree.voice(title="For a moment", slug="brief")
        tree.named = tree.voice(title="Named", slug="ñandú")
    return tree


@contextmanager
def site_with_cache(site: Site, port: int) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="harmhub-other-") as name:
        os.chmod(name, 0o711)
        environment = {"PURGE_URL": f"http://127.0.0.1:{port}", "TRUSTED_PROXIES": "127.0.0.1"}
        with site.another(Path(name), **environment) as other:
            yield other


@pytest.fixture(scope="module")
def front(running_site_server: Site, hub: Tree, django_db_blocker) -> Iterator[Front]:
    port = free_port()
    with (
        django_db_blocker.unblock(),
        site_with_cache(running_site_server, port) as site,
        varnish(port, site.port) as cache,
        django_db_blocker.block(),
    ):
        yield Front(site, cache)


def test_page_is_kept_by_the_cache_and_by_nobody_behind_it(front: Front):
    front.warm(TOPIC)
    status, headers, body = front.get(TOPIC)
    assert (status, body) == (200, front.reader.get(TOPIC)[2])
    assert headers["cache-control"] == "public, max-age=0, must-revalidate"
    assert front.get(TOPIC, **{"If-None-Match": headers["etag"]})[0] == 304
    assert "s-maxage" in front.reader.get(TOPIC)[1]["cache-control"]


def test_what_the_site_does_not_tell_of_is_not_kept(front: Front):
    front.warm(TOPIC)
    for path in ("/contact/", "/search/?q=van", "/health/", "/no-such-page/"):
        before = front.cache.hits()
        for _ in range(3):
            front.get(path)
        assert front.cache.hits() == before, path
    before = front.cache.hits()
    front.get(TOPIC, Cookie="sessionid=of-an-editor")
    assert front.cache.hits() == before
    # Not yet in the store when it is sent: the site may not hear of it any more.
    front.site.query("SELECT harmhub_changed('all')")
    front.reader.settle()
    assert "s-maxage" not in front.reader.get("/voices/article/")[1]["cache-control"]
    wait_for(lambda: not front.keeps(TOPIC), 10, "The cache is not told.")  # later than the store hears of it


@pytest.mark.parametrize(
    "path",
    [
        f"{TOPIC}?",
        f"{TOPIC}#recent",
        "/topics/%68ealth/harm-reduction/",
        "/topics%2Fhealth/harm-reduction/",
        "/voices/%c3%b1and%c3%ba/",
    ],
)
def test_address_that_is_written_otherwise_than_it_is_purged_is_not_kept(front: Front, path: str):
    for kept in (TOPIC, "/voices/%C3%B1and%C3%BA/"):  # so the site has it in its store
        wait_for(lambda kept=kept: front.keeps(kept), 10, f"{kept} is not kept.")
    before = front.cache.hits()
    for _ in range(3):
        assert front.get(path)[0] == 200
    assert front.cache.hits() == before


@pytest.mark.parametrize("path", ["/voices/article/", "/voices/ñandú/"])
def test_change_is_shown_within_a_second_and_other_pages_stay(front: Front, hub: Tree, path: str):
    asked = path.replace("ñ", "%C3%B1").replace("ú", "%C3%BA")
    item = hub.article if "article" in path else hub.named
    front.reader.warm(path) if path.isascii() else None
    wait_for(lambda: front.keeps(asked), 10, "The page is not kept.")
    front.warm(TOPIC, OTHER)
    with front.site.orm():
        item.title = f"Second title of {item.pk}"
        item.save_revision().publish()
    for each in (asked, TOPIC):
        wait_for(lambda each=each: item.title.encode() in front.get(each)[2], 1, f"The old {each} stands.")
    # The cache may be told of it, too, once more, five seconds after an earlier change.
    assert OTHER in front.reader.stored, "A page that does not show it was dropped."


def test_page_that_expires_is_gone_from_the_cache_at_its_time(front: Front, hub: Tree):
    with front.site.orm():
        hub.brief.expire_at = timezone.now() + timedelta(seconds=4)
        hub.brief.save_revision().publish()
    front.warm("/voices/brief/")
    wait_for(lambda: timezone.now() >= hub.brief.expire_at, 10, "Time stands still.")
    wait_for(lambda: front.get("/voices/brief/")[0] == 404, 1, "The page is still there.")


def test_nobody_else_may_purge(front: Front):
    front.warm(OTHER)  # which none of the changes above is shown on
    # From another address of this machine than those that the configuration names.
    opened = http.client.HTTPConnection("127.0.0.1", front.cache.port, source_address=("127.0.0.2", 0))
    with closing(opened):
        opened.request("PURGE", OTHER, headers={"Host": urlsplit(front.site.public_url).netloc})
        assert opened.getresponse().status == 405
    assert front.keeps(OTHER)


def test_no_reader_passes_for_others_before_the_limits(front: Front, hub: Tree):
    """By headers that are the same to WSGI as the cache's own; which of two counts lies with their order."""
    host, answers = urlsplit(front.site.public_url).netloc, []
    for number in range(PER_CLIENT + 1):
        forged = {"X_Forwarded_For": f"198.51.100.{number}", **dict.fromkeys(("X_a", "X_b", "X_c"), "1")}
        headers = {"Host": host, "Content-Type": "application/x-www-form-urlencoded"}
        opened = http.client.HTTPConnection("127.0.0.1", front.cache.port, timeout=20)
        with closing(opened):
            body = f"message=Words+{number}"
            address = f"/contact/{hub.harm_reduction.pk}/"
            opened.request("POST", address, body, headers | forged | {"Sec-Fetch-Site": "same-origin"})
            answers.append(opened.getresponse().status)
    assert answers == [200] * PER_CLIENT + [429]


def test_new_deployment_purges_what_the_old_one_had_stored(front: Front, hub: Tree):
    front.warm(OTHER)
    store = front.reader.folder
    front.site.kill_web()
    store.rename(store.with_name("0123456789abcdef"))
    front.site.start_web()

    wait_for(lambda: not front.keeps(OTHER), 2, "The old page stands.")


def test_cache_that_is_away_holds_nothing_up_and_is_told_when_it_is_back(
    running_site_server: Site, hub: Tree
):
    port = free_port()
    with site_with_cache(running_site_server, port) as site:
        reader = Reader(site)
        reader.warm(TOPIC)
        with site.orm():
            hub.voice(title="Without a cache", published_on=date(2026, 6, 1))
        wait_for(lambda: b"Without a cache" in reader.get(TOPIC)[2], 1, "The old page stands.")
        log = site.data_dir / "web.log"
        away = "the cache in front cannot be told of changes: ConnectionRefusedError"
        wait_for(lambda: away in log.read_text(), 5, "Nothing is said.")
        with varnish(port, site.port) as cache:
            front = Front(site, cache)
            front.warm(TOPIC)
            # What it missed is told now, and takes away what it has meanwhile.
            wait_for(lambda: not front.keeps(TOPIC), 20, "It is not told.")
            # While it is there: each page is told of twice, and it may end before the second time.
            assert log.read_text().count(away) == 1
        assert "Traceback" not in log.read_text()


def test_process_that_ends_tells_the_rest(settings):
    told: list[str] = []

    class Cache(BaseHTTPRequestHandler):
        def do_PURGE(self) -> None:
            told.append(f"{self.headers['Host']}{self.path}")
            self.send_response(200)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Cache) as cache:
        threading.Thread(target=cache.serve_forever, daemon=True).start()
        settings.PUBLIC_URL = "https://hub.example.org"
        location = f"http://127.0.0.1:{cache.server_port}"
        settings.WAGTAILFRONTENDCACHE = {
            "default": {
                "BACKEND": "wagtail.contrib.frontend_cache.backends.HTTPBackend",
                "LOCATION": location,
            }
        }
        purger = Purger()  # whose thread never ran
        purger.purge("/topics/health/")
        purger.purge("/voices/ñandú/")
        purger.finish()
        cache.shutdown()
    assert told == ["hub.example.org/topics/health/", "hub.example.org/voices/%C3%B1and%C3%BA/"]
