"""Guessing is slowed down for each account; its owner is never kept out for more than a few minutes."""

import time

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from harmhub.users import known_browsers, tries
from tests.fixtures.door import app_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("second_factors")]

EDITOR, STRANGER = "198.51.100.7", "203.0.113.66"
PASSWORD = "a long pass phrase of mine"
GIVE = "/admin/second-factor/"


@pytest.fixture(autouse=True)
def owner(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(time, "time", lambda: Clock.now)
    return get_user_model().objects.create_superuser("ana", "ana@example.org", PASSWORD)


class Clock:
    """The time of these tests: the beginning of an hour and of a pause."""

    now = time.time() // 3600 * 3600 + 1.0


def log_in(password, address, client=None):
    client = client or Client()
    client.post(reverse("wagtailadmin_login"), {"username": "ana", "password": password}, REMOTE_ADDR=address)
    return client


def knows_her(client):
    return "_auth_user_id" in client.session


def test_one_try_in_three_minutes_stays_when_the_free_ones_are_used_up(monkeypatch):
    for _ in range(tries.AT_ACCOUNT + 3):
        log_in("wrong", EDITOR)
    assert not knows_her(log_in(PASSWORD, EDITOR))
    monkeypatch.setattr(Clock, "now", Clock.now + tries.PAUSE)
    assert knows_her(log_in(PASSWORD, EDITOR))


def test_waiting_is_told_in_minutes_and_is_short():
    for _ in range(tries.AT_ACCOUNT):
        log_in("wrong", EDITOR)
    answer = Client().post(
        reverse("wagtailadmin_login"), {"username": "ana", "password": PASSWORD}, REMOTE_ADDR=EDITOR
    )
    assert "Please wait 3 minutes" in answer.content.decode()


@pytest.fixture
def few_in_all(monkeypatch):
    monkeypatch.setitem(tries.IN_ALL, "login", 5)
    monkeypatch.setitem(tries.IN_ALL, "code", 5)


@pytest.mark.usefixtures("few_in_all")
def test_many_strangers_together_are_slowed_down_at_one_account():
    for number in range(6):
        log_in("wrong", f"203.0.113.{number}")
    log_in("wrong", "203.0.113.99")
    assert not knows_her(log_in(PASSWORD, "203.0.113.99"))


@pytest.mark.usefixtures("few_in_all")
def test_strangers_who_try_all_the_time_keep_nobody_out_whose_address_is_her_own(monkeypatch):
    for number in range(8):
        log_in("wrong", f"203.0.113.{number}")
    for _pause in range(3):
        monkeypatch.setattr(Clock, "now", Clock.now + tries.PAUSE)
        for number in range(3):
            log_in("wrong", f"203.0.113.{number}")
        assert knows_her(log_in(PASSWORD, EDITOR))


@pytest.mark.usefixtures("few_in_all")
def test_all_together_have_one_code_in_a_pause_however_many_addresses_they_have(owner):
    app = app_of(owner)
    for number in range(6):
        address = f"203.0.113.{number}"
        log_in(PASSWORD, address).post(GIVE, {"code": "000000"}, REMOTE_ADDR=address)
    client = log_in(PASSWORD, STRANGER)
    assert client.post(GIVE, {"code": app.code()}, REMOTE_ADDR=STRANGER).status_code == 200


@pytest.mark.usefixtures("few_in_all")
def test_owner_is_not_concerned_in_a_browser_in_which_she_has_been_before(owner):
    app = app_of(owner)
    client = log_in(PASSWORD, EDITOR)
    assert known_browsers.COOKIE not in client.cookies  # a password alone makes no browser known
    client.post(GIVE, {"code": app.code()}, REMOTE_ADDR=EDITOR)
    cookie = client.cookies[known_browsers.COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/admin/", True, "Lax")
    client.post("/admin/logout/")
    log_in("wrong", EDITOR)
    for number in range(8):
        log_in("wrong", f"203.0.113.{number}")
    assert not knows_her(log_in(PASSWORD, EDITOR))
    assert knows_her(log_in(PASSWORD, EDITOR, client))


@pytest.mark.usefixtures("few_in_all")
def test_owner_who_needs_no_second_factor_is_not_concerned_either(owner, settings):
    settings.SECOND_FACTOR_FOR = []
    client = log_in(PASSWORD, EDITOR)
    assert known_browsers.COOKIE in client.cookies
    client.post("/admin/logout/")
    log_in("wrong", EDITOR)
    for number in range(8):
        log_in("wrong", f"203.0.113.{number}")
    assert not knows_her(log_in(PASSWORD, EDITOR))
    assert knows_her(log_in(PASSWORD, EDITOR, client))


@pytest.mark.usefixtures("few_in_all")
def test_known_browser_is_known_at_its_own_account_only_and_guesses_no_more_than_others(owner):
    app = app_of(owner)
    client = log_in(PASSWORD, EDITOR)
    client.post(GIVE, {"code": app.code()}, REMOTE_ADDR=EDITOR)
    client.post("/admin/logout/")
    for _ in range(tries.AT_ACCOUNT + 1):
        log_in("wrong", EDITOR, client)
    assert not knows_her(log_in(PASSWORD, EDITOR, client))
    forged = Client()
    forged.cookies[known_browsers.COOKIE] = "x:y:z"
    for number in range(6):
        log_in("wrong", f"203.0.113.{number}", forged)
    log_in("wrong", STRANGER, forged)
    assert not knows_her(log_in(PASSWORD, STRANGER, forged))


def test_codes_are_tried_as_seldom_by_who_knows_the_password(owner):
    app = app_of(owner)
    client = log_in(PASSWORD, STRANGER)
    answers = [
        client.post(GIVE, {"code": "000000"}, REMOTE_ADDR=STRANGER) for _ in range(tries.AT_ACCOUNT + 1)
    ]
    assert "Too many attempts" not in answers[-2].content.decode()
    assert "Too many attempts" in answers[-1].content.decode()
    assert client.post(GIVE, {"code": app.code()}, REMOTE_ADDR=STRANGER).status_code == 200
    other = log_in(PASSWORD, EDITOR)
    assert other.post(GIVE, {"code": app.code()}, REMOTE_ADDR=EDITOR).status_code == 302


def test_code_that_was_right_is_not_counted(owner):
    app = app_of(owner)
    for _ in range(tries.AT_ACCOUNT + 2):
        client = log_in(PASSWORD, EDITOR)
        owner.totp.last_step = -1
        owner.totp.save()
        assert client.post(GIVE, {"code": app.code()}, REMOTE_ADDR=EDITOR).status_code == 302


def test_unknown_name_is_slowed_down_like_a_known_one():
    def texts(name):
        data = {"username": name, "password": "wrong"}
        address = f"203.0.113.{len(name)}"
        answers = [Client().post("/admin/login/", data, REMOTE_ADDR=address) for _ in range(12)]
        return ["Too many attempts" in answer.content.decode() for answer in answers]

    assert texts("ana") == texts("nobody") == [False] * tries.AT_ACCOUNT + [True, True]
