"""Whose messages somebody sees: those to the topics of her team, by whatever address."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from wagtail.models import Locale, Site

from contact import message_page
from contact.models import Message
from contact.numbers import standings
from harmhub.models import SiteSettings
from harmhub.users.models import User
from tests.factories import Tree
from topics.models import TopicPage

pytestmark = pytest.mark.django_db
LIST = "/admin/messages/"


def member(*groups: str) -> User:
    """Return a user of these groups who may do everything with messages."""
    user = User.objects.create_user(username="-".join(groups) or "nobody", password="x")
    user.groups.set([Group.objects.get_or_create(name=name)[0] for name in (*groups, "Moderators")])
    return user


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def health_team(tree: Tree) -> Group:
    team = Group.objects.create(name="Health team")
    tree.health.team = team
    tree.health.save()
    return team


@pytest.fixture
def sent(tree: Tree) -> dict[str, Message]:
    topics = {"drugs": tree.drug_checking, "harm": tree.harm_reduction, "justice": tree.justice, "gone": None}
    return {
        name: Message.objects.create(topic=topic, language="en", text=f"About {name}")
        for name, topic in topics.items()
    }


def seen(user: User) -> set[str]:
    return {message.text.split()[-1] for message in Message.objects.seen_by(user)}


def test_without_teams_all_who_may_see_messages_see_all(sent):
    assert seen(member()) == {"drugs", "harm", "justice", "gone"}


def test_team_sees_what_is_sent_to_its_topic_and_below(health_team, sent):
    assert seen(member("Health team")) == {"drugs", "harm", "justice", "gone"}
    assert seen(member()) == {"justice", "gone"}


def test_nearest_team_counts(tree: Tree, health_team, sent):
    nearer = Group.objects.create(name="Drug team")
    tree.drug_checking.team = nearer
    tree.drug_checking.save()
    assert "drugs" not in seen(member("Health team"))
    assert "drugs" in seen(member("Drug team"))


def test_the_site_s_team_sees_what_no_topic_s_team_does(tree: Tree, health_team, sent):
    settings = SiteSettings.for_site(Site.objects.get(is_default_site=True))
    settings.team = Group.objects.create(name="Office")
    settings.save()
    assert seen(member("Office")) == {"justice", "gone"}
    assert seen(member("Health team")) == {"drugs", "harm"}
    assert seen(member()) == set()


def test_messages_move_with_their_topic(tree: Tree, health_team, sent):
    tree.justice.move(tree.health, "last-child")
    assert "justice" not in seen(member())
    assert "justice" in seen(member("Health team"))


def test_team_of_a_topic_is_that_of_its_translations(tree: Tree, health_team):
    french = Locale.objects.create(language_code="fr")
    tree.home.copy_for_translation(french)
    topic = tree.harm_reduction.copy_for_translation(french, copy_parents=True)
    TopicPage.objects.filter(locale=french).update(team=None)
    message = Message.objects.create(topic=topic, language="fr", text="À la santé")
    assert Message.objects.seen_by(member("Health team")).get() == message
    assert not Message.objects.seen_by(member()).exists()
    assert topic.has_team


def test_messages_of_a_team_that_was_deleted_are_for_nobody(health_team, sent):
    health_team.delete()
    assert seen(member()) == {"justice", "gone"}
    assert len(seen(User.objects.create_superuser("root", password="x"))) == 4


def test_superuser_sees_all(health_team, sent):
    assert len(seen(User.objects.create_superuser("root", password="x"))) == 4


ACTS = (
    *("take", "assign", "unassign", "note", "answer", "close", "reopen"),
    *("quarantine", "restore", "move", "merge", "separate"),
)


@pytest.mark.parametrize(
    "path",
    [
        "{list}inspect/{pk}/",
        "{list}history/{pk}/",
        "{list}history-results/{pk}/",
        *(f"{{list}}inspect/{{pk}}/{act}/" for act in ACTS),
    ],
)
def test_messages_of_another_team_are_not_there_by_any_address(health_team, sent, path: str):
    other, own = client_of(member()), client_of(member("Health team"))
    hidden = sent["harm"]
    before = Message.objects.filter(pk=hidden.pk).values().get()
    address = path.format(list=LIST, pk=hidden.pk)
    assert own.get(address).status_code in (200, 302)
    assert other.get(address).status_code == 404
    typed = {"text": "Hello", "last": "", "to": "1", "topic": str(sent["justice"].topic_id)}
    typed |= {"reference": sent["justice"].reference}
    assert other.post(address, typed).status_code in (404, 405)
    assert Message.objects.filter(pk=hidden.pk).values().get() == before
    assert not hidden.turns.exists()


def test_every_act_of_the_inbox_is_among_those():
    assert set(ACTS) == set(message_page.ACTS)


QUERIES = [
    *("", "?q={reference}", "?topic={topic}", "?export=csv", "?state=all", "?state=all&export=csv"),
    *("?q={reference}&export=csv", "?age=7&state=all", "?language=en", "?assigned_to=null", "?state=mine"),
]


@pytest.mark.parametrize("results", ["", "results/"])
@pytest.mark.parametrize("query", QUERIES)
def test_nor_in_listing_search_filter_and_export(health_team, sent, query: str, results: str):
    hidden = sent["harm"]
    old = hidden.received_at - timedelta(days=9)
    own = member("Health team")
    Message.objects.update(received_at=old, assigned_to=own if "mine" in query else None)
    address = LIST + results + query.format(reference=hidden.reference, topic=hidden.topic_id)
    marks = [hidden.reference, f"{LIST}inspect/{hidden.pk}/", "About harm"]
    found = b"".join(client_of(own).get(address)).decode()
    assert any(mark in found for mark in marks)
    found = b"".join(client_of(member()).get(address)).decode()
    marks = marks[1:] if "q=" in query else marks  # what one looks for is repeated on the page
    assert not any(mark in found for mark in marks)


def test_nor_are_they_counted_or_named_in_filters(health_team, sent):
    own, other = member("Health team"), member()
    Message.objects.filter(pk=sent["harm"].pk).update(assigned_to=own)
    page = client_of(other).get(f"{LIST}?state=all")
    assert {str(tab["label"]): tab["count"] for tab in page.context["tabs"]} == {
        **{"New": 2, "Mine": 0, "Waiting": 2, "Answered": 0, "Closed": 0, "Spam": 0, "All": 2}
    }
    form = page.context["filters"].form
    assert [topic.title for topic in form.fields["topic"].queryset] == ["Justice"]
    assert not form.fields["assigned_to"].queryset.exists()


def test_a_double_of_another_team_is_not_named(health_team, sent):
    Message.objects.filter(pk=sent["justice"].pk).update(double_of=sent["harm"])
    Message.objects.filter(pk=sent["gone"].pk).update(double_of=sent["justice"])
    page = client_of(member()).get(f"{LIST}inspect/{sent['justice'].pk}/").content.decode()
    assert sent["gone"].reference in page
    assert sent["harm"].reference not in page


def test_the_report_is_of_one_s_own_topics(tree: Tree, health_team, sent):
    long_ago = timezone.now() - timedelta(days=30)
    Message.objects.update(heard_at=long_ago)
    assert [row.topic for row in standings(member())] == ["Justice", None]
    assert {row.topic for row in standings(member("Health team"))} == {
        "Harm Reduction",
        "Drug Checking",
        "Justice",
        None,
    }


def test_messages_to_a_topic_move_out_of_sight_with_it_while_they_are_open(tree: Tree, health_team, sent):
    page = f"{LIST}inspect/{sent['justice'].pk}/"
    other = client_of(member())
    assert other.get(page).status_code == 200
    tree.justice.move(tree.health, "last-child")
    assert other.get(page).status_code == 404


@pytest.mark.parametrize("export", ["", "csv"])
def test_the_history_of_the_site_tells_nothing_of_messages_of_another_team(health_team, sent, export: str):
    own, other, root = member("Health team"), member(), User.objects.create_superuser("root", password="x")
    for message in sent.values():
        client_of(own).get(f"{LIST}inspect/{message.pk}/")

    def told(user: User) -> set[str]:
        query = {"export": export} if export else {}
        page = b"".join(client_of(user).get("/admin/reports/site-history/", query)).decode()
        return {name for name, message in sent.items() if message.reference in page}

    assert told(own) == told(root) == {"drugs", "harm", "justice", "gone"}
    assert told(other) == {"justice", "gone"}
    sent["justice"].delete()
    assert told(other) == {"gone"}
    assert "justice" in told(root)
