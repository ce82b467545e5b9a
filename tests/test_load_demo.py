"""Where the demo is not loaded, and what a loading that fails leaves behind."""

from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from wagtail.models import Page, Site

from contact.models import Message
from content.beginning import has_content
from content.demo import papers, pictures, texts
from content.demo.building import Building
from content.demo.canvas import MOTIFS, PALETTES
from harmhub.models import SiteSettings
from newsletter.models import Subscriber
from tests.factories import ImageFactory, Tree, pdf


def titles() -> list[str]:
    return list(Page.objects.order_by("path").values_list("title", flat=True))


def test_database_with_other_pages_is_refused_and_left_alone(tree: Tree):
    before = titles()
    with pytest.raises(CommandError, match="has content of its own"):
        call_command("load_demo")
    assert titles() == before


def test_database_with_other_pages_is_passed_over_where_asked(tree: Tree):
    before, said = titles(), StringIO()
    call_command("load_demo", if_empty=True, stdout=said)
    assert titles() == before
    assert said.getvalue() == ""


def test_welcome_page_that_was_edited_is_content(bare_database):
    welcome = Page.objects.get(depth=2)
    welcome.title = "Our house"
    welcome.save_revision().publish()
    with pytest.raises(CommandError):
        call_command("load_demo")
    assert Page.objects.get(depth=2).title == "Our house"


def test_database_without_pages_that_somebody_uses_is_left_alone(bare_database):
    site = Site.objects.get()
    makers = [
        lambda: SiteSettings.objects.create(site=site, organisation="Real organisation"),
        ImageFactory,
        lambda: pdf("report.pdf"),
        lambda: Message.objects.create(text="Hello", language="en"),
        lambda: Subscriber.objects.create(address="x", address_digest=b"x", language="en"),
    ]
    for make in makers:
        made = make()
        with pytest.raises(CommandError, match="has content of its own"):
            call_command("load_demo")
        made.delete()


def test_settings_that_were_only_looked_at_are_no_content(bare_database):
    SiteSettings.for_site(Site.objects.get())
    assert not has_content()


def test_loading_that_fails_leaves_no_row_and_no_file(bare_database, monkeypatch: pytest.MonkeyPatch):
    def full(self) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Building, "_make_items", full)
    before, files = titles(), written()
    with pytest.raises(OSError, match="No space"):
        call_command("load_demo", verbosity=0)
    assert titles() == before
    assert Site.objects.get().root_page.title.startswith("Welcome")
    assert written() == files


def written() -> set[Path]:
    return {path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["van", "contours", "stage"])
def test_picture_is_drawn_the_same_each_time(name: str):
    assert pictures.jpeg(f"{name} pine") == pictures.jpeg(f"{name} pine")


def test_every_picture_that_a_text_asks_for_can_be_drawn():
    told = {text.head["picture"] for text in texts.items() if "picture" in text.head}
    assert {name.split()[0] for name in told} <= set(MOTIFS)
    assert {name.split()[1] for name in told} <= set(PALETTES)


def test_every_text_can_be_printed():
    """The fonts of the PDF files hold western European letters only."""
    publications = [text for text in texts.items() if text.head["kind"] == "publication"]
    for text in publications:
        for told in (
            {"title": text.head["title"], "text": text.body},
            *text.head.get("translations", {}).values(),
        ):
            f"{told['title']} {told['text']}".encode("cp1252")
        assert set(text.head["files"]) <= set(papers.INVENTED)
