"""A password alone opens nothing to those who see what readers entrusted to the site."""

import re
import time

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.conf import settings as configured
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import get_resolver, reverse
from wagtail.models import PageViewRestriction
from wagtail.snippets.models import create_extra_permissions

from harmhub.mail.models import Mail
from harmhub.sealing import unseal
from harmhub.users import factors
from harmhub.users.models import RecoveryCodes, Session, TotpDevice
from harmhub.users.sessions import SessionStore
from tests.fixtures.door import (
    APP,
    CODES,
    GIVE,
    HOME,
    LOGIN,
    SET_UP,
    SIGN_IN,
    App,
    app_of,
    give,
    inside,
    is_in,
    log_of,
    mails,
    with_password,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("second_factors", "no_pause")]


# --- who must


def permissions(**which):
    # Wagtail adds some at the end of migrate, where the admin's hooks have been read.
    get_resolver().url_patterns  # noqa: B018 (reads them)
    create_extra_permissions(apps.get_app_config("wagtailsnippets"))
    found = Permission.objects.filter(**which).values_list("content_type__app_label", "codename")
    return {f"{app}.{name}" for app, name in found}


def test_every_permission_that_demands_a_second_factor_exists():
    assert set(configured.SECOND_FACTOR_FOR) <= permissions()


def test_every_permission_on_messages_subscribers_and_mail_demands_a_second_factor():
    all_of_them = permissions(content_type__app_label__in=["contact", "newsletter", "mail"])
    assert "newsletter.publish_mailing" in all_of_them
    assert all_of_them - set(configured.SECOND_FACTOR_FOR) == {"newsletter.view_list"}  # numbers only


def test_whoever_may_look_into_what_readers_left_must_have_one(owner, writer):
    assert factors.is_required(owner)
    assert not factors.is_required(writer)
    for name in ("Editors", "Moderators"):
        member = get_user_model().objects.create_user(name)
        member.groups.add(Group.objects.get(name=name))
        assert factors.is_required(member)


def test_whoever_need_not_have_one_goes_in_by_password(writer):
    assert is_in(with_password("wu"))


def test_whoever_need_not_and_has_one_is_asked_for_it(writer):
    app = app_of(writer)
    client = with_password("wu")
    assert not is_in(client)
    give(client, app.code())
    assert is_in(client)


def test_a_session_from_before_a_right_was_given_owes_a_factor(writer):
    client = with_password("wu")
    writer.user_permissions.add(Permission.objects.get(codename="view_message"))
    assert client.get(SIGN_IN)["Location"].startswith(GIVE)


# --- nothing before it


ADDRESSES = (
    "/admin/",
    "/admin/pages/",
    "/admin/api/main/pages/",
    "/admin/users/",
    "/admin/account/",
    "/admin/messages/",
)


@pytest.mark.parametrize("has_one", [False, True])
@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_of_the_admin_is_seen_or_done_by_password_alone(owner, address, has_one):
    if has_one:
        app_of(owner)
    client = with_password()
    for answer in (client.get(address), client.post(address, {"a": "b"})):
        assert answer.status_code == 302
        assert answer["Location"].startswith(GIVE)
    programs = client.get(address, headers={"accept": "application/json"})
    assert programs.status_code == 403
    assert not programs.json()["success"]


def test_owner_of_half_a_session_is_nobody_on_restricted_pages(owner, tree):
    PageViewRestriction.objects.create(page=tree.health, restriction_type="login")
    app = app_of(owner)
    client = with_password()
    assert client.get(tree.health.url).status_code == 302
    give(client, app.code())
    assert client.get(tree.health.url).status_code == 200


def test_restricted_page_leads_through_log_in_and_second_factor_and_back(owner, tree):
    app = app_of(owner)
    client = with_password()
    answer = client.get(LOGIN, {"next": tree.health.url})
    assert answer["Location"] == f"{GIVE}?next=%2Fhealth%2F".replace(
        "%2Fhealth%2F", tree.health.url.replace("/", "%2F")
    )
    assert give(client, app.code(), next=tree.health.url)["Location"] == tree.health.url


def test_deep_link_is_come_back_to_and_another_site_is_not(owner):
    app = app_of(owner)
    client = with_password()
    assert client.get("/admin/pages/?a=b")["Location"] == f"{GIVE}?next=%2Fadmin%2Fpages%2F%3Fa%3Db"
    assert give(client, app.code(), next="/admin/pages/?a=b")["Location"] == "/admin/pages/?a=b"
    for target in ("//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"):
        TotpDevice.objects.update(last_step=-1)
        assert give(client, app.code(), next=target)["Location"] == HOME


def test_half_a_session_can_be_left(owner):
    client = with_password()
    client.post("/admin/logout/")
    assert not Session.objects.exists()


def test_reset_password_is_no_way_around(owner):
    app_of(owner)
    client = Client()
    client.post(reverse("wagtailadmin_password_reset"), {"email": owner.email})
    link = re.search(r"http://testserver(/\S+)", Mail.objects.get(purpose="password-reset").content["text"])[
        1
    ]
    page = client.get(link, follow=True)
    new = {"new_password1": "quite another pass phrase", "new_password2": "quite another pass phrase"}
    client.post(page.redirect_chain[-1][0], new)
    assert "_auth_user_id" not in client.session
    client.post(LOGIN, {"username": "ana", "password": new["new_password1"]})
    assert client.get(HOME)["Location"].startswith(GIVE)
    assert factors.has_one(owner)


# --- setting up


def secret_in(page):
    return re.search(r"door-secret[^>]*>([A-Z2-7 ]+)<", page)[1]


def made_in(answer):
    return {"made": re.search(r'name="made" value="([^"]*)"', answer.content.decode())[1]}


def sealed_in(page):
    return re.search(r'name="sealed" value="([^"]+)"', page)[1]


def test_first_log_in_leads_to_an_app_and_codes_and_on_to_where_one_wanted(owner):
    client = with_password()
    wanted = "/admin/pages/"
    led = client.get(wanted, follow=True)
    assert led.redirect_chain[-1][0] == f"{SET_UP}?next=%2Fadmin%2Fpages%2F"
    page = client.get(APP, {"next": wanted}).content.decode()
    assert "<svg" in page
    app = App(secret_in(page))
    wrong = client.post(APP, {"sealed": sealed_in(page), "code": "000000", "next": wanted})
    assert not TotpDevice.objects.exists()
    assert secret_in(wrong.content.decode()) == secret_in(page)
    codes = client.post(APP, {"sealed": sealed_in(page), "code": app.code(), "next": wanted})
    assert len(re.findall(r"<code>[a-z2-7]{5}-[a-z2-7]{5}</code>", codes.content.decode())) == 10
    assert f'href="{wanted}"' in codes.content.decode()
    assert client.get(wanted).status_code == 200
    [mail] = mails()
    assert "An authenticator app was set up. Recovery codes were made.\n" in mail
    assert log_of(owner) == ["users.totp_added", "users.codes_made"]


def test_secret_of_somebody_else_or_of_ones_own_choice_is_not_taken(owner, writer):
    other = with_password("wu")
    page = other.get(APP).content.decode()
    client = with_password()
    for sealed in (sealed_in(page), "totp 1 AAAA", "", "x" * 5000):
        answer = client.post(APP, {"sealed": sealed, "code": App(secret_in(page)).code()})
        assert answer.status_code == 200
    assert not TotpDevice.objects.exists()


def test_secrets_and_codes_are_not_in_the_database(owner, django_db_blocker):
    app_of(owner)
    codes = RecoveryCodes.renew(owner)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM users_totpdevice")
        token = bytes(cursor.fetchone()[0])
        cursor.execute("SELECT digests::text FROM users_recoverycodes")
        digests = cursor.fetchone()[0]
    assert unseal(token) == TotpDevice.objects.get().secret
    assert not [code for code in codes if code.encode().hex() in digests]


# --- codes


def test_code_is_good_once_and_one_step_around_now(owner):
    app = app_of(owner)
    for steps, right in ((-2, False), (-1, True), (-1, False), (0, True), (0, False), (1, True), (2, False)):
        assert bool(factors.check_code(owner, app.code(steps))) is right, steps


def test_code_used_while_the_clock_was_a_day_ahead_locks_nobody_out(owner, monkeypatch):
    app = app_of(owner)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 86_400)
    assert factors.check_code(owner, app.code())
    monkeypatch.setattr(time, "time", lambda: now)
    assert factors.check_code(owner, app.code())
    assert not factors.check_code(owner, app.code())


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "٣٤٥٦٧٨", "abc", "-1", "1e5", "aaaaa-aaaaa", "x" * 40]
)
def test_what_is_no_code_is_a_readable_error(owner, code):
    app_of(owner)
    RecoveryCodes.renew(owner)
    assert give(with_password(), code).status_code == 200


def test_code_under_a_lost_key_is_wrong_and_no_error(owner, settings):
    app = app_of(owner)
    settings.SEALING_KEYS = [Fernet.generate_key().decode()]
    assert give(with_password(), app.code()).status_code == 200


def test_recovery_code_is_good_once_however_it_is_typed(owner):
    app_of(owner)
    codes = RecoveryCodes.renew(owner)
    assert give(with_password(), codes[0].upper().replace("-", " ")).status_code == 302
    assert give(with_password(), codes[0]).status_code == 200
    client = with_password()
    assert give(client, codes[1]).status_code == 302
    assert is_in(client)
    assert len(RecoveryCodes.objects.get().digests) == 8


def test_new_recovery_codes_void_the_old_ones(owner):
    client = inside(owner, app_of(owner))
    old = RecoveryCodes.renew(owner)
    page = client.post(CODES, made_in(client.get(CODES))).content.decode()
    new = re.findall(r"<code>([a-z2-7-]{11})</code>", page)
    assert len(new) == 10
    assert "New recovery codes were made; the old ones are void." in mails()[0]
    assert not factors.check_code(owner, old[0])
    assert factors.check_code(owner, new[0])
    assert new[0] not in client.get(CODES).content.decode()


def test_key_of_the_session_is_another_after_each_step(owner):
    app = app_of(owner)
    client = Client()
    client.get(LOGIN)
    with_password(client=client)
    half = client.session.session_key
    give(client, app.code())
    assert client.session.session_key != half
    assert not SessionStore().exists(half)
