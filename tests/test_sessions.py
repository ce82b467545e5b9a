"""Sessions end by the server's clock, are listed to whom they belong, and can be ended by her."""

import re
import time
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from harmhub.tasks import forget_sessions
from harmhub.users.models import IDLE, LONGEST, Session
from harmhub.users.sessions import SessionStore, kept_as

pytestmark = pytest.mark.django_db

PASSWORD = "a long pass phrase of mine"
LOGIN, ACCOUNT, SIGN_IN, END = (
    "/admin/login/",
    "/admin/account/",
    "/admin/account/sign-in/",
    "/admin/account/sign-in/end/",
)
A_MINUTE = timedelta(minutes=1)


@pytest.fixture
def ana(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return get_user_model().objects.create_superuser(
        "ana", "ana@example.org", PASSWORD, first_name="Ana", last_name="Silva"
    )


@pytest.fixture
def clock(monkeypatch):
    """A function that puts the server's clock forward or back, for Python and for sessions."""
    real_now, real_time = timezone.now, time.time
    passed = timedelta()

    def put(by: timedelta) -> None:
        nonlocal passed
        passed += by

    monkeypatch.setattr(timezone, "now", lambda: real_now() + passed)
    monkeypatch.setattr(time, "time", lambda: real_time() + passed.total_seconds())
    return put


def signed_in() -> Client:
    client = Client()
    assert client.post(LOGIN, {"username": "ana", "password": PASSWORD}).status_code == 302
    return client


def is_in(client) -> bool:
    return client.get(SIGN_IN).status_code == 200


def test_session_ends_after_half_an_hour_without_activity(ana, clock):
    client = signed_in()
    clock(IDLE - A_MINUTE)
    assert is_in(client)
    clock(IDLE - A_MINUTE)
    assert is_in(client)
    clock(IDLE + A_MINUTE)
    assert not is_in(client)


def test_session_ends_twelve_hours_after_it_began_however_busy(ana, clock):
    client = signed_in()
    for _each in range(35):
        clock(timedelta(minutes=20))
        assert is_in(client)
    clock(timedelta(minutes=19))
    assert is_in(client)
    clock(timedelta(minutes=2))
    assert not is_in(client)


def test_open_page_that_asks_who_else_edits_is_no_activity(ana, clock, tree):
    client = signed_in()
    page = client.get(reverse("wagtailadmin_pages:edit", args=[tree.health.pk])).content.decode()
    ping = re.search(r"/admin/editing-sessions/ping/[\w/]+/", page)[0]
    for _each in range(5):
        clock(timedelta(minutes=7))
        answer = client.post(ping)
    assert answer.status_code != 200
    assert not is_in(client)


def test_ping_is_answered_while_somebody_is_there(ana, clock, tree):
    client = signed_in()
    page = client.get(reverse("wagtailadmin_pages:edit", args=[tree.health.pk])).content.decode()
    ping = re.search(r"/admin/editing-sessions/ping/[\w/]+/", page)[0]
    clock(A_MINUTE)
    assert client.post(ping).status_code == 200


def test_autosave_after_the_end_is_told_in_words_and_not_by_a_page(ana, clock, tree):
    client = signed_in()
    clock(LONGEST)
    answer = client.post(
        reverse("wagtailadmin_pages:edit", args=[tree.health.pk]),
        {"title": "Typed"},
        headers={"accept": "application/json"},
    )
    assert answer.status_code == 403
    assert "Your session has ended" in answer.json()["error_message"]
    assert answer.json()["error_code"] == "validation_error"  # one that Wagtail shows, and tries again after


def test_cookie_cannot_make_a_session_longer(ana, clock):
    client = signed_in()
    client.cookies["sessionid"]["max-age"] = 10**9
    session = client.session
    session.set_expiry(10**9)
    session.save()
    clock(LONGEST + A_MINUTE)
    assert not is_in(client)


def test_clock_a_day_ahead_and_right_again_locks_nobody_out_and_makes_no_session_longer(ana, clock):
    before = signed_in()
    clock(timedelta(days=1))
    assert not is_in(before)
    ahead = signed_in()
    assert is_in(ahead)
    clock(timedelta(days=-1))
    assert not is_in(ahead)
    assert is_in(signed_in())


def test_activity_is_written_down_at_most_once_a_minute(ana, clock):
    client = signed_in()
    is_in(client)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for _each in range(3):
            is_in(client)
    assert not [each for each in queries if each["sql"].startswith('UPDATE "users_session"')]
    clock(2 * A_MINUTE)
    with CaptureQueriesContext(connection) as queries:
        is_in(client)
    assert len([each for each in queries if each["sql"].startswith('UPDATE "users_session"')]) == 1


def test_sessions_are_listed_with_their_times_and_this_one_is_marked(ana):
    here, there = signed_in(), signed_in()
    page = here.get(SIGN_IN).content.decode()
    assert page.count("Begun:") == 2
    assert page.count("This one") == 1
    for client in (here, there):
        assert client.session.session_key not in page
        assert kept_as(client.session.session_key) not in page


def test_one_session_is_ended_and_then_all_others(ana):
    here, one, two = signed_in(), signed_in(), signed_in()
    mark = Session.objects.get(pk=kept_as(one.session.session_key)).mark
    here.post(END, {"session": mark})
    assert [is_in(each) for each in (here, one, two)] == [True, False, True]
    here.post(END, {"session": "all"})
    assert [is_in(each) for each in (here, two)] == [True, False]
    assert here.get(END).status_code == 405


def test_nobody_ends_the_session_of_somebody_else(ana):
    hers = signed_in()
    mark = Session.objects.get().mark
    get_user_model().objects.create_superuser("bob", "bob@example.org", PASSWORD)
    other = Client()
    other.post(LOGIN, {"username": "bob", "password": PASSWORD})
    for named in (mark, "all", "", "\ud7ff", hers.session.session_key):
        other.post(END, {"session": named})
    assert is_in(hers)


def test_new_password_ends_all_other_sessions(ana):
    here, there = signed_in(), signed_in()
    new = "quite another pass phrase"
    form = {
        "password-old_password": PASSWORD,
        "password-new_password1": new,
        "password-new_password2": new,
        "name_email-first_name": "Ana",
        "name_email-last_name": "Silva",
        "name_email-email": "ana@example.org",
        "theme-theme": "system",
        "theme-contrast": "system",
        "theme-density": "default",
    }
    answer = here.post(ACCOUNT, form)
    assert answer.status_code == 302, re.findall(r"error-message.*?</", answer.content.decode(), re.S)
    assert is_in(here)
    assert not is_in(there)
    assert Session.objects.filter(user=ana).count() == 1


def by_her_form(boss, user, active):
    form = {
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "is_superuser": "on",
    } | ({"is_active": "on"} if active else {})
    return boss.post(reverse("wagtailusers_users:edit", args=[user.pk]), form)


def together_with_others(boss, user, active):
    address = reverse("wagtail_bulk_action", args=["users", "user", "set_active_state"])
    return boss.post(f"{address}?id={user.pk}", {"mark_as_active": str(active)})


@pytest.mark.parametrize("mark", [by_her_form, together_with_others])
def test_sessions_of_somebody_who_was_inactive_do_not_come_back(ana, mark):
    get_user_model().objects.create_superuser("bob", "bob@example.org", PASSWORD)
    hers, boss = signed_in(), Client()
    boss.post(LOGIN, {"username": "bob", "password": PASSWORD})
    for active in (False, True):
        assert mark(boss, ana, active).status_code == 302
        ana.refresh_from_db()
        assert ana.is_active is active
        assert not is_in(hers)
    assert is_in(boss)


def test_no_address_and_no_browser_is_kept(ana):
    client = Client(headers={"user-agent": "Mozilla/5.0 (Tell-tale)"}, REMOTE_ADDR="198.51.100.7")
    client.post(LOGIN, {"username": "ana", "password": PASSWORD})
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(users_session)::text FROM users_session")
        row = cursor.fetchone()[0]
    kept = str(SessionStore().decode(Session.objects.get().session_data)) + row
    assert "Tell-tale" not in kept
    assert "198.51.100.7" not in kept


def test_rows_of_ended_sessions_are_deleted_and_no_others(ana, clock):
    signed_in()
    clock(IDLE + A_MINUTE)
    client = signed_in()
    reader = SessionStore()
    reader.create()
    forget_sessions(timestamp=0)
    kept = {kept_as(client.session.session_key), kept_as(reader.session_key)}
    assert {each.pk for each in Session.objects.all()} == kept


def test_database_does_not_have_what_opens_a_session(ana):
    client = signed_in()
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_key, row_to_json(users_session)::text FROM users_session")
        key, row = cursor.fetchone()
    assert client.session.session_key not in row
    thief = Client()
    thief.cookies["sessionid"] = key
    assert not is_in(thief)
    assert is_in(client)


def test_session_that_is_left_is_gone_and_each_key_is_one_of_its_own(ana):
    client = signed_in()
    key = client.session.session_key
    assert SessionStore().exists(key)
    client.post("/admin/logout/")
    assert not SessionStore().exists(key)
    assert not Session.objects.exists()
