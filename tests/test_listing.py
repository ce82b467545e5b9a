"""Recent Work: what is in it, in which order, on which page, and in how many queries."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import product

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from wagtail.models import Locale, PageViewRestriction

from content.anchors import Anchor
from content.listing import PAGE_SIZE
from content.models import ContentItem, InfoPage, ItemAuthor, PublicationFile, VoicesPage
from harmhub.store.shown import place as place_of
from tests.factories import DocumentFactory, ImageFactory, Tree, copies
from topics.kinds import Kind

pytestmark = pytest.mark.django_db


def titles(topic) -> list[str]:
    return [item.title for item in topic.items.newest(1_000)]


def voices(tree: Tree, number: int, newest: date = date(2026, 5, 1)) -> list[int]:
    """Make so many articles, one a day; return their numbers, the newest first."""
    if number:
        copies(tree.voice(published_on=newest), number - 1)
    return list(ContentItem.objects.order_by("-published_on").values_list("pk", flat=True))


def hrefs(response, rel: str) -> list[str]:
    return [part.split('"')[0] for part in response.content.decode().split(f'rel="{rel}" href="')[1:]]


# --- what is in it


def test_newest_published_date_comes_first_whatever_was_saved_last(tree: Tree):
    old = tree.voice(title="Old", published_on=date(2020, 1, 1))
    tree.voice(title="New", published_on=date(2021, 1, 1))
    old.save_revision().publish()
    assert titles(tree.harm_reduction) == ["New", "Old"]


def test_of_one_day_the_later_made_comes_first(tree: Tree):
    tree.voice(title="First")
    tree.voice(title="Second")
    assert titles(tree.harm_reduction) == ["Second", "First"]


def test_work_of_a_sub_topic_shows_on_the_topics_above_it(tree: Tree):
    tree.voice(title="Strips", primary_topic=tree.drug_checking)
    assert titles(tree.drug_checking) == titles(tree.harm_reduction) == titles(tree.health) == ["Strips"]


def test_work_of_a_topic_does_not_show_on_the_topics_below_or_beside_it(tree: Tree):
    tree.voice(title="Van")
    assert titles(tree.drug_checking) == titles(tree.justice) == []


def test_item_in_several_topics_of_one_branch_counts_once(tree: Tree):
    item = tree.voice(title="Everywhere", primary_topic=tree.harm_reduction)
    item.further_topics = [tree.drug_checking, tree.health, tree.justice]
    item.save()
    assert titles(tree.health) == ["Everywhere"]
    assert titles(tree.justice) == ["Everywhere"]
    assert tree.health.items.listing("/").total == 1


def test_all_kinds_are_in_one_stream(tree: Tree):
    made = [tree.voice(), tree.event(), tree.publication()]
    assert {item.pk for item in tree.harm_reduction.items.newest(1_000)} == {item.pk for item in made}


def test_program_lists_its_work_and_person_what_she_wrote_or_speaks_at(tree: Tree):
    voice = tree.voice(title="Written")
    ItemAuthor.objects.create(item=voice, person=tree.person)
    voice.programs = [tree.program]
    voice.save()
    event = tree.event(title="Spoken")
    event.speakers.create(person=tree.person)
    event.save()
    tree.voice(title="Of others")
    assert titles(tree.person) == ["Spoken", "Written"]
    assert titles(tree.program) == ["Written"]


def test_a_topic_that_is_not_saved_yet_has_no_work(tree: Tree):
    tree.voice()
    assert type(tree.health)(title="New").items.newest(1_000) == []


def test_work_in_another_language_shows_on_the_translated_topic_only(tree: Tree):
    spanish = Locale.objects.create(language_code="es")
    tree.voice(title="English")
    for page in (tree.home, tree.topics, tree.health, tree.harm_reduction):
        page.copy_for_translation(spanish)
    topic = tree.harm_reduction.get_translation(spanish)
    tree.voices.copy_for_translation(spanish)
    copy = ContentItem.objects.get(title="English").specific.copy_for_translation(spanish)
    copy.title = "Español"
    copy.save_revision().publish()
    assert copy.primary_topic_id == tree.harm_reduction.pk  # it stays on the original topic
    assert titles(topic) == ["Español"]
    assert titles(tree.harm_reduction) == ["English"]


# --- what is public


def test_draft_expired_restricted_and_alias_are_in_no_listing(tree: Tree, client: Client):
    from django.utils import timezone

    tree.voice(title="Draft", live=False)
    tree.voice(title="Expired", expire_at=timezone.now() - timedelta(minutes=1))
    restricted = tree.voice(title="Restricted")
    PageViewRestriction.objects.create(page=restricted, restriction_type=PageViewRestriction.LOGIN)
    shown = tree.voice(title="Shown")
    shown.create_alias(update_slug="again")
    assert titles(tree.harm_reduction) == ["Shown"]
    assert tree.harm_reduction.items.listing("/").total == 1


def test_restriction_on_an_index_hides_all_below_it(tree: Tree):
    tree.voice()
    PageViewRestriction.objects.create(page=tree.voices, restriction_type=PageViewRestriction.LOGIN)
    assert titles(tree.harm_reduction) == []


def test_expired_page_is_not_served_even_before_the_next_run_of_the_scheduler(tree: Tree, client: Client):
    from django.utils import timezone

    item = tree.voice(slug="gone", expire_at=timezone.now() - timedelta(seconds=1))
    assert item.live
    assert client.get("/voices/gone/").status_code == 404


def test_alias_leads_to_the_page_it_repeats(tree: Tree, client: Client):
    tree.voice(slug="first").create_alias(update_slug="second")
    response = client.get("/voices/second/")
    assert (response.status_code, response["Location"]) == (302, "/voices/first/")


def test_restricted_page_asks_for_its_password(tree: Tree, client: Client):
    item = tree.voice(slug="secret", title="Not for all")
    PageViewRestriction.objects.create(page=item, restriction_type=PageViewRestriction.PASSWORD, password="x")
    response = client.get("/voices/secret/")
    assert response.status_code == 200
    assert 'type="password"' in response.content.decode()
    assert "What it says." not in response.content.decode()


def test_pages_never_take_a_post(tree: Tree, client: Client):
    assert client.post("/topics/health/", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 405


# --- filters, counts and pages


def test_counts_stand_on_the_filters_of_the_first_page_and_a_zero_is_left_out(tree: Tree):
    tree.voice()
    tree.voice()
    tree.publication()
    tabs = tree.harm_reduction.items.listing("/t/").tabs
    assert [(str(tab.label), tab.count, tab.address) for tab in tabs] == [
        ("", 3, "/t/"),
        ("Voices", 2, "/t/voices/"),
        ("Publications", 1, "/t/publications/"),
    ]


def test_filter_shows_one_kind(tree: Tree, client: Client):
    tree.voice(title="A voice")
    tree.event(title="An event")
    page = client.get("/topics/health/harm-reduction/events/").content.decode()
    assert "An event" in page
    assert "A voice" not in page


def test_empty_filter_says_so_and_leads_on(tree: Tree, client: Client):
    tree.voice()
    page = client.get("/topics/health/harm-reduction/events/")
    assert page.status_code == 200
    assert "No events on Harm Reduction yet." in page.content.decode()
    assert 'href="/topics/health/harm-reduction/#recent"' in page.content.decode()


@pytest.mark.parametrize(
    ("address", "words", "leads_to_all"),
    [
        ("/topics/health/harm-reduction/", "No work on Harm Reduction yet.", False),
        ("/topics/health/harm-reduction/events/", "No events on Harm Reduction yet.", True),
        ("/voices/", "No Voices yet.", False),
    ],
)
def test_empty_listing_leads_to_more_only_where_it_is_a_part(
    tree: Tree, client: Client, address: str, words: str, leads_to_all: bool
):
    page = client.get(address).content.decode()
    assert words in page
    assert ("See all recent work" in page) == leads_to_all
    assert "by e-mail</a>." in page


def test_walking_older_shows_every_item_and_ends(tree: Tree):
    made = voices(tree, 40)
    seen, listing = set(), tree.harm_reduction.items.listing("/t/")
    for _ in range(10):
        seen |= {anchor.pk for anchor in listing.anchors}
        if not listing.older:
            break
        since = listing.older.address.split("since/")[1].split("/")[0]
        listing = tree.harm_reduction.items.listing("/t/", since=since)
        assert len(listing.anchors) == PAGE_SIZE
    assert seen == set(made)


def test_publishing_changes_the_first_page_and_no_address_or_content_of_the_archive(tree: Tree):
    voices(tree, 40)

    def archive() -> dict[str, list[int]]:
        pages, turn = {}, tree.harm_reduction.items.listing("/t/").older
        while turn:
            since = turn.address.split("since/")[1].split("/")[0]
            listing = tree.harm_reduction.items.listing("/t/", since=since)
            pages[since] = [anchor.pk for anchor in listing.anchors]
            turn = listing.older
        return pages

    before = archive()
    tree.voice(published_on=date(2026, 6, 1))
    assert archive() == before


def test_newer_leads_back_to_the_first_page(tree: Tree):
    voices(tree, 40)
    oldest = ContentItem.objects.order_by("published_on").first()
    listing = tree.harm_reduction.items.listing("/t/", since=str(Anchor(oldest.published_on, oldest.pk)))
    steps = 0
    while listing.newer and "since/" in listing.newer.address:
        listing = tree.harm_reduction.items.listing(
            "/t/", since=listing.newer.address.split("since/")[1].strip("/")
        )
        steps += 1
    assert listing.newer.address == "/t/"
    assert steps == 2


@pytest.mark.parametrize("number", [0, 1, 11, 12])
def test_up_to_twelve_items_have_one_page(tree: Tree, number: int):
    voices(tree, number)
    listing = tree.harm_reduction.items.listing("/t/")
    assert (len(listing.anchors), listing.older, listing.newer) == (number, None, None)


@pytest.mark.parametrize("number", [13, 23, 24, 25])
def test_older_page_joins_the_first_one_without_a_gap(tree: Tree, number: int):
    made = voices(tree, number)
    first = tree.harm_reduction.items.listing("/t/")
    since = first.older.address.split("since/")[1].split("/")[0]
    second = tree.harm_reduction.items.listing("/t/", since=since)
    assert [anchor.pk for anchor in first.anchors] == made[:12]
    shown = [anchor.pk for anchor in second.anchors]
    assert made[12] in shown
    assert first.older.address.partition("#")[2] == (f"w{made[11]}" if made[11] in shown else "")


@pytest.mark.parametrize(
    "anchor",
    [
        "junk",
        "2026-05-01",
        "2026-13-45-1",
        "9999-12-31-1",
        "2026-05-01-99999999999999999999",
        "-",
        "2026-05-01-1x",
        "2026-05-01-01",
        "2026-05-01-0",
        "0001-01-01-0",
        "",
        "...",
        "%ff",
        "%2f",
        "a/b",
        "2026-05-01-1/x",
        "2026-05-01-1/2026",
        "2026-05-01-1/since/2026-05-01-1",
    ],
)
def test_odd_anchor_leads_to_the_first_page(tree: Tree, client: Client, anchor: str):
    tree.voice()
    for first in ("/topics/health/harm-reduction/", "/topics/health/harm-reduction/voices/2026/"):
        response = client.get(f"{first}since/{anchor}/".replace("//", "/"))
        assert (response.status_code, response.headers.get("Location")) == (302, first)


def test_anchor_without_its_last_slash_keeps_its_place(tree: Tree, client: Client):
    tree.voice()
    for address in ("/topics/health/harm-reduction/since/2026-05-01-1", "/voices/2026/since/2026-05-01-1"):
        response = client.get(f"{address}?a=b")
        assert (response.status_code, response["Location"]) == (301, f"{address}/?a=b")


def test_anchor_of_a_deleted_item_still_leads_to_its_neighbours(tree: Tree):
    made = voices(tree, 30)
    gone = VoicesPage.objects.get(pk=made[20])
    anchor = Anchor(gone.published_on, gone.pk)
    gone.delete()
    listing = tree.harm_reduction.items.listing("/t/", since=str(anchor))
    assert [anchor.pk for anchor in listing.anchors][-1] == made[19]


def test_page_at_any_place_names_its_one_address(tree: Tree, client: Client):
    made = voices(tree, 30)
    topic = "/topics/health/harm-reduction/"
    day = VoicesPage.objects.get(pk=made[20]).published_on
    named = Anchor(day, made[20])
    for since in (named, Anchor(day, made[20] - 1)):  # at the latter is nothing
        for cut in ("", "voices/", "voices/2026/"):
            page = client.get(f"{topic}{cut}since/{since}/").content.decode()
            assert f'<link rel="canonical" href="http://testserver{topic}{cut}since/{named}/">' in page


def test_work_of_a_mistyped_early_year_is_walked_like_any_other(tree: Tree, client: Client):
    for month in range(1, 13):
        tree.voice(published_on=date(26, month, 1))
    tree.voice()
    older = tree.harm_reduction.items.listing("/topics/health/harm-reduction/").older
    assert client.get(older.address).status_code == 200
    assert place_of(date(26, 5, 1), 7) < place_of(date(1026, 5, 1), 7)


def test_year_without_work_leads_to_the_listing(tree: Tree, client: Client):
    tree.voice()
    response = client.get("/topics/health/harm-reduction/voices/1999/")
    assert (response.status_code, response["Location"]) == (302, "/topics/health/harm-reduction/voices/")


def test_year_without_work_of_the_kind_leads_to_the_kind(tree: Tree, client: Client):
    tree.voice(published_on=date(2019, 5, 1))
    for address in ("/topics/health/harm-reduction/events/", "/topics/health/harm-reduction/"):
        assert client.get(address).status_code == 200
    for cut in ("events/2019/", "0000/", "events/0000/"):
        response = client.get(f"/topics/health/harm-reduction/{cut}")
        expected = f"/topics/health/harm-reduction/{cut[:-5]}"
        assert (response.status_code, response["Location"]) == (302, expected)


YEARS = {"": "all", "2025/": "2025/", "0000/": "", "1999/": "", "9999/": ""}
ANCHORS = ["since/2025-05-01-1/", "since/9999-12-31-1/", "since/2026-02-30-1/"]


@pytest.mark.parametrize("base", ["/topics/health/harm-reduction/", "/people/nadia-brenner/", "/voices/"])
def test_every_mix_of_kind_year_and_anchor_is_a_page_or_leads_to_one(tree: Tree, client: Client, base: str):
    for year in (2025, 2026):
        voice = tree.voice(title=f"Of {year}", published_on=date(year, 5, 1))
        ItemAuthor.objects.create(item=voice, person=tree.person)
    expected = {}
    for kind in ("",) if base == "/voices/" else ("", "voices/", "events/"):
        for year, shown in YEARS.items():
            has_work = bool(shown) and kind != "events/"
            first = base + kind + (year if has_work else "")
            work = shown if has_work else first
            expected[base + kind + year] = "none" if kind + year == "events/" else work
            expected |= {base + kind + year + anchor: first for anchor in ANCHORS}
            expected[base + kind + year + ANCHORS[0]] = work
    assert {address: outcome(client, address) for address in expected} == expected


def outcome(client: Client, address: str) -> str:
    """Return which years' work an address shows (2025/, 2026/, all, none), or where it leads."""
    response = client.get(address)
    if response.status_code == 302:
        return response["Location"]
    assert response.status_code == 200, address
    shown = [f"{year}/" for year in (2025, 2026) if f">Of {year}</a>" in response.content.decode()]
    return {0: "none", 1: "".join(shown), 2: "all"}[len(shown)]


@pytest.mark.parametrize(
    "rest",
    [
        "2025/voices/",
        "voices/events/",
        "2025/2026/",
        "20250/",
        "-2025/",
        "voices2025/",
        "\u0662\u0660\u0662\u0665/",
    ],
)
def test_parts_of_an_address_in_another_order_are_not_found(tree: Tree, client: Client, rest: str):
    tree.voice(published_on=date(2025, 5, 1))
    assert client.get(f"/topics/health/harm-reduction/{rest}").status_code == 404


def test_index_of_a_kind_takes_no_kind(tree: Tree, client: Client):
    tree.event()
    assert client.get("/events/").status_code == 200
    for address in ("/events/voices/", "/events/events/"):
        assert client.get(address).status_code == 404


def test_language_without_a_site_has_no_pages(tree: Tree, client: Client):
    assert client.get("/ar/").status_code == 404
    assert client.get("/ar/topics/health/").status_code == 404


def test_year_can_be_removed(tree: Tree, client: Client):
    tree.voice(published_on=date(2024, 5, 1))
    page = client.get(f"{tree.harm_reduction.url}voices/2024/").content.decode()
    assert f'<b><bdi>2024</bdi></b> <a href="{tree.harm_reduction.url}voices/#recent"' in page


def test_year_shows_its_own_work_only(tree: Tree, client: Client):
    tree.voice(title="This year", published_on=date(2026, 1, 1))
    tree.voice(title="Last year", published_on=date(2025, 12, 31))
    page = client.get("/topics/health/harm-reduction/2025/").content.decode()
    assert "Last year" in page
    assert "This year" not in page


def test_older_page_shows_its_range_and_no_counts(tree: Tree, client: Client):
    voices(tree, 30, date(2026, 3, 10))
    older = hrefs(client.get("/topics/health/harm-reduction/"), "next")[0].split("#")[0]
    page = client.get(older).content.decode()
    assert "March – February 2026" in page
    assert "<span>30</span>" not in page


# --- in how many queries


def fill(tree: Tree, number: int) -> None:
    image, shown = ImageFactory(), min(number, PAGE_SIZE)
    for place in range(shown):
        day = date(2026, 5, 1) - timedelta(days=place)
        make = (tree.voice, tree.event, tree.publication)[place % 3]
        item = make(published_on=day, image=image)
        item.further_topics = [tree.drug_checking, tree.justice]
        item.save()
        ItemAuthor.objects.create(item=item, person=tree.person)
        if item.KIND == Kind.PUBLICATION:
            PublicationFile.objects.create(
                publication=item, document=DocumentFactory(file=ContentFile(b"x", "x.txt"))
            )
    copies(item, number - shown)
    link = f'<p><a linktype="page" id="{tree.justice.pk}">Justice</a></p>'
    tree.harm_reduction.learn_more = tree.harm_reduction.grant_seekers = link
    tree.harm_reduction.topic_people.create(person=tree.person)
    tree.harm_reduction.save()
    tree.program.topics = [tree.harm_reduction]
    tree.program.save()


@pytest.mark.parametrize("number", [3, 30, 300])
def test_topic_page_takes_the_same_seven_queries_whatever_it_lists(
    tree: Tree, client: Client, django_assert_num_queries, number: int
):
    fill(tree, number)
    address = "/topics/health/harm-reduction/"
    client.get(address)  # the pictures are made once
    with django_assert_num_queries(7):
        response = client.get(address)
    assert f"Recent work ({number})" in response.content.decode()


def test_no_cut_language_or_place_of_the_safety_pages_costs_a_query(
    tree: Tree, client: Client, django_assert_max_num_queries
):
    spanish = Locale.objects.create(language_code="es")
    about = tree.home.add_child(instance=InfoPage(title="About", slug="about"))
    safety, help_page = (about.add_child(instance=InfoPage(title=t, slug=t)) for t in ("safety", "help"))
    tree.settings.safety_page, tree.settings.help_page = safety, help_page
    tree.settings.privacy_page = about
    tree.settings.save()
    on_the_way = (tree.topics, tree.health, tree.harm_reduction, tree.voices, tree.voice())
    for page in (tree.home, about, safety, *on_the_way):
        page.copy_for_translation(spanish).save_revision().publish()
    for language, cut in product(("", "/es"), ("", "voices/", "2026/", "voices/2026/")):
        address = f"{language}/topics/health/harm-reduction/{cut}"
        client.get(address)  # site roots are remembered
        with django_assert_max_num_queries(8):
            shown = client.get(address).content.decode()
        assert f'href="{language}/about/safety/"' in shown
        assert 'href="/about/help/"' in shown


@pytest.mark.parametrize(
    "address", ["/", "/voices/", "/programs/health-and-rights/", "/people/nadia-brenner/"]
)
def test_other_listings_take_the_same_queries_for_few_and_many_items(
    tree: Tree, client: Client, django_assert_max_num_queries, address: str
):
    def link(items: Iterable[int]) -> None:
        links = ContentItem.programs.through
        links.objects.bulk_create(links(contentitem_id=pk, programpage_id=tree.program.pk) for pk in items)

    fill(tree, 3)
    link(ContentItem.objects.values_list("pk", flat=True))
    client.get(address)
    with django_assert_max_num_queries(12) as few:
        client.get(address)
    made = voices(tree, 30, date(2025, 5, 1))[-30:]
    link(made)
    ItemAuthor.objects.bulk_create(ItemAuthor(item_id=pk, person=tree.person) for pk in made)
    with django_assert_max_num_queries(12) as many:
        client.get(address)
    assert len(many.captured_queries) == len(few.captured_queries)
