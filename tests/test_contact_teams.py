"""Whose messages somebody sees: those to the topics of her team, by whatever address."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from wagtail.models import Site

from contact.models import Message
from harmhub.models import SiteSettings
from harmhub.users.models import User
from tests.factories import Tree

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


def test_superuser_sees_all(health_team, sent):
    assert len(seen(User.objects.create_superuser("root", password="x"))) == 4


@pytest.mark.parametrize(
    "path",
    [
        "{list}inspect/{pk}/",
        "{list}history/{pk}/",
        "{list}history-results/{pk}/",
        "{list}inspect/{pk}/close/",
        "{list}inspect/{pk}/quarantine/",
    ],
)
def test_messages_of_another_team_are_not_there_by_any_address(health_team, sent, path: str):
    other, own = client_of(member()), client_of(member("Health team"))
    address = path.format(list=LIST, pk=sent["harm"].pk)
    assert own.get(address).status_code == 200
    assert other.get(address).status_code == 404
    assert other.post(address).status_code in (404, 405)
    sent["harm"].refresh_from_db()
    assert not sent["harm"].closed_at
    assert not sent["harm"].quarantined_at


@pytest.mark.parametrize("query", ["", "?q={reference}", "?topic={topic}", "?export=csv"])
def test_nor_in_listing_search_filter_and_export(health_team, sent, query: str):
    hidden = sent["harm"]
    address = LIST + query.format(reference=hidden.reference, topic=hidden.topic_id)
    mark = "About harm" if "export" in query else f"{LIST}inspect/{hidden.pk}/"
    assert mark in b"".join(client_of(member("Health team")).get(address)).decode()
    assert mark not in b"".join(client_of(member()).get(address)).decode()
