"""The static mirror: a folder in which everything public is, and leads on, without the site."""

import os
import pty
import re
import sys
import termios
from contextlib import suppress
from datetime import date
from html import unescape
from pathlib import Path
from subprocess import PIPE, CalledProcessError, Popen
from urllib.parse import quote, unquote, urljoin, urlsplit

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from wagtail.models import PageViewRestriction

from content.models import PublicationFile, VoicesPage
from harmhub.management.commands.pages import _public_addresses
from harmhub.store.mirror import Mirror
from tests.factories import ImageFactory, Tree, copies, pdf
from tests.fixtures.site import Site

pytestmark = pytest.mark.usefixtures("site_server")

TOPIC = "topics/health/harm-reduction"
LONG_NAME = f"{'報' * 83}.pdf"  # nearly as many bytes as a name may have: an import may bring it


@pytest.fixture(scope="module")
def hub(running_site_server: Site, django_db_blocker) -> Tree:
    """Three pages of articles, a publication with a file, a page behind a password to which a text leads."""
    with django_db_blocker.unblock(), running_site_server.orm():
        tree = Tree()
        hidden = tree.voice(title="For members", slug="hidden")
        PageViewRestriction.objects.create(page=hidden, restriction_type="password", password="x")
        private = f'<a linktype="page" id="{hidden.pk}">this</a>'
        odd = '<a href="https://example.org/?a=1&amp;b">that</a>, <a href="http://[">odd</a>'
        copies(
            tree.voice(title="Article", slug="article", image=ImageFactory(), published_on=date(2026, 4, 1)),
            29,
        )
        van = tree.voice(title="Van", slug="van", body=[("text", f"<p>Read {private}, {odd}.</p>")])
        tree.voice(title="A long name", slug="д" * 120)
        tree.voice(title="No folder can be called so", slug="д" * 140)
        for item in (van, tree.voice(title="Bus", slug="bus")):
            item.tags.add("rural")
            item.save()
        report = tree.publication(title="Report", slug="report")
        for document in (pdf("leaflet.pdf"), pdf("long.pdf")):
            PublicationFile.objects.create(publication=report, document=document)
        name = f"{Path(document.file.name).parent}/{LONG_NAME}"
        Path(document.file.path).rename(document.file.storage.path(name))
        type(document).objects.filter(pk=document.pk).update(file=name)
        call_command("rebuild_references_index", verbosity=0)  # by which files of drafts are known
    return tree


@pytest.fixture(scope="module")
def mirror(running_site_server: Site, hub: Tree, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("mirror")
    said = running_site_server.manage("pages", "export", str(folder))
    assert re.fullmatch(r"\d+ files were written, \d+ kept, 0 removed\.\n", said)
    return folder


def links_of(page: Path) -> list[str]:
    found = re.findall(r'<(?:a|link|img|source)\b[^>]*?\s(?:href|src|srcset)="([^"]*)"', page.read_text())
    return [unescape(link).split(" ")[0] for link in found if link != "http://["]


def test_every_page_is_there_and_every_link_in_it_leads_on_below_any_address(
    mirror: Path, running_site_server: Site
):
    pages = list(mirror.rglob("*.html"))
    names = {str(page.parent.relative_to(mirror)) for page in pages}
    assert {
        ".",
        "topics",
        TOPIC,
        f"{TOPIC}/voices",
        "people/nadia-brenner",
        "voices/van",
        "publications/report",
    } <= names
    assert len([name for name in names if name.startswith(f"{TOPIC}/since")]) >= 1
    for page in pages:
        here = f"https://archive.example/copies/hub/{page.parent.relative_to(mirror)}/"
        for link in links_of(page):
            whole = urlsplit(urljoin(here, link))
            if whole.netloc == "archive.example":
                assert whole.path.startswith("/copies/hub/"), (page, link)
                file = mirror / unquote(whole.path.removeprefix("/copies/hub/"))
                assert (file / "index.html" if whole.path.endswith("/") else file).is_file(), (page, link)


def test_filters_by_tag_lead_to_the_site(mirror: Path, running_site_server: Site):
    assert f"{running_site_server.url}/{TOPIC}/tag/rural/#recent" in links_of(mirror / TOPIC / "index.html")
    assert not list(mirror.rglob("tag"))


def test_files_and_pictures_are_there(mirror: Path):
    assert len(list(mirror.glob("documents/*/leaflet*.pdf"))) == 1
    assert next(mirror.glob("documents/*/leaflet*.pdf")).read_bytes().startswith(b"%PDF")
    assert list(mirror.glob(f"documents/*/{LONG_NAME}"))
    assert list(mirror.glob("media/images/*.avif"))
    assert list(mirror.glob("static/icon*"))


def test_forms_become_links_to_their_pages_on_the_site(mirror: Path, running_site_server: Site, hub: Tree):
    page = (mirror / TOPIC / "index.html").read_text()
    assert "<form" not in page
    sign_up = f"{running_site_server.url}/newsletter/?topic={hub.health.pk}"
    assert f'<a class="btn" href="{sign_up}">Sign up</a>' in page
    assert (
        f'<a class="btn" href="{running_site_server.url}/contact/{hub.harm_reduction.pk}/">Send message</a>'
        in page
    )
    assert f'href="{running_site_server.url}/search/"' in page
    assert f'<link rel="canonical" href="{running_site_server.url}/{TOPIC}/">' in page
    assert "default-src 'none'" in page


def test_page_with_a_long_name_is_there_or_linked_at_the_site(mirror: Path, running_site_server: Site):
    assert (mirror / "voices" / ("д" * 120) / "index.html").exists()
    page = (mirror / "voices/index.html").read_text()
    assert f'href="{quote("д" * 120)}/"' in page
    assert f'href="{running_site_server.url}/voices/{quote("д" * 140)}/"' in page


def test_what_is_not_public_is_not_there(mirror: Path):
    assert not (mirror / "voices/hidden").exists()
    page = (mirror / "voices/van/index.html").read_text()
    assert "voices/hidden" not in page
    assert '<a href="https://example.org/?a=1&amp;b">that</a>' in page


def test_second_export_writes_only_what_changed_and_removes_what_is_gone(
    mirror: Path, running_site_server: Site
):
    (mirror / "notes.txt").write_text("Not ours.")
    with (mirror / ".mirror").open("a") as listed:
        listed.write("/gone/index.html\n/half/written.html\n")  # an export was interrupted here
    (mirror / "half").mkdir()
    (mirror / "half/written.html").write_text("Half")
    before = {file: file.stat().st_mtime_ns for file in mirror.rglob("*.*")}
    assert running_site_server.manage("pages", "export", str(mirror)).startswith("0 files were written, ")
    with running_site_server.orm():
        VoicesPage.objects.get(slug="article-29").unpublish()
    said = running_site_server.manage("pages", "export", str(mirror))
    assert re.search(r"^\d+ files were written, \d+ kept, [1-9]\d* removed\.$", said)
    assert not (mirror / "voices/article-29").exists()
    assert not (mirror / "half").exists()
    assert (mirror / "voices/article-3/index.html").stat().st_mtime_ns == before[
        mirror / "voices/article-3/index.html"
    ]
    assert (mirror / "notes.txt").exists()


@pytest.mark.parametrize(
    "damage", [b"\n", b"/topics", b"/voices/\xd0", b"voices\n", b"/../precious\n"], ids=ascii
)
def test_list_of_files_that_a_full_disk_has_cut_stops_no_export(
    mirror: Path, running_site_server: Site, damage: bytes
):
    precious = mirror.parent / "precious"
    precious.write_text("Not ours.")
    (mirror / "index.html").unlink()
    listed = (mirror / ".mirror").read_bytes().replace(b"/index.html\n", b"", 1)
    (mirror / ".mirror").write_bytes(listed + damage)
    said = running_site_server.manage("pages", "export", str(mirror))
    assert re.fullmatch(r"1 file was written, \d+ kept, 0 removed\.\n", said)
    assert (mirror / TOPIC / "index.html").is_file()
    assert precious.exists(), "What lies outside stays."


def test_file_listed_behind_half_a_line_is_known_after_an_interruption(tmp_path: Path):
    (tmp_path / ".mirror").write_text("/voices/ha")
    Mirror(tmp_path, lambda *asked: [])._write("/voices/half/index.html", b"Half")
    again = Mirror(tmp_path, lambda *asked: [])
    again.export([])
    assert again.removed == 1
    assert not (tmp_path / "voices").exists()


def test_export_beside_another_one_to_the_same_folder_is_refused(tmp_path: Path):
    def site(environ, start_response):
        with pytest.raises(CommandError, match="another export is busy with it"):
            call_command("pages", "export", str(tmp_path))
        start_response("404 Not Found", [])
        return [b""]

    Mirror(tmp_path, site).export(["/"])
    Mirror(tmp_path, site).export(["/"])  # the first is done with it


def test_export_while_the_site_fails_removes_nothing(mirror: Path, running_site_server: Site):
    running_site_server.query("SELECT harmhub_changed('all')")
    running_site_server.query("ALTER TABLE topics_topicpage RENAME TO mislaid")
    try:
        with pytest.raises(CalledProcessError) as ended:
            running_site_server.manage("pages", "export", str(mirror))
    finally:
        running_site_server.query("ALTER TABLE mislaid RENAME TO topics_topicpage")
    assert "The mirror stays as it was" in ended.value.stderr
    assert (mirror / TOPIC / "index.html").is_file()


def test_page_that_lacks_a_picture_which_cannot_be_made_is_there(mirror: Path, running_site_server: Site):
    with running_site_server.orm():
        bus = VoicesPage.objects.get(slug="bus")
        bus.image = ImageFactory()
        bus.save_revision().publish()
        Path(bus.image.file.path).unlink()
    running_site_server.manage("pages", "export", str(mirror))
    assert "<picture" not in (mirror / "voices/bus/index.html").read_text()
    assert 'href="bus/"' in (mirror / "voices/index.html").read_text()
    with running_site_server.orm():
        bus.image = None
        bus.save_revision().publish()


def test_progress_is_told_on_a_terminal_alone(running_site_server: Site, hub: Tree, tmp_path: Path):
    command = [sys.executable, "manage.py", "pages", "export", str(tmp_path)]
    where = {"env": running_site_server.environment, "cwd": settings.BASE_DIR, "stdout": PIPE}
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    said = b""
    with Popen(command, stderr=theirs, **where) as export:
        os.close(theirs)
        with suppress(OSError):  # how Linux says that the terminal's other end is closed
            while part := os.read(ours, 4096):
                said += part
        assert re.fullmatch(rb"\d+ files were written, 0 kept, 0 removed\.\n", export.stdout.read())
    os.close(ours)
    told = re.findall(rb"(\d+)/(\d+) \[", said)
    assert told
    assert all(int(done) <= int(of) for done, of in told)
    assert said.endswith(b" \r"), "The line is left empty."
    with Popen(command, stderr=PIPE, **where) as export:
        assert export.communicate()[1] == b""


def test_public_addresses_are_one_query_for_few_pages_and_many(tree: Tree, django_assert_num_queries):
    tree.voice(slug="van")
    _public_addresses()  # where sites begin is remembered
    for more in (1, 30):
        for number in range(more):
            tree.voice(slug=f"{more}-{number}")
        with django_assert_num_queries(1) as asked:
            assert f"/voices/{more}-0/" in _public_addresses()
        assert "search_description" not in asked.captured_queries[0]["sql"]


def test_folder_with_other_files_is_left_alone(tmp_path: Path):
    (tmp_path / "index.html").write_text("Another site.")
    with pytest.raises(CommandError, match=r"The folder cannot be written: it holds other files\."):
        call_command("pages", "export", str(tmp_path))
    assert (tmp_path / "index.html").read_text() == "Another site."


def test_folder_that_cannot_be_written_is_one_clear_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="The folder cannot be written"):
        call_command("pages", "export", str(tmp_path / "file"))
