"""Second factors are added, removed and replaced by whoever has just proved who she is, and she is told."""

import logging
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from harmhub.sealing import seal
from harmhub.users import factors, passkeys
from harmhub.users.models import RecoveryCodes, Session
from tests.fixtures.door import (
    APP,
    CODES,
    GIVE,
    HOME,
    LOGIN,
    PASSWORD,
    SET_UP,
    SIGN_IN,
    App,
    app_of,
    inside,
    is_in,
    log_of,
    mails,
    with_password,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("second_factors", "no_pause")]


# --- changes


def test_changes_ask_for_a_fresh_proof_and_lead_back(owner):
    client = inside(owner, app_of(owner))
    assert client.get(APP).status_code == 200
    session = client.session
    session[factors.PROVED] -= factors.FRESH
    session.save()
    assert client.get(APP)["Location"] == f"{GIVE}?next=%2Fadmin%2Fsecond-factor%2Fapp%2F"
    assert client.post(CODES)["Location"].startswith(GIVE)
    assert client.post("/admin/second-factor/remove/app/")["Location"].startswith(GIVE)
    assert factors.has_one(owner)


def test_password_alone_proves_nothing_anew_in_a_session_that_is_verified(owner):
    client = inside(owner, app_of(owner))
    session = client.session
    session[factors.PROVED] -= factors.FRESH
    session.save()
    with_password(client=client)
    for answer in (client.get(SIGN_IN), client.get(APP), client.post(CODES)):
        assert answer["Location"].startswith(GIVE)
    assert not RecoveryCodes.objects.exists()
    assert factors.PROVED not in client.session


def test_password_once_more_takes_a_fresh_proof_away_too(owner):
    client = inside(owner, app_of(owner))
    with_password(client=client)
    assert client.post(CODES)["Location"].startswith(GIVE)
    assert factors.PROVED not in client.session


def test_whoever_has_none_proves_herself_by_password(writer):
    client = with_password("wu")
    session = client.session
    session[factors.PROVED] = 0
    session.save()
    assert client.get(APP)["Location"].startswith(GIVE)
    assert client.post(GIVE, {"password": "wrong", "next": APP}).status_code == 200
    assert client.post(GIVE, {"password": PASSWORD, "next": APP})["Location"] == APP
    assert client.get(APP).status_code == 200


def test_change_ends_all_other_sessions(owner):
    app = app_of(owner)
    here, there = inside(owner, app), inside(owner, app)
    here.post(CODES)
    assert is_in(here)
    assert there.get(SIGN_IN)["Location"].startswith(LOGIN)


def test_last_factor_stays_while_it_is_required(owner):
    client = inside(owner, app_of(owner))
    answer = client.post("/admin/second-factor/remove/app/", follow=True)
    assert "last second factor" in answer.content.decode()
    assert factors.has_one(owner)


def test_last_factor_goes_with_its_codes_where_it_is_not_required(writer):
    client = inside(writer, app_of(writer))
    RecoveryCodes.renew(writer)
    client.post("/admin/second-factor/remove/app/")
    assert not factors.has_one(writer)
    assert not RecoveryCodes.objects.exists()
    assert "The authenticator app was removed." in mails()[0]
    assert log_of(writer) == ["users.totp_removed"]
    assert is_in(client)


def test_mail_about_a_change_says_nothing_secret(owner):
    app = app_of(owner)
    inside(owner, app).post(CODES)
    assert "Recovery codes were made." in mails()[0]
    assert not re.search(r"[a-z2-7]{5}-[a-z2-7]{5}|\b\d{6}\b|http.*token", mails()[0])


# --- sent twice


def twice(client, address, data):
    """Post a form twice at the same time, as a double click does. Return both clients and their answers."""
    together = Barrier(2)

    def press(_number):
        pressed = Client(raise_request_exception=False)
        pressed.cookies["sessionid"] = client.cookies["sessionid"].value
        pressed.get(SIGN_IN)  # what is made at a first request
        together.wait(10)
        try:
            return pressed, pressed.post(address, data)
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        return list(pool.map(press, range(2)))


def codes_in(answer):
    return re.findall(r"<code>([a-z2-7-]{11})</code>", answer.content.decode())


@pytest.mark.django_db(transaction=True)
def test_app_that_is_set_up_by_a_double_click_is_one_with_one_set_of_codes(owner):
    for _each in range(5):
        factors.remove_all(owner)
        client = with_password()
        secret = factors.TotpDevice.new_secret()
        form = {"sealed": seal(f"totp {owner.pk} {secret}").decode(), "code": App(secret).code()}
        pressed = twice(client, APP, form)
        assert sorted(answer.status_code for _client, answer in pressed) == [200, 302]
        shown = [codes_in(answer) for _client, answer in pressed]
        assert sorted(map(len, shown)) == [0, 10]
        assert factors.totp(owner).secret == secret
        assert factors.check_code(owner, (shown[0] or shown[1])[0])


def test_app_that_is_sent_again_leads_to_the_codes(owner):
    client = with_password()
    secret = factors.TotpDevice.new_secret()
    form = {"sealed": seal(f"totp {owner.pk} {secret}").decode(), "code": App(secret).code(), "next": HOME}
    assert len(codes_in(client.post(APP, form))) == 10
    assert client.post(APP, form)["Location"] == f"{CODES}?next=%2Fadmin%2F"
    assert client.get(CODES).status_code == 200
    assert log_of(owner) == ["users.totp_added", "users.codes_made"]


@pytest.mark.django_db(transaction=True)
def test_codes_that_are_made_by_a_double_click_are_shown_once(owner):
    client = inside(owner, app_of(owner))
    pressed = twice(client, CODES, {"made": ""})
    assert sorted(answer.status_code for _client, answer in pressed) == [200, 409]
    shown = [codes_in(answer) for _client, answer in pressed]
    assert sorted(map(len, shown)) == [0, 10]
    other = next(answer for _client, answer in pressed if answer.status_code == 409)
    made = re.search(r'name="made" value="([^"]*)"', other.content.decode())[1]
    new = codes_in(client.post(CODES, {"made": made}))
    assert factors.check_code(owner, new[0])


# --- lost


def test_command_lets_somebody_in_again_who_lost_everything(owner, capsys):
    client = inside(owner, app_of(owner))
    RecoveryCodes.renew(owner)
    call_command("remove_factors", "ana")
    assert not factors.has_one(owner)
    assert not RecoveryCodes.objects.exists()
    assert client.get(SIGN_IN)["Location"].startswith(LOGIN)
    assert "All second factors were removed" in "".join(mails())
    assert log_of(owner) == ["users.factors_removed"]
    assert with_password().get(HOME, follow=True).redirect_chain[-1][0].startswith(SET_UP)
    for name in ("ana", "nobody"):
        with pytest.raises(CommandError):
            call_command("remove_factors", name)


def test_superuser_removes_the_factors_of_another_and_nobody_else_does(owner, writer):
    client = inside(owner, app_of(owner))
    app = app_of(writer)
    address = reverse("remove_factors", args=[writer.pk])
    assert address in client.get(reverse("wagtailusers_users:index")).content.decode()
    other = inside(writer, app)
    assert other.post(address).status_code == 302
    assert factors.has_one(writer)
    assert "wu" in client.get(address).content.decode()
    assert factors.has_one(writer)
    client.post(reverse("remove_factors", args=[owner.pk]))
    assert factors.has_one(owner)
    client.post(address)
    assert not factors.has_one(writer)
    assert other.get(SIGN_IN)["Location"].startswith(LOGIN)
    entry = ModelLogEntry.objects.for_instance(writer).get()
    assert (entry.action, entry.user) == ("users.factors_removed", owner)


def test_superuser_removes_the_factors_of_another_with_a_fresh_proof_only(owner, writer):
    client = inside(owner, app_of(owner))
    app_of(writer)
    session = client.session
    session[factors.PROVED] -= factors.FRESH
    session.save()
    address = reverse("remove_factors", args=[writer.pk])
    for answer in (client.get(address), client.post(address)):
        assert answer["Location"].startswith(GIVE)
    assert factors.has_one(writer)


# --- passkeys, as far as it goes without a browser


PASSKEYS = "/admin/second-factor/passkeys/"
JUNK = (
    "",
    "nonsense",
    "null",
    "[]",
    '"text"',
    "1e999",
    "{}",
    '{"id": 1, "rawId": null, "response": []}',
    '{"id": "AA", "rawId": "AA", "response": {}, "type": "public-key"}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "clientExtensionResults": 5}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "clientExtensionResults": {"credProps": []}}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "AA",'
    ' "attestationObject": "AA", "authenticatorData": "AA", "signature": "AA"}}',
    '{"id": "%%", "rawId": "%%", "type": "public-key", "response": {"clientDataJSON": "%%",'
    ' "attestationObject": "%%", "authenticatorData": "%%", "signature": "%%"}}',
)


@pytest.mark.parametrize("body", JUNK)
@pytest.mark.parametrize("step", ["register", "use"])
def test_what_is_no_passkey_is_refused_in_words(owner, step, body):
    client = with_password() if step == "register" else Client()
    assert client.post(f"{PASSKEYS}{step}/begin/").status_code == 200
    answer = client.post(f"{PASSKEYS}{step}/", body, content_type="application/json")
    assert 400 <= answer.status_code < 500
    assert answer.json()["detail"]
    assert not factors.has_one(owner)


def test_what_is_no_passkey_is_not_logged_as_an_error(owner, caplog):
    for body in JUNK:
        client = Client()
        client.post(f"{PASSKEYS}use/begin/")
        client.post(f"{PASSKEYS}use/", body, content_type="application/json")
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


def test_stranger_who_only_asks_leaves_a_session_of_minutes_and_not_without_end(owner, monkeypatch):
    monkeypatch.setattr(passkeys, "BEGUN_BY_STRANGERS", 3)
    answers = [Client().post(f"{PASSKEYS}use/begin/") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert "Too often" in answers[-1].json()["detail"]
    assert Session.objects.count() == 3
    assert Session.objects.latest("expire_date").expire_date < timezone.now() + timedelta(minutes=11)
    half = with_password()
    assert half.post(f"{PASSKEYS}use/begin/").status_code == 200  # who gave her password is no stranger


def test_strangers_who_ask_keep_no_passkey_from_a_browser_in_which_it_was_used_before(owner, monkeypatch):
    app, client = app_of(owner), with_password()
    client.post(GIVE, {"code": app.code()})
    client.post("/admin/logout/")
    monkeypatch.setattr(passkeys, "BEGUN_BY_STRANGERS", 1)
    answers = [each.post(f"{PASSKEYS}use/begin/") for each in (Client(), Client(), client, client)]
    assert [answer.status_code for answer in answers] == [200, 429, 200, 200]


def test_session_that_began_as_a_strangers_is_as_long_as_others_after_the_log_in(writer):
    client = Client()
    client.post(f"{PASSKEYS}use/begin/")
    with_password("wu", client=client)
    assert Session.objects.get(user=writer).expire_date > timezone.now() + timedelta(hours=11)


def test_passkey_cannot_be_added_by_a_password_where_there_is_a_factor_nor_by_an_old_proof(owner):
    app = app_of(owner)
    half = with_password()
    assert half.post(f"{PASSKEYS}register/begin/").status_code == 403
    client = inside(owner, app)
    assert client.post(f"{PASSKEYS}register/begin/").status_code == 200
    session = client.session
    session[factors.PROVED] = 0
    session.save()
    assert client.post(f"{PASSKEYS}register/begin/").status_code == 403
    assert client.post(f"{PASSKEYS}register/", "{}", content_type="application/json").status_code == 403
    assert Client().post(f"{PASSKEYS}register/begin/").status_code == 403


def test_pages_of_the_door_run_no_script_of_their_own_text(owner):
    client = with_password()
    policy = client.get(SET_UP)["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    answer = client.get(SET_UP)["Permissions-Policy"]
    assert "publickey-credentials-create=(self)" in answer
    assert "publickey-credentials-create=()" in Client().get("/")["Permissions-Policy"]
