"""What search engines and those who share a page are told of it."""

from io import BytesIO
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image
from wagtail.models import Collection, CollectionViewRestriction, Page

from content.models import InfoPage
from tests.factories import ImageFactory, Tree
from topics.models import TopicPage

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


# --- the picture of what is shared


@pytest.fixture
def topic(tree: Tree) -> TopicPage:
    """Harm Reduction with a picture larger than other sites show it."""
    topic = tree.harm_reduction
    topic.image = ImageFactory(file__width=1600, file__height=1600)
    topic.save()
    return topic


def test_picture_of_a_topic_or_a_work_is_told_to_those_who_share_it(
    tree: Tree, client: Client, topic: TopicPage
):
    tree.voice(slug="van", image=topic.image)
    for address in ("/topics/health/harm-reduction/", "/voices/van/"):
        picture = head_of(client, address)["og:image"].removeprefix(settings.PUBLIC_URL)
        made = client.get(picture, follow=True)
        assert made["Content-Type"] == "image/jpeg"
        assert Image.open(BytesIO(made.getvalue())).size == (1200, 630)
    assert "og:image" not in head_of(client, "/topics/health/")


def test_topic_page_asks_the_database_nothing_for_it(
    tree: Tree, client: Client, topic: TopicPage, django_assert_num_queries
):
    client.get(topic.url)  # the roots of the sites are remembered
    with CaptureQueriesContext(connection) as with_picture:
        client.get(topic.url)
    TopicPage.objects.update(image=None)
    with django_assert_num_queries(len(with_picture)):
        client.get(topic.url)


def test_picture_is_not_given_out_where_there_is_none_or_it_is_not_public(
    tree: Tree, client: Client, topic: TopicPage
):
    address = f"/shared/{topic.pk}.jpg"
    for number in (tree.health.pk, tree.home.pk, 99999999999999999999):
        assert client.get(f"/shared/{number}.jpg").status_code == 404
    topic.unpublish()
    assert client.get(address).status_code == 404
    topic.save_revision().publish()
    assert client.get(address).status_code == 302
    collection = Collection.get_first_root_node().add_child(name="Ours")
    CollectionViewRestriction.objects.create(collection=collection, restriction_type="login")
    type(topic.image).objects.update(collection=collection)
    assert client.get(address).status_code == 404


def test_picture_whose_file_is_lost_is_not_found(client: Client, topic: TopicPage):
    topic.image.file.delete(save=False)
    assert client.get(f"/shared/{topic.pk}.jpg").status_code == 404


def test_a_part_of_a_listing_is_shared_under_its_own_title(tree: Tree, client: Client):
    for _ in range(13):
        tree.voice()
    tree.event()
    topic = "/topics/health/harm-reduction/"
    assert head_of(client, f"{topic}events/")["og:title"] == "Harm Reduction: Events"
    older = head_of(client, tree.harm_reduction.items.listing(topic).older.address)
    assert older["title"] == f"{older['og:title']} – Fennmark Foundation"
    assert older["og:title"] != "Harm Reduction"


def test_address_in_another_script_is_told_as_others_read_it(tree: Tree, client: Client):
    tree.voice(slug="фургон")
    quoted = f"{settings.PUBLIC_URL}/voices/{quote('фургон')}/"
    page = client.get("/voices/фургон/").content.decode()
    assert f'<link rel="canonical" href="{quoted}">' in page
    assert f'<meta property="og:url" content="{quoted}">' in page
