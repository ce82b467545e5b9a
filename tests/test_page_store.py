"""The page store of the running site: what is kept, and what an operator does with it."""

from io import StringIO
from subprocess import CalledProcessError
from urllib.parse import quote

import pytest
from django.core.management import call_command
from wagtail.models import PageViewRestriction

from content.models import VoicesPage
from tests.factories import Tree
from tests.fixtures.reader import Reader
from tests.fixtures.site import Site, wait_for
from tests.fixtures.stored import FILTERED, TOPIC, all_paths


@pytest.fixture
def reader(site_server: Site) -> Reader:
    return Reader(site_server)


def test_page_is_kept_with_its_headers_and_compressed(reader: Reader, hub: Tree):
    reader.warm(TOPIC)
    plain = reader.get(TOPIC)
    assert plain[2] == reader.fresh(TOPIC)
    assert "default-src 'none'" in plain[1]["content-security-policy"]
    assert plain[1]["cache-control"] == "public, max-age=0, must-revalidate"
    for encoding in ("gzip", "br"):
        status, headers, body = reader.get(TOPIC, Accept_Encoding=f"{encoding};q=1")
        assert (status, headers["content-encoding"], headers["vary"]) == (200, encoding, "Accept-Encoding")
        assert len(body) < len(plain[2]) / 3
    refused = reader.get(TOPIC, Accept_Encoding="br;q=0")
    assert "content-encoding" not in refused[1]


def test_client_that_has_the_page_is_told_so(reader: Reader, hub: Tree):
    reader.warm(TOPIC)
    headers = reader.get(TOPIC, Accept_Encoding="br")[1]
    for known in ({"If_None_Match": headers["etag"]}, {"If_Modified_Since": headers["last-modified"]}):
        status, _, body = reader.get(TOPIC, Accept_Encoding="br", **known)
        assert (status, body) == (304, b"")
    assert reader.get(TOPIC, If_None_Match='"another"', If_Modified_Since=headers["last-modified"])[0] == 200


def test_head_has_the_headers_and_no_body(reader: Reader, hub: Tree):
    reader.warm(TOPIC)
    status, headers, body = reader.get(TOPIC, method="HEAD")
    assert (status, body) == (200, b"")
    assert headers["etag"] == reader.get(TOPIC)[1]["etag"]


@pytest.mark.parametrize(
    "path",
    [
        f"{TOPIC}?x=1",
        "/admin/login/",
        "/health/",
        "/nothing/",
        "/topics/health/harm-reduction",
        f"{TOPIC}since/2026-03-31-1/",
        f"{TOPIC}since/2026-03-31-999999/",
        f"{TOPIC}program/health-and-rights/tag/peers/",
        f"{TOPIC}tag/nobody/",
        "/newsletter/",
        "/static/nothing.css",
    ],
)
def test_other_addresses_are_not_kept(reader: Reader, hub: Tree, path: str):
    before = reader.stored
    reader.get(path)
    reader.settle()
    assert reader.stored == before


@pytest.mark.parametrize(("letters", "is_kept"), [(100, True), (127, True), (140, False)])
def test_page_with_a_long_name_in_another_script_is_kept_as_far_as_a_folder_can_be_called_so(
    reader: Reader, hub: Tree, letters: int, is_kept: bool
):
    with reader.site.orm():
        page = hub.voice(title="Долго", slug="д" * letters)
    reader.settle()
    path = quote(f"/voices/{page.slug}/")
    assert [reader.get(path)[0] for _ in range(2)] == [200, 200]
    reader.settle()
    assert ("etag" in reader.get(path)[1]) == is_kept
    with reader.site.orm():
        page.delete()


def test_bytes_that_are_no_text_lead_to_no_page_that_is_at_hand(reader: Reader, hub: Tree):
    with reader.site.orm():
        page = hub.voice(title="Été", slug="été")
    reader.settle()
    path = f"/voices/{page.slug}/"
    assert reader.get(quote(path))[0] == 200
    reader.settle()
    assert "etag" in reader.get(quote(path))[1]
    assert reader.get(quote(path, encoding="latin-1"))[0] == 404
    with reader.site.orm():
        page.delete()


def test_restricted_and_unpublished_pages_are_not_kept(reader: Reader, hub: Tree):
    with reader.site.orm():
        page = hub.voice(title="Closed", slug="closed", primary_topic=hub.justice)
        restriction = PageViewRestriction.objects.create(page=page, restriction_type="password", password="x")
    for path in ("/voices/closed/",):
        reader.get(path)
    reader.settle()
    assert "/voices/closed/" not in reader.stored
    with reader.site.orm():
        restriction.delete()
    reader.warm("/voices/closed/")
    with reader.site.orm():
        VoicesPage.objects.get(pk=page.pk).unpublish()
    reader.settle()
    assert "/voices/closed/" not in reader.stored
    assert reader.get("/voices/closed/")[0] == 404


def test_another_name_or_a_session_gets_nothing_from_the_store(reader: Reader, hub: Tree):
    reader.warm(TOPIC)
    assert reader.get(TOPIC, Host="evil.example.org")[0] == 400
    assert "etag" not in reader.get(TOPIC, Cookie="sessionid=abc")[1]
    assert "etag" in reader.get(TOPIC, Cookie="theme=abc")[1]


def test_operator_fills_the_store_looks_into_it_checks_it_and_empties_it(
    reader: Reader, hub: Tree, monkeypatch
):
    def pages(does: str, *arguments: str) -> str:
        """Do here what does not depend on how the site is set up."""
        with StringIO() as said, reader.site.orm():
            call_command("pages", does, *arguments, stdout=said)
            return said.getvalue()

    monkeypatch.setattr("harmhub.management.commands.pages.fingerprint", lambda: reader.folder.name)
    # To the only year no link leads, and filters by program and tag are not followed.
    paths = set(all_paths(reader)) - {f"{TOPIC}{cut}/" for cut in ("2026", *FILTERED)}
    pages("drop")
    wait_for(lambda: not reader.stored, 5, "Pages are left.")
    assert "pages were stored" in reader.site.manage("pages", "warm")
    stored = reader.stored
    assert paths <= stored
    listed = pages("list")
    assert f" {TOPIC}\n" in listed
    assert listed.endswith(f"\n{len(stored)} pages are stored.\n")
    file = reader.folder / f"pages{TOPIC}index.html"
    file.write_bytes(file.read_bytes().replace(b"Recent Work", b"Recent Lies"))
    with pytest.raises(CalledProcessError) as ended:
        reader.site.manage("pages", "check")
    assert ended.value.stdout == f"{TOPIC} differs.\n"
    assert f"1 of {len(stored)} pages differ." in ended.value.stderr
    pages("drop", TOPIC)
    wait_for(lambda: TOPIC not in reader.stored, 5, "The page is left.")
    assert reader.stored == stored - {TOPIC}
