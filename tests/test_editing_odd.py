"""Odd titles, days and times in the editing forms: taken where they mean something, else refused in words."""

from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from wagtail.models import Page
from wagtail.users.models import UserProfile

from content.models import VoicesPage
from harmhub.users.models import User
from tests.factories import Tree
from tests.fixtures.editing import (
    addresses,
    each_kind,
    edit_url,
    errors_of,
    filled,
    form_at,
    new_form_at,
    rest,
)

pytestmark = pytest.mark.django_db


def published(admin_client: Client, page: Page, **fields: str):
    """Return the answer to publishing a page with other values in its form."""
    return admin_client.post(
        edit_url(page), filled(form_at(admin_client, edit_url(page)), **fields) | {"action-publish": "1"}
    )


@each_kind
def test_title_without_a_letter_has_an_address(tree: Tree, admin_client: Client, model: type[Page]):
    url, _preview = addresses(tree, model)
    form = filled(new_form_at(admin_client, url), title="… ?!", **rest(tree, model))
    for slug in ("", "-"):
        answer = admin_client.post(url, form | {"slug": slug, "action-publish": "1"})
        assert answer.status_code == 302, errors_of(answer)
    made = model.objects.filter(title="… ?!")
    assert set(made.values_list("slug", flat=True)) == {"page", "page-2"}


def test_longest_title_twice_has_two_addresses(tree: Tree, admin_client: Client):
    url, _preview = addresses(tree, VoicesPage)
    form = filled(new_form_at(admin_client, url), title="t" * 255, slug="t" * 255, **rest(tree, VoicesPage))
    for _time in range(2):
        assert admin_client.post(url, form).status_code == 302
    assert VoicesPage.objects.filter(slug="t" * 250 + "-2").exists()


def test_call_that_closes_on_the_last_of_all_days_is_shown(tree: Tree, admin_client: Client, client: Client):
    block = {"deleted": "", "order": "0", "type": "call", "id": ""}
    block |= {"value-title": "Open at all times", "value-link": "", "value-closes": "9999-12-31"}
    call = {"open_calls-count": "1"} | {f"open_calls-0-{name}": value for name, value in block.items()}
    assert published(admin_client, tree.harm_reduction, **call).status_code == 302
    assert "Open at all times" in client.get(tree.harm_reduction.get_url()).content.decode()


def test_list_of_works_tells_the_published_date_as_a_day(tree: Tree, admin_client: Client):
    today = timezone.localdate()
    for days in (0, 40):
        tree.voice(published_on=today + timedelta(days=days))
    cells = BeautifulSoup(admin_client.get("/admin/voices/").content, "html.parser").select("tbody td")
    told = [cell.get_text(strip=True) for cell in cells]
    for days in (0, 40):
        assert date_format(today + timedelta(days=days), "j M Y") in told


@pytest.mark.parametrize(
    ("name", "zone", "at"),
    [
        ("expire_at", "America/New_York", "9999-12-31 23:59"),
        ("go_live_at", "Asia/Tokyo", "0001-01-01 00:00"),
    ],
)
def test_time_of_a_schedule_that_no_calendar_has_is_refused_in_words(
    tree: Tree, admin_client: Client, admin_user: User, name: str, zone: str, at: str
):
    profile = UserProfile.get_for_user(admin_user)
    profile.current_time_zone = zone
    profile.save()
    answer = published(admin_client, tree.voice(), **{name: at})
    assert answer.status_code == 200
    # In the dialog of the schedule, which lies in a template.
    assert "There is no such year in our calendar." in answer.content.decode()


def test_text_that_is_far_too_long_to_be_read_is_called_that(tree: Tree, admin_client: Client):
    url, _preview = addresses(tree, VoicesPage)
    form = filled(new_form_at(admin_client, url), title="Pasted", summary="word " * 500_000)
    response = admin_client.post(url, form)
    assert response.status_code == 413
    assert "That was too long" in response.content.decode()


def listed(admin_client: Client, kind: str, query: str = "") -> list[str]:
    """Return the titles in the list of works of a kind, in its order."""
    answer = admin_client.get(f"/admin/{kind}/{query}")
    assert answer.status_code == 200
    titles = BeautifulSoup(answer.content, "html.parser").select("tbody .title .title-wrapper")
    return [title.get_text(" ", strip=True) for title in titles]


def test_list_of_works_finds_those_without_a_topic(tree: Tree, admin_client: Client):
    tree.voice(title="About something")
    nothing = tree.voice(title="About nothing")
    VoicesPage.objects.filter(pk=nothing.pk).update(primary_topic=None)
    query = "?primary_topic=null"
    assert listed(admin_client, "voices", query) == ["About nothing"]
    pill = BeautifulSoup(admin_client.get(f"/admin/voices/{query}").content, "html.parser").select_one(
        ".w-pill"
    )
    assert "Topic: No topic" in " ".join(pill.get_text(" ", strip=True).split())
    about = f"?primary_topic={tree.harm_reduction.pk}"
    assert listed(admin_client, "voices", about) == ["About something"]


@pytest.mark.parametrize(
    ("kind", "query"), [("voices", ""), ("voices", "?ordering=published_on"), ("events", "")]
)
def test_of_works_of_one_day_the_newest_is_listed_first(
    tree: Tree, admin_client: Client, kind: str, query: str
):
    start = timezone.now()
    titles = [f"Work {number}" for number in range(20)]
    for title in titles:
        _work = tree.voice(title=title) if kind == "voices" else tree.event(title=title, starts_at=start)
    assert listed(admin_client, kind, query) == titles[::-1]


def test_works_are_searched_in_any_order(tree: Tree, admin_client: Client):
    tree.voice(title="Work")
    for order in ("", "&ordering=published_on"):
        assert admin_client.get(f"/admin/voices/?q=work{order}").status_code == 200


def ahead(days: int) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("fields", "is_taken"),
    [
        ({"published_on": "2099-01-01"}, False),
        ({"published_on": "9999-12-31"}, False),
        ({"published_on": ahead(370)}, False),
        ({"published_on": ahead(360)}, True),
        ({"published_on": "1985-03-01"}, True),
        # Scheduled, and dated to that day.
        ({"published_on": ahead(500), "go_live_at": f"{ahead(500)} 08:00"}, True),
        ({"published_on": ahead(900), "go_live_at": f"{ahead(500)} 08:00"}, False),
    ],
)
def test_published_date_far_ahead_is_refused_when_published(
    tree: Tree, admin_client: Client, fields: dict, is_taken: bool
):
    answer = published(admin_client, tree.voice(live=False), **fields)
    assert (answer.status_code == 302) == is_taken
    assert is_taken or "Is the year right?" in errors_of(answer)


def test_published_date_far_ahead_is_kept_in_a_draft(tree: Tree, admin_client: Client):
    page = tree.voice(live=False)
    draft = filled(form_at(admin_client, edit_url(page)), published_on="2099-01-01")
    assert admin_client.post(edit_url(page), draft).status_code == 302
    assert VoicesPage.objects.get(pk=page.pk).published_on == date(2099, 1, 1)
