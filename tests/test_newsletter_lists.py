"""What can be followed: every listing that can be looked at, several of them in one sign-up."""

import re
from urllib.parse import quote

import pytest
from django.test import Client

from content.models import VoicesPage
from harmhub.mail.models import Mail
from newsletter.models import List, Pace, SignUp, Subscription
from newsletter.tasks import forget, sign_ups
from tests.factories import TopicFactory, Tree
from tests.fixtures.following import READER, Clock, fresh, mails, told
from topics.kinds import Kind

pytestmark = pytest.mark.django_db
HARM_REDUCTION = "/topics/health/harm-reduction/"


@pytest.fixture
def tagged(tree: Tree) -> VoicesPage:
    """A work of the tree's program with a tag."""
    work = tree.voice(title="Of the archive")
    work.programs = [tree.program]
    work.tags.add("Naloxone")
    work.save_revision().publish()
    return work


@pytest.fixture
def spelled(tree: Tree) -> VoicesPage:
    """A work of a topic, and with a tag, whose addresses are not ASCII."""
    topic = TopicFactory(parent=tree.topics, title="Prävention", slug="prävention")
    work = tree.voice(title="Of the street", primary_topic=topic)
    work.tags.add("für alle")
    work.save_revision().publish()
    return work


def confirmed(reader: Client, **form) -> list[str]:
    """Sign up and press the button; return what is followed then."""
    answer = reader.post("/newsletter/", {"email": READER, "on_page": "on"} | form)
    assert answer.status_code == 200, answer.content.decode()
    sign_ups()
    [mail] = Mail.objects.filter(purpose="newsletter-confirmation")
    link = re.search(r"http://testserver(/newsletter/confirm/\S+)", mail.content["text"])[1]
    names = sorted(each.list_name for each in Subscription.objects.pending().named())
    for name in names:
        assert name in mail.content["text"]
        assert name in reader.get(link).content.decode()
    assert reader.post(link).status_code == 200
    assert names == sorted(each.list_name for each in Subscription.objects.active().named())
    return names


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (HARM_REDUCTION, "Harm Reduction"),
        (f"{HARM_REDUCTION}voices/", "Harm Reduction · Voices"),
        (f"{HARM_REDUCTION}voices/program/health-and-rights/", "Harm Reduction · Voices · Health and Rights"),
        (f"{HARM_REDUCTION}tag/naloxone/", "Harm Reduction · Naloxone"),
        ("/programs/health-and-rights/", "Health and Rights"),
        ("/programs/health-and-rights/events/", "Health and Rights · Events"),
        ("/people/nadia-brenner/", "Nadia Brenner"),
        ("/voices/", "Fennmark Foundation · Voices"),
        ("/voices/tag/naloxone/", "Fennmark Foundation · Voices · Naloxone"),
        ("/topics/prävention/", "Prävention"),
        ("/topics/prävention/voices/tag/für-alle/", "Prävention · Voices · für alle"),
    ],
)
def test_listing_is_followed_by_the_link_on_it(
    reader: Client, tree: Tree, tagged: VoicesPage, spelled: VoicesPage, path: str, name: str
):
    shown = reader.get(path).content.decode()
    [link] = re.findall(r'href="(/newsletter/\?of=[^"]+)"[^>]*>(?:Get what|updates by)', shown)
    page = reader.get(link).content.decode()
    [of] = re.findall(r'name="of" value="([^"]+)" checked', page)
    assert of == path
    assert name in page
    assert confirmed(reader, of=of) == [name]
    assert SignUp.objects.count() == 0


def test_topic_is_followed_by_the_link_in_the_footer(reader: Client, spelled: VoicesPage):
    shown = reader.get("/topics/prävention/").content.decode()
    [link] = re.findall(r'href="(/newsletter/\?of=[^"]+)"[^>]*>Updates by e-mail', shown)
    [of] = re.findall(r'name="of" value="([^"]+)" checked', reader.get(link).content.decode())
    assert confirmed(reader, of=of) == ["Prävention"]


def test_topic_in_the_address_of_the_form_is_chosen(reader: Client, tree: Tree):
    box = f'name="topic" value="{tree.health.pk}"'
    for asked, is_chosen in ((tree.health.pk, True), (tree.justice.pk, False), ("x", False), ("", False)):
        page = reader.get("/newsletter/", {"topic": asked}).content.decode()
        assert box in page
        assert (f"{box} checked" in page) == is_chosen


def test_older_page_of_one_year_leads_to_the_whole_listing(reader: Client, tree: Tree, tagged: VoicesPage):
    year = tagged.published_on.year
    page = reader.get(f"/newsletter/?of={quote(f'{HARM_REDUCTION}{year}/')}").content.decode()
    assert "<bdi>Harm Reduction</bdi>" in page


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere/",
        "/topics/",
        "/",
        "/admin/",
        "x",
        "//evil.example/",
        "http://evil.example/",
        f"{HARM_REDUCTION}tag/unknown/",
        f"{HARM_REDUCTION}program/unknown/",
        "/ar/topics/health/",
        "/" + "a" * 2_000,
        "/topics/é/",
        "/topics/%00/",
        "/topics/%FF/",
    ],
)
def test_what_is_no_listing_is_not_offered_and_refused(reader: Client, tree: Tree, path: str):
    page = reader.get(f"/newsletter/?of={quote(path)}")
    assert page.status_code == 200
    assert 'name="of"' not in page.content.decode()
    answer = reader.post("/newsletter/", {"email": READER, "of": path})
    assert answer.status_code == 422
    assert not SignUp.objects.exists()
    assert not List.objects.exists()


def test_listing_that_is_not_public_is_none(reader: Client, tree: Tree):
    tree.harm_reduction.unpublish()
    assert 'name="of"' not in reader.get(f"/newsletter/?of={HARM_REDUCTION}").content.decode()
    assert reader.post("/newsletter/", {"email": READER, "of": HARM_REDUCTION}).status_code == 422


def test_several_topics_and_kinds_are_one_sign_up_one_mail_and_one_press(reader: Client, tree: Tree):
    tree.justice.has_newsletter = True
    tree.justice.save()
    names = confirmed(
        reader,
        topic=[tree.health.pk, tree.justice.pk],
        kind=["voices", "event"],
        of=f"{HARM_REDUCTION}publications/",
        pace="monthly",
    )
    assert names == [
        "Harm Reduction · Publications",
        "Health · Events",
        "Health · Voices",
        "Justice · Events",
        "Justice · Voices",
    ]
    assert set(Subscription.objects.values_list("pace", flat=True)) == {"monthly"}
    wordings = {consent.wording for each in Subscription.objects.all() for consent in each.consents.all()}
    assert len(wordings) == 1
    assert all(name in next(iter(wordings)) for name in names)
    assert Mail.objects.filter(purpose="newsletter-welcome").count() == 1
    link = re.search(r"http://testserver(/newsletter/leave/\S+)", mails()[-1].content["text"])[1]
    reader.post(link)
    assert not Subscription.objects.active().exists()


def test_all_kinds_are_as_none(reader: Client, tree: Tree):
    assert confirmed(reader, everything="on", kind=[*Kind.values]) == ["Fennmark Foundation"]


def test_on_the_page_something_has_to_be_chosen(reader: Client, tree: Tree):
    answer = reader.post(
        "/newsletter/", {"email": READER, "on_page": "on", "kind": "event", "discreet": "on"}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose what you want to hear about" in page
    assert 'name="kind" value="event" checked' in page
    assert 'name="discreet" checked' in page


def test_each_list_is_told_of_its_own_work_and_no_work_twice(tree: Tree, clock: Clock, tagged: VoicesPage):
    topic, locale = tree.harm_reduction, tree.harm_reduction.locale
    tag = tagged.tags.get()
    lists = {
        "voices": List(page=topic, locale=locale, kind="voices"),
        "events": List(page=topic, locale=locale, kind="event"),
        "program": List(page=tree.program, locale=locale),
        "tag": List(page=topic, locale=locale, tag=tag),
        "both": List(page=topic, locale=locale, kind="voices", program=tree.program, tag=tag),
        "everything": List(locale=locale, kind="event", tag=tag),
    }
    for name, about in lists.items():
        kept = List.objects.kept(about)
        clock.follow(kept, address=f"{name}@example.org")
        clock.follow(kept, address=READER)
    date = {"published_on": clock.now.date()}
    tree.voice(title="Plain", **date)
    marked = tree.voice(title="Marked", **date)
    event = tree.event(title="Evening", primary_topic=tree.justice, **date)
    for work, programs in ((marked, [tree.program]), (event, [])):
        work.tags.add("Naloxone")
        work.programs = programs
        work.save_revision().publish()
    clock.pass_()
    assert {name: sorted(told(f"{name}@example.org")) for name in lists} == {
        "voices": ["Marked", "Plain"],
        "events": [],
        "program": ["Marked"],
        "tag": ["Marked"],
        "both": ["Marked"],
        "everything": ["Evening"],
    }
    assert sorted(told(READER)) == ["Evening", "Marked", "Plain"]
    assert len(mails(READER)) == 1


def test_list_goes_with_its_tag_or_page_and_one_that_nobody_followed_by_itself(
    reader: Client, tree: Tree, clock: Clock, tagged: VoicesPage
):
    tag = tagged.tags.get()
    kept = List.objects.kept(List(page=tree.health, locale=tree.health.locale, tag=tag))
    clock.follow(kept, Pace.DAILY)
    reader.post("/newsletter/", {"email": READER, "of": "/voices/"})
    SignUp.objects.all().delete()
    assert List.objects.count() == 2
    forget(timestamp=0)
    assert list(List.objects.all()) == [kept]
    tag.delete()
    assert not Subscription.objects.exists()
    fresh(tree, "News")
    clock.pass_(days=2)
    assert told() == []
