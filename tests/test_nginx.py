"""nginx in front, with the configuration that we ship: what it sends from the disk, what it leaves."""

import gzip
import http.client
import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings

from content.models import VoicesPage
from tests.factories import Tree
from tests.fixtures.nginx import NGINX, nginx
from tests.fixtures.site import Site, wait_for
from topics.models import TopicPage

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian: nginx-light)"),
    pytest.mark.usefixtures("site_server"),
]

TOPIC = "/topics/health/harm-reduction/"


class Front:
    """A running nginx before a site."""

    def __init__(self, site: Site, port: int) -> None:
        self.site, self.port = site, port

    def ask(
        self, path: str, method: str = "GET", body: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        opened = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(opened):
            opened.request(method, path, body, headers={"Host": f"localhost:{self.site.port}"} | named)
            answer = opened.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()

    def sends_itself(self, path: str, method: str = "GET", **headers: str) -> bool:
        """Tell whether nginx answers from the disk, by the form of ETags: those of the site are longer."""
        return bool(
            re.fullmatch(r'"[0-9a-f]+-[0-9a-f]+"', self.ask(path, method, **headers)[1].get("etag", ""))
        )

    def warm(self, path: str) -> None:
        wait_for(lambda: self.sends_itself(path), 10, f"{path} is not stored.")


@pytest.fixture(scope="module")
def hub(running_site_server: Site, django_db_blocker) -> Tree:
    with django_db_blocker.unblock(), running_site_server.orm():
        tree = Tree()
        tree.voice(title="Van", slug="van")
    return tree


@pytest.fixture(scope="module")
def front(running_site_server: Site, hub: Tree) -> Iterator[Front]:
    with nginx(running_site_server) as port:
        yield Front(running_site_server, port)


def test_stored_page_comes_from_the_disk_as_the_site_would_send_it(front: Front):
    front.warm(TOPIC)
    site = Front(front.site, front.site.port)
    for accepted in ("identity", "gzip"):
        ours, theirs = (each.ask(TOPIC, Accept_Encoding=accepted) for each in (site, front))
        assert ours[0] == theirs[0] == 200
        assert ours[2] == theirs[2]
        changing = {"etag", "last-modified", "date", "server", "connection", "accept-ranges"}
        assert {k: v for k, v in theirs[1].items() if k not in changing} == {
            k: v for k, v in ours[1].items() if k not in changing
        }
    assert b"<h1>" in gzip.decompress(theirs[2])


def test_reader_who_has_the_page_is_told_so(front: Front):
    front.warm(TOPIC)
    etag = front.ask(TOPIC, Accept_Encoding="gzip")[1]["etag"]
    assert front.ask(TOPIC, Accept_Encoding="gzip", If_None_Match=etag)[0] == 304
    status, headers, body = front.ask(TOPIC, "HEAD")
    assert (status, body) == (200, b"")
    assert "default-src 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"{TOPIC}?x=1", {}),
        (TOPIC, {"Cookie": "theme=dark; sessionid=abc"}),
        (TOPIC, {"Host": "evil.example.org"}),
        ("/topics//health/harm-reduction/", {}),
        ("/topics/x/%2e%2e/health/harm-reduction/", {}),
        (f"{TOPIC}index.html", {}),
        (f"{TOPIC}index.json", {}),
        (TOPIC[:-1], {}),
        (TOPIC + "%2E%2e/harm-reduction/", {}),
        (TOPIC + "%00/", {}),
        (TOPIC + ".well-known/", {}),
        ("/admin/login/", {}),
        ("/search/", {}),
        ("/none", {}),
    ],
)
def test_all_else_is_left_to_the_site(front: Front, path: str, headers: dict[str, str]):
    front.warm(TOPIC)
    site = Front(front.site, front.site.port)
    assert not front.sends_itself(path, **headers)
    assert front.ask(path, **headers)[0] == site.ask(path, **headers)[0]


@pytest.mark.parametrize(
    "path", ["/search/?q=needle%2520exchange%2F", "/topics/health/safer-%C3%BCse/?page=2"]
)
def test_site_gets_addresses_as_they_were_written(front: Front, path: str):
    site = Front(front.site, front.site.port)
    assert front.ask(path)[2] == site.ask(path)[2]


def test_page_that_is_not_stored_is_asked_of_the_site(front: Front):
    site = Front(front.site, front.site.port)
    page = front.ask("/people/")
    assert (page[0], page[2]) == (200, site.ask("/people/")[2])


def test_forms_and_static_files_come_through(front: Front):
    assert front.ask("/newsletter/", "POST")[0] == 403  # no page of ours sent it
    form = {"Sec_Fetch_Site": "same-origin", "Content_Type": "application/x-www-form-urlencoded"}
    status, _headers, page = front.ask("/newsletter/", "POST", body="email=nobody%40", **form)
    assert status == 422
    assert b'value="nobody@"' in page
    style = re.search(rb'href="(/static/icon[^"]*)"', front.ask(TOPIC)[2])
    assert style
    status, headers, _ = front.ask(style[1].decode())
    assert (status, headers["cross-origin-resource-policy"]) == (200, "same-origin")
    assert "max-age=63072000" in headers["strict-transport-security"]


def test_errors_of_nginx_tell_nothing_of_a_reader(running_site_server: Site, hub: Tree, tmp_path: Path):
    with nginx(running_site_server, where=tmp_path) as port:
        (tmp_path / "body").rmdir()  # where it cannot keep a body: a critical error, as on a full disk
        front = Front(running_site_server, port)
        assert front.ask("/search/?q=needle", "POST", body="x" * 100_000)[0] == 500
    for log in tmp_path.glob("*.log"):
        assert "needle" not in log.read_text()
        assert "127.0.0.1" not in log.read_text()


def test_change_is_seen_at_once(front: Front):
    front.warm(TOPIC)
    with front.site.orm():
        TopicPage.objects.filter(slug="harm-reduction").update(introduction="Something new.")
    wait_for(lambda: b"Something new." in front.ask(TOPIC)[2], 1, "The old page is sent.")
    front.warm(TOPIC)
    assert b"Something new." in front.ask(TOPIC)[2]


def test_unpublished_page_is_gone(front: Front):
    front.warm("/voices/van/")
    with front.site.orm():
        VoicesPage.objects.get(slug="van").unpublish()
    wait_for(lambda: front.ask("/voices/van/")[0] == 404, 1, "The page is sent.")


def test_stored_pages_are_sent_while_the_database_is_away_and_while_the_site_is(front: Front):
    front.warm(TOPIC)
    with front.site.database_away():
        assert front.sends_itself(TOPIC)
        assert front.ask("/people/")[0] in {200, 503}
    front.warm(TOPIC)
    front.site.kill_web()
    try:
        assert front.sends_itself(TOPIC)
        assert front.ask(f"{TOPIC}?x=1")[0] == 502
    finally:
        front.site.start_web()


def test_all_pages_have_the_headers_that_nginx_sends(front: Front):
    for path in ("/", TOPIC, "/people/", "/people/nadia-brenner/", "/programs/", "/voices/"):
        front.warm(path)
    pages = (settings.DATA_DIR / "pages").glob("*/pages/**/index.json")
    headers = [
        {name: value for name, value in json.loads(page.read_text())["headers"] if name != "Content-Language"}
        for page in pages
    ]
    assert len(headers) >= 6
    assert all(each == headers[0] for each in headers)
