"""What search engines and those who share a page are told of it."""

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from wagtail.models import Page

from content.models import InfoPage
from tests.factories import Tree

pytestmark = pytest.mark.django_db


def head_of(client: Client, address: str) -> dict[str, str]:
    """Return the title of a page, and its meta elements by name or property."""
    page = BeautifulSoup(client.get(address).content, "html.parser")
    metas = {
        meta.get("name") or meta.get("property"): meta.get("content", "") for meta in page.select("meta")
    }
    return metas | {"title": page.title.get_text() if page.title else ""}


def pages(tree: Tree) -> list[Page]:
    """Return a page of each kind; the title of each is ``Plain``."""
    about = tree.home.add_child(instance=InfoPage(title="Plain", slug="about", introduction="In short."))
    items = [tree.voice(slug="voice"), tree.event(slug="event"), tree.publication(slug="publication")]
    indexes = [tree.topics, tree.programs, tree.people, tree.voices, tree.events, tree.publications]
    Page.objects.exclude(depth=1).update(title="Plain")
    return [tree.home, *indexes, tree.harm_reduction, tree.program, tree.person, about, *items]


def test_title_and_description_for_search_engines_are_those_the_editor_wrote_for_them(
    tree: Tree, client: Client
):
    for page in pages(tree):
        plain = head_of(client, page.url)
        assert plain["title"].startswith("Plain – "), page.url
        Page.objects.filter(pk=page.pk).update(seo_title="Found", search_description="Told.")
        head = head_of(client, page.url)
        assert head["title"] == plain["title"].replace("Plain", "Found"), page.url
        assert (head["description"], head["og:description"]) == ("Told.", "Told."), page.url
        assert head["og:title"] == "Plain", page.url


def test_without_one_the_description_is_what_the_page_begins_with(tree: Tree, client: Client):
    tree.voice(slug="van", summary="A van stops.")
    for address, expected in {
        "/topics/health/": "What we think about it.",
        "/programs/health-and-rights/": "What it is for.",
        "/voices/van/": "A van stops.",
    }.items():
        head = head_of(client, address)
        assert (head["description"], head["og:description"]) == (expected, expected)
    assert "description" not in head_of(client, "/people/")


def test_older_page_names_its_cut_after_the_title_for_search_engines(tree: Tree, client: Client):
    tree.voice()
    Page.objects.filter(pk=tree.health.pk).update(seo_title="Found")
    assert head_of(client, "/topics/health/voices/2026/")["title"].startswith("Found: Voices, 2026 – ")
