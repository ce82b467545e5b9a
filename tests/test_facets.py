"""Listings filtered by program, tag and language, alone and in combination."""

import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from taggit.models import Tag
from wagtail.models import Locale, PageViewRestriction

from content.anchors import Anchor
from content.listing import PAGE_SIZE
from content.models import VoicesPage
from tests.factories import ProgramFactory, Tree
from tests.markup import Markup
from topics.kinds import Kind

pytestmark = pytest.mark.django_db
HARM_REDUCTION = "/topics/health/harm-reduction/"


def tagged(tree: Tree, *tags: str, **fields) -> VoicesPage:
    """Make an article with tags."""
    item = tree.voice(**fields)
    item.tags.set(tags)
    item.save()
    return item


def titles(client: Client, address: str) -> set[str]:
    """Return the titles of the works that an address shows."""
    response = client.get(address)
    assert response.status_code == 200, address
    return {
        item.title for item in VoicesPage.objects.all() if f">{item.title}</a>" in response.content.decode()
    }


@pytest.fixture
def four(tree: Tree) -> Tree:
    """Four articles: with the program, with the tag, with both, with neither."""
    tagged(tree, title="Of the program", programs=[tree.program])
    tagged(tree, "peers", title="With the tag", published_on=date(2025, 5, 1))
    tagged(tree, "peers", title="With both", programs=[tree.program])
    tagged(tree, title="With neither")
    return tree


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        ("program/health-and-rights/", {"Of the program", "With both"}),
        ("tag/peers/", {"With the tag", "With both"}),
        ("program/health-and-rights/tag/peers/", {"With both"}),
        ("tag/peers/2025/", {"With the tag"}),
        ("voices/tag/peers/2026/", {"With both"}),
        ("voices/program/health-and-rights/tag/peers/2026/", {"With both"}),
    ],
)
def test_filters_combine(four: Tree, client: Client, cut: str, expected: set[str]):
    assert titles(client, HARM_REDUCTION + cut) == expected
    assert titles(client, f"/topics/health/{cut}") == expected
    page = client.get(HARM_REDUCTION + cut).content.decode()
    assert "None" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S)


def test_what_has_expired_is_in_no_number_before_the_scheduler_comes_by(four: Tree):
    gone = timezone.now() - timedelta(minutes=1)
    tagged(four, "peers", title="With the tag, gone", published_on=date(2024, 5, 1), expire_at=gone)
    tagged(four, title="Of the program, gone", programs=[four.program], expire_at=gone)
    tagged(four, "peers", title="With both, gone", programs=[four.program], expire_at=gone)

    def numbers(**cut: str) -> dict[tuple[str, int], int]:
        return dict(four.harm_reduction.items.listing("/", **cut).counts)

    assert numbers() == {(Kind.VOICES, 2026): 3, (Kind.VOICES, 2025): 1}
    assert numbers(tag="peers") == {(Kind.VOICES, 2026): 1, (Kind.VOICES, 2025): 1}
    assert numbers(program="health-and-rights") == {(Kind.VOICES, 2026): 2}
    assert set(numbers(program="health-and-rights", tag="peers")) == {(Kind.VOICES, 2026)}


@pytest.mark.parametrize(
    "cut",
    [
        "tag/peers/program/health-and-rights/",
        "tag/peers/voices/",
        "2025/tag/peers/",
        "tag/",
        "program/",
        "tag/peers/tag/peers/",
        "tag/peers/more/",
    ],
)
def test_combination_has_one_address(four: Tree, client: Client, cut: str):
    assert client.get(HARM_REDUCTION + cut).status_code == 404


@pytest.mark.parametrize(
    ("cut", "leads_to"),
    [
        ("tag/nobody/", ""),
        ("program/nobody/", ""),
        ("program/peers/", ""),
        ("voices/tag/nobody/", "voices/"),
        ("program/health-and-rights/tag/nobody/", ""),
        ("tag/peers/1999/", "tag/peers/"),
        ("tag/peers/since/junk/", "tag/peers/"),
        ("tag/peers/since/9999-12-31-1/", "tag/peers/"),
        ("tag/nobody/2025/", "2025/"),
    ],
)
def test_filter_without_work_leads_to_the_listing(four: Tree, client: Client, cut: str, leads_to: str):
    response = client.get(HARM_REDUCTION + cut)
    assert (response.status_code, response["Location"]) == (302, HARM_REDUCTION + leads_to)


def test_filter_of_another_topic_leads_to_this_one(four: Tree, client: Client):
    assert client.get("/topics/justice/tag/peers/")["Location"] == "/topics/justice/"


def test_kind_without_work_of_a_filter_says_so(four: Tree, client: Client):
    page = client.get(f"{HARM_REDUCTION}events/tag/peers/")
    assert page.status_code == 200
    assert "There is no work with all of these filters." in page.content.decode()
    assert f'href="{HARM_REDUCTION}#recent">See all recent work' in page.content.decode()


def test_filters_lead_on_and_back_with_numbers(four: Tree):
    listing = four.harm_reduction.items.listing("/t/")
    assert [
        (tab.label, tab.address, tab.count, tab.current) for tab in (*listing.programs, *listing.tags)
    ] == [
        ("Health and Rights", "/t/program/health-and-rights/", 2, False),
        ("peers", "/t/tag/peers/", 2, False),
    ]
    listing = four.harm_reduction.items.listing("/t/", kind=Kind.VOICES, tag="peers")
    assert [
        (tab.label, tab.address, tab.count, tab.current) for tab in (*listing.programs, *listing.tags)
    ] == [
        ("Health and Rights", "/t/voices/program/health-and-rights/tag/peers/", None, False),
        ("peers", "/t/voices/", 2, True),
    ]
    assert [(tab.label, tab.address, tab.count) for tab in listing.tabs] == [
        ("", "/t/tag/peers/", 2),
        ("Voices", "/t/voices/tag/peers/", 2),
    ]
    assert [year for year, *_ in listing.years] == [2026, 2025]


def test_filters_of_a_kind_have_work_of_that_kind(four: Tree):
    four.event(programs=[four.program])
    listing = four.harm_reduction.items.listing("/t/", kind=Kind.EVENT)
    assert [(tab.label, tab.count) for tab in listing.programs] == [("Health and Rights", 1)]
    assert listing.tags == []


def test_filtered_work_offers_only_what_it_has_beside(four: Tree):
    for number in range(2):
        tagged(four, "prices", title=f"Apart {number}")
        tagged(four, "peers", title=f"With both, too {number}", programs=[four.program])
    listing = four.harm_reduction.items.listing("/t/", program="health-and-rights")
    assert [tab.label for tab in listing.tags] == ["peers"]


def test_tag_of_a_single_item_is_no_filter_to_offer(four: Tree, client: Client):
    tagged(four, "prices", title="The only one")
    assert [tab.label for tab in four.harm_reduction.items.listing("/t/").tags] == ["peers"]
    assert titles(client, f"{HARM_REDUCTION}tag/prices/") == {"The only one"}


def test_many_tags_leave_room_for_programs(four: Tree):
    for number in range(20):
        for _ in range(3):
            tagged(four, f"tag {number}")
    listing = four.harm_reduction.items.listing("/t/")
    assert [tab.label for tab in listing.programs] == ["Health and Rights"]
    assert len(listing.tags) == 16


def test_slug_that_no_address_can_have_is_no_filter_to_offer(four: Tree):
    Tag.objects.filter(name="peers").update(slug="v1.2")
    assert four.harm_reduction.items.listing("/t/").tags == []


def test_program_that_is_not_public_is_no_filter(four: Tree, client: Client):
    PageViewRestriction.objects.create(page=four.program, restriction_type=PageViewRestriction.LOGIN)
    page = client.get(HARM_REDUCTION).content.decode()
    assert "Health and Rights" not in page
    response = client.get(f"{HARM_REDUCTION}program/health-and-rights/")
    assert (response.status_code, response["Location"]) == (302, HARM_REDUCTION)


def test_program_page_offers_tags_and_other_programs(four: Tree, client: Client):
    other = ProgramFactory(parent=four.programs, title="Open Evidence", slug="open-evidence")
    tagged(four, "prices", "peers", title="Of two", programs=[four.program, other])
    listing = four.program.items.listing("/p/")
    assert [(tab.label, tab.count) for tab in (*listing.programs, *listing.tags)] == [
        ("Open Evidence", 1),
        ("peers", 2),
    ]
    assert titles(client, "/programs/health-and-rights/program/open-evidence/tag/prices/") == {"Of two"}


def test_index_of_a_kind_takes_filters_and_a_person_takes_none(four: Tree, client: Client):
    assert titles(client, "/voices/program/health-and-rights/tag/peers/") == {"With both"}
    assert client.get("/people/nadia-brenner/tag/peers/").status_code == 404


@pytest.mark.parametrize("name", ["Röntgen", "2019", "voices", "اختبار", "a & b <i>", "C++"])
def test_any_name_of_a_tag_is_a_filter(tree: Tree, client: Client, name: str):
    for title in ("So called", "Another"):
        tagged(tree, name, title=title)
    [tab] = tree.harm_reduction.items.listing(HARM_REDUCTION).tags
    assert tab.label == name
    response = client.get(tab.address)
    assert response.status_code == 200
    assert ">So called</a>" in response.content.decode()
    assert Markup(response.content.decode()).faults == []


def test_tag_without_a_slug_is_no_filter(tree: Tree):
    for _ in range(2):
        tagged(tree, "fine")
    Tag.objects.filter(name="fine").update(slug="")
    assert tree.harm_reduction.items.listing("/t/").tags == []


def test_filtered_pages_are_not_for_search_engines(four: Tree, client: Client):
    assert b'content="noindex"' in client.get(f"{HARM_REDUCTION}tag/peers/").content
    assert b'content="noindex"' not in client.get(HARM_REDUCTION).content


@pytest.mark.parametrize("filters", [{"tag": "many"}, {"tag": "many", "program": "health-and-rights"}])
def test_walking_older_in_filtered_work_shows_every_item_and_ends(tree: Tree, filters: dict[str, str]):
    made = {
        tagged(
            tree, "many", programs=[tree.program], published_on=date(2026, 5, 1) - timedelta(days=number)
        ).pk
        for number in range(29)
    }
    tagged(tree, "other", programs=[tree.program])
    seen, listing = set(), tree.harm_reduction.items.listing("/t/", **filters)
    for _ in range(10):
        seen |= {anchor.pk for anchor in listing.anchors}
        if not listing.older:
            break
        since = listing.older.address.split("since/")[1].split("/")[0]
        listing = tree.harm_reduction.items.listing("/t/", since=since, **filters)
        assert len(listing.anchors) == PAGE_SIZE
    assert seen == made
    assert listing.newer


def test_publishing_changes_no_address_of_the_filtered_archive(tree: Tree):
    for number in range(30):
        tagged(tree, "many", published_on=date(2026, 5, 1) - timedelta(days=number))

    def older() -> str:
        return tree.harm_reduction.items.listing("/t/", tag="many").older.address.split("#")[0]

    before = older()
    tagged(tree, "many", published_on=date(2026, 6, 1))
    assert older() == before


def test_filtered_page_takes_as_many_queries_for_many_items(
    tree: Tree, client: Client, django_assert_num_queries
):
    for number in range(3):
        tagged(tree, "many", title=f"Work {number}", programs=[tree.program])
    cut = f"{HARM_REDUCTION}program/health-and-rights/tag/many/"
    client.get(cut)
    with django_assert_num_queries(8):
        client.get(cut)
    for number in range(20):
        tagged(tree, "many", title=f"More {number}", programs=[tree.program])
    with django_assert_num_queries(8):
        client.get(cut)


def test_place_of_an_older_page_names_its_filters(tree: Tree, client: Client):
    made = [
        tagged(tree, "many", published_on=date(2026, 5, 1) - timedelta(days=number)) for number in range(15)
    ]
    anchor = Anchor(made[-1].published_on, made[-1].pk)
    page = client.get(f"{HARM_REDUCTION}tag/many/since/{anchor}/").content.decode()
    assert "<title>Harm Reduction: many, " in page
    assert f'href="{HARM_REDUCTION}#recent" rel="nofollow">Remove' in page


def test_language_leads_to_the_listing_of_the_translated_page(tree: Tree, client: Client):
    spanish = Locale.objects.create(language_code="es")
    tree.voice()
    assert "hreflang" not in client.get(HARM_REDUCTION).content.decode()
    tree.home.copy_for_translation(spanish).save_revision().publish()
    for page in (tree.topics, tree.health, tree.harm_reduction, tree.voices):
        page.copy_for_translation(spanish).save_revision().publish()
    assert (
        'href="/es/topics/health/harm-reduction/#recent" hreflang="es"'
        in client.get(HARM_REDUCTION).content.decode()
    )
    assert (
        'href="/es/topics/health/harm-reduction/voices/#recent"'
        in client.get(f"{HARM_REDUCTION}voices/").content.decode()
    )
    spanish_page = client.get(f"/es{HARM_REDUCTION}").content.decode()
    assert f'href="{HARM_REDUCTION}#recent" hreflang="en"' in spanish_page
    assert 'hreflang="es"' in client.get("/voices/").content.decode()
    tree.harm_reduction.get_translation(spanish).unpublish()
    assert "hreflang" not in client.get(HARM_REDUCTION).content.decode()


def test_menu_holds_no_page_of_another_language(tree: Tree, client: Client):
    spanish = Locale.objects.create(language_code="es")
    tree.home.copy_for_translation(spanish).save_revision().publish()
    voices = tree.voices.copy_for_translation(spanish)
    voices.title = "Voces"
    voices.save_revision().publish()
    page = client.get("/voices/").content.decode()
    assert "Voces" not in page
