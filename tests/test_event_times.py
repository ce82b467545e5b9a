"""The times of events in the admin: typed, stored and shown as the clocks of the place show them."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from wagtail.users.models import UserProfile

from content.models import EventPage
from harmhub.users.models import User
from tests.fixtures.editing import (
    addresses,
    autosaved,
    edit_url,
    errors_of,
    filled,
    form_at,
    new_form_at,
    rest,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor_in_tokyo(editor) -> Client:
    UserProfile.objects.create(user=User.objects.get(username="Editors"), current_time_zone="Asia/Tokyo")
    return editor


def test_event_is_typed_stored_and_shown_in_its_own_time(tree, editor_in_tokyo):
    url, preview = addresses(tree, EventPage)
    times = {"starts_at": "2027-03-01 18:30", "ends_at": "2027-03-01 20:00", "time_zone": "Europe/Lisbon"}
    form = filled(new_form_at(editor_in_tokyo, url), title="Talk", slug="talk", **times)
    assert editor_in_tokyo.post(preview, form).json()["is_valid"]
    assert "18:30 – 20:00, Lisbon time (WET)" in editor_in_tokyo.get(preview).content.decode()
    page = EventPage.objects.get(pk=autosaved(editor_in_tokyo, url, form)["pk"])
    assert page.starts_at == datetime(2027, 3, 1, 18, 30, tzinfo=UTC)
    summer = filled(form_at(editor_in_tokyo, edit_url(page)), starts_at="2027-07-01 18:30", ends_at="")
    assert summer["time_zone"] == "Europe/Lisbon"
    autosaved(editor_in_tokyo, edit_url(page), summer)
    page.refresh_from_db()
    assert page.get_latest_revision_as_object().starts_at == datetime(2027, 7, 1, 17, 30, tzinfo=UTC)
    assert form_at(editor_in_tokyo, edit_url(page))["starts_at"] == "2027-07-01 18:30"


@pytest.mark.parametrize("hour", [0, 1])  # the clocks of Lisbon show 01:30 twice in this night
def test_saving_an_event_again_moves_it_by_no_minute(tree, editor_in_tokyo, hour):
    starts_at = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
    event = tree.event(slug="talk", starts_at=starts_at, time_zone="Europe/Lisbon")
    form = form_at(editor_in_tokyo, edit_url(event))
    assert form["starts_at"] == "2026-10-25 01:30"
    autosaved(editor_in_tokyo, edit_url(event), form.dict())
    event.refresh_from_db()
    assert event.get_latest_revision_as_object().starts_at == starts_at


WRONG_TIMES = {
    "an hour that the clocks skip": (
        {"starts_at": "2027-03-28 01:30", "time_zone": "Europe/Lisbon"},
        "the clocks go forward",
    ),
    "an end before the start": (
        {"starts_at": "2027-03-01 18:30", "ends_at": "2027-03-01 18:00"},
        "ends before it starts",
    ),
    "no date": ({"starts_at": "tomorrow"}, "Write day and time like 2027-03-28 18:30."),
    "the first year": ({"starts_at": "0001-01-01 00:00", "time_zone": "Asia/Tokyo"}, "no such year"),
    "no time zone": (
        {"starts_at": "2027-03-01 18:30", "time_zone": "Mars/Base"},
        "not one of the available choices",
    ),
}


def test_impossible_time_is_refused_in_words(tree, moderator):
    url, preview = addresses(tree, EventPage)
    form = filled(new_form_at(moderator, url), title="Talk", slug="talk", **rest(tree, EventPage))
    for fields, words in WRONG_TIMES.values():
        answer = moderator.post(url, form | fields, headers={"accept": "application/json"})
        assert answer.json()["error_code"] == "validation_error"
        assert words in errors_of(moderator.post(url, form | fields | {"action-publish": "yes"}))
        assert not moderator.post(preview, form | fields).json()["is_valid"]


def test_event_in_a_zone_that_is_no_longer_offered_keeps_it(tree, editor):
    event = tree.event(slug="talk", time_zone="US/Eastern")
    form = form_at(editor, edit_url(event))
    assert form["time_zone"] == "US/Eastern"
    assert autosaved(editor, edit_url(event), form.dict())["success"]
