"""The topic page: what is on it, in which order, and what it takes from the topics above."""

import re
from datetime import datetime, time, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from wagtail.models import PageViewRestriction

from content.models import InfoPage
from harmhub.store.shown import noting
from tests.factories import PersonFactory, ProgramFactory, TopicFactory, Tree
from topics.models import TopicPage

pytestmark = pytest.mark.django_db
ADDRESS = "/topics/health/harm-reduction/"


def text(client: Client, address: str = ADDRESS) -> str:
    """Return the page as running text, without styles and tags."""
    page = client.get(address).content.decode()
    page = re.sub(r"<(style|script)\b.*?</\1>", " ", page, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_parts_come_in_the_order_of_the_reference_page(tree: Tree, client: Client):
    tree.voice(title="The night van")
    tree.harm_reduction.learn_more = "<p>It begins with people.</p>"
    tree.harm_reduction.topic_people.create(person=tree.person)
    tree.harm_reduction.open_calls = [
        ("call", {"title": "Small grants", "link": "", "closes": timezone.localdate()})
    ]
    tree.harm_reduction.save()
    tree.program.topics = [tree.harm_reduction]
    tree.program.save()
    shown = text(client)
    parts = [
        "Sign up to receive updates about our work in Health .",
        "Harm Reduction What we think about it.",
        "More on the ideas and programs behind our work: Harm Reduction.",
        "Hide info",
        "Learn More It begins with people.",
        "Contact Us Questions about our work on this topic? Please use this contact box.",
        "Programs The following Fennmark Foundation programs focus on this topic. Health and Rights",
        "People Nadia Brenner Program officer",
        "For Grant Seekers Small grants",
        "Recent Work",
        "The night van",
    ]
    places = [shown.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)


# --- inheritance


def test_sign_up_bar_names_the_nearest_topic_with_a_newsletter(tree: Tree):
    assert tree.drug_checking.area == tree.health
    tree.harm_reduction.has_newsletter = True
    tree.harm_reduction.save()
    assert type(tree.drug_checking).objects.get(pk=tree.drug_checking.pk).area == tree.harm_reduction


def test_sign_up_bar_names_the_topic_itself_where_it_has_a_newsletter(tree: Tree):
    assert tree.health.area == tree.health


def test_sign_up_bar_names_the_organisation_where_no_area_has_a_newsletter(tree: Tree, client: Client):
    assert tree.justice.area is None
    assert (
        "Fennmark Foundation" in text(client, "/topics/justice/").split("Sign up to receive updates")[1][:60]
    )


def test_messages_go_to_the_nearest_topic_that_names_somebody(tree: Tree):
    assert tree.drug_checking.contact_recipients == ["health@example.org"]
    tree.harm_reduction.contact_addresses = "one@example.org\n\n two@example.org "
    tree.harm_reduction.save()
    below = type(tree.drug_checking).objects.get(pk=tree.drug_checking.pk)
    assert below.contact_recipients == ["one@example.org", "two@example.org"]
    assert tree.justice.contact_recipients == []  # then the site's are asked


def test_local_help_is_that_of_the_nearest_public_topic_that_has_any(tree: Tree):
    def of(topic: TopicPage) -> str:
        return TopicPage.objects.get(pk=topic.pk).local_help_html

    tree.health.local_help, tree.drug_checking.local_help = "<p>Call 1</p>", "<p>Call 2</p>"
    tree.health.save()
    tree.drug_checking.save()
    assert [of(topic) for topic in (tree.health, tree.harm_reduction, tree.drug_checking)] == [
        "<p>Call 1</p>", "<p>Call 1</p>", "<p>Call 2</p>",
    ]  # fmt: skip
    assert of(tree.justice) == ""
    tree.health.unpublish()
    assert of(tree.harm_reduction) == ""


def test_sensitive_flag_holds_for_the_topics_below(tree: Tree, client: Client):
    assert not tree.health.sensitive
    assert tree.harm_reduction.sensitive
    assert tree.drug_checking.sensitive
    assert "Exit this page" in text(client, "/topics/health/harm-reduction/drug-checking/")
    assert "Exit this page" not in text(client, "/topics/health/")


def test_pages_on_safety_and_help_have_the_exit(tree: Tree, client: Client):
    for name in ("safety", "help", "about"):
        tree.home.add_child(instance=InfoPage(title=name, slug=name))
    tree.settings.safety_page = InfoPage.objects.get(slug="safety")
    tree.settings.help_page = InfoPage.objects.get(slug="help")
    tree.settings.save()
    assert "Exit this page" in text(client, "/safety/")
    assert "Exit this page" in text(client, "/help/")
    assert "Exit this page" not in text(client, "/about/")


def test_work_on_a_sensitive_topic_has_the_exit_too(tree: Tree, client: Client):
    tree.voice(slug="van")
    assert "Exit this page" in text(client, "/voices/van/")


# --- the panel


def test_closed_call_vanishes_on_the_day_after_it_closes(tree: Tree):
    today = timezone.localdate()
    closes = {"Yesterday": today - timedelta(days=1), "Today": today, "Later": today + timedelta(days=9)}
    tree.harm_reduction.open_calls = [
        ("call", {"title": title, "link": "", "closes": day}) for title, day in reversed(list(closes.items()))
    ]
    with noting() as shown:
        assert [call["title"] for call in tree.harm_reduction.calls] == ["Today", "Later"]
    midnight = timezone.make_aware(datetime.combine(today + timedelta(days=1), time()))
    assert shown.until == midnight.timestamp(), "The page is made anew then."


def test_people_stand_in_the_editors_order_and_private_ones_are_left_out(tree: Tree, client: Client):
    people = [PersonFactory(parent=tree.people, title=name) for name in ("Zora", "Anna", "Hidden", "Draft")]
    for place, person in enumerate(people):
        tree.harm_reduction.topic_people.create(person=person, sort_order=place)
    tree.harm_reduction.save()
    PageViewRestriction.objects.create(page=people[2], restriction_type=PageViewRestriction.LOGIN)
    people[3].unpublish()
    topic = type(tree.harm_reduction).objects.get(pk=tree.harm_reduction.pk)
    assert [person.title for person in topic.people] == ["Zora", "Anna"]


def test_empty_parts_of_the_panel_are_left_out(tree: Tree, client: Client):
    shown = text(client)
    for heading in ("Learn More", "For Grant Seekers", "The following"):
        assert heading not in shown
    assert "Contact Us" in shown


def test_unpublished_program_is_not_named(tree: Tree, client: Client):
    program = ProgramFactory(parent=tree.programs, title="Closed down", live=False)
    program.topics = [tree.harm_reduction]
    program.save()
    assert "Closed down" not in text(client)


# --- the tree


def test_topic_of_any_depth_has_its_page_and_its_way_up(tree: Tree, client: Client):
    page = client.get("/topics/health/harm-reduction/drug-checking/").content.decode()
    crumbs = page.split('class="crumbs"')[1].split("</nav>")[0]
    assert re.findall(r'href="([^"]+)"', crumbs) == ["/", "/topics/", "/topics/health/", ADDRESS]


def test_topic_moves_with_its_address_and_its_work(tree: Tree, client: Client):
    tree.voice(title="Strips", primary_topic=tree.drug_checking)
    tree.drug_checking.move(tree.justice, pos="last-child")
    assert "Strips" in text(client, "/topics/justice/drug-checking/")
    assert "Strips" in text(client, "/topics/justice/")
    assert "Strips" not in text(client)


def test_topic_leads_to_the_public_topics_right_below_it(tree: Tree, client: Client):
    TopicFactory(parent=tree.health, title="Unfinished", live=False)
    page = client.get("/topics/health/").content.decode()
    below = page.split('class="subtopics"')[1].split("</nav>")[0]
    assert re.findall(r">([^<>]+)</a>", below) == ["Harm Reduction"]
    assert "Topics within Drug Checking" not in client.get(f"{ADDRESS}drug-checking/").content.decode()


def test_sign_up_bar_skips_an_area_that_is_not_public(tree: Tree, client: Client):
    tree.health.expire_at = timezone.now() - timedelta(minutes=1)
    tree.health.save()
    assert "updates about our work in Health" not in text(client)


def test_links_in_the_panel_lead_to_public_pages_only(tree: Tree, client: Client):
    draft = TopicFactory(parent=tree.justice, title="Draft", live=False)
    links = "".join(f'<a linktype="page" id="{page.pk}">{page.title}</a> ' for page in (tree.justice, draft))
    tree.harm_reduction.learn_more = f"<p>{links}</p>"
    tree.harm_reduction.save()
    page = client.get(ADDRESS).content.decode()
    assert '<a href="/topics/justice/">Justice</a> <a>Draft</a>' in page


def test_home_lists_areas_with_their_topics(tree: Tree, client: Client):
    shown = text(client, "/")
    assert "Health Harm Reduction" in shown
    assert "Justice" in shown
    assert "Drug Checking" not in shown.split("Latest Work")[0]


def test_menu_shows_the_public_sections_that_ask_for_it(tree: Tree, client: Client):
    tree.programs.unpublish()
    page = client.get("/").content.decode()
    menu = page.split('aria-label="Main"')[1].split("</nav>")[0]
    assert re.findall(r">([^<>]+)</a>", menu) == ["Topics", "Voices", "Events", "Publications"]
