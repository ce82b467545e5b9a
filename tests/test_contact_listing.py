"""The listing of the inbox: what waits first, states as tabs, filters."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from contact.models import Message
from tests.fixtures.inbox import member, written


@pytest.fixture
def messages(tree, ana) -> dict[str, Message]:
    """One message in each state, by the name of the state."""
    now = timezone.now()
    later = now + timedelta(hours=1)
    return {
        "new": written(tree.justice),
        "mine": written(tree.justice, assigned_to=ana, language="fr"),
        "other": written(tree.health, assigned_to=member("ben")),
        "answered": written(tree.health, heard_at=now, answered_at=later),
        "asked again": written(tree.health, heard_at=later, answered_at=now),
        "closed": written(tree.health, closed_at=now),
        "spam": written(tree.health, quarantined_at=now, quarantine_reason="editor"),
    }


def shown(client, messages: dict[str, Message], path: str = "message:index", **query: str) -> set[str]:
    answer = client.get(reverse(path), query)
    assert answer.status_code == 200
    found = {message.pk for message in answer.context["object_list"]}
    return {name for name, message in messages.items() if message.pk in found}


def test_what_waits_is_shown_first(desk, messages):
    assert shown(desk, messages) == {"new", "mine", "other", "asked again"}


@pytest.mark.parametrize(
    ("state", "names"),
    [
        ("new", {"new"}),
        ("mine", {"mine"}),
        ("waiting", {"new", "mine", "other", "asked again"}),
        ("answered", {"answered"}),
        ("open", {"new", "mine", "other", "asked again", "answered"}),
        ("closed", {"closed"}),
        ("quarantined", {"spam"}),
    ],
)
@pytest.mark.parametrize("path", ["message:index", "message:index_results"])
def test_each_state_has_a_tab_with_its_number(desk, messages, path, state, names):
    assert shown(desk, messages, path, state=state) == names
    tabs = desk.get(reverse(path), {"state": state}).context["tabs"]
    current = [tab for tab in tabs if tab["is_current"]]
    assert [tab["count"] for tab in current] == ([len(names)] if state != "open" else [])


def test_all_numbers_are_one_query(desk, ana, messages):
    with CaptureQueriesContext(connection) as queries:
        counts = Message.objects.counts(ana)
    assert len(queries) == 1
    assert (counts["waiting"], counts["mine"], counts["quarantined"]) == (4, 1, 1)


def test_who_searches_searches_all_states(desk, messages):
    assert shown(desk, messages, q=messages["spam"].reference) == {"spam"}
    assert shown(desk, messages, q=messages["closed"].reference, state="waiting") == set()


def test_messages_are_filtered_by_language_age_and_who_has_them(desk, ana, messages):
    assert shown(desk, messages, language="fr") == {"mine"}
    assert shown(desk, messages, assigned_to=str(ana.pk)) == {"mine"}
    assert shown(desk, messages, assigned_to="null") == {"new", "asked again"}
    Message.objects.filter(pk=messages["new"].pk).update(received_at=timezone.now() - timedelta(days=31))
    assert shown(desk, messages, age="7") == shown(desk, messages, age="30") == {"new"}
    assert shown(desk, messages, age="90") == set()


def test_a_tab_keeps_the_filters(desk, messages, tree):
    tabs = desk.get(reverse("message:index"), {"topic": str(tree.health.pk), "p": "1"}).context["tabs"]
    assert all(f"topic={tree.health.pk}&state=" in tab["address"] for tab in tabs)


@pytest.mark.parametrize(
    "name", ["state", "age", "language", "assigned_to", "topic", "received_at_from", "p"]
)
@pytest.mark.parametrize("value", ["seen_by", "-1", "9" * 30, "'", "ü", "null"])
def test_no_filter_makes_it_fail(desk, messages, name, value):
    assert desk.get(reverse("message:index"), {name: value}).status_code in (200, 404)


def test_topic_language_and_who_has_it_are_shown(desk, messages):
    page = desk.get(reverse("message:index"), {"state": "mine"}).content.decode()
    for words in ("Justice", "Français", "ana", "Waiting"):
        assert words in page
