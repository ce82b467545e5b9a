"""Logging in to the admin: guessing is slow, and no stranger can lock an editor out."""

import re
import time

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from wagtail.models import Collection, CollectionViewRestriction, PageViewRestriction

from content.models import PublicationFile
from harmhub import limits, login
from harmhub.mail.models import Mail
from harmhub.tasks import forget_sessions
from harmhub.users import tries
from harmhub.users.models import Session
from harmhub.users.sessions import SessionStore
from tests.factories import DocumentFactory, TopicFactory

pytestmark = pytest.mark.django_db

EDITOR, STRANGER = "198.51.100.7", "203.0.113.66"
PASSWORD = "a long pass phrase of mine"


@pytest.fixture(autouse=True)
def editor(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    settings.ALLOWED_HOSTS = ["testserver", "hub.onion"]
    # No pause ends while a test runs.
    monkeypatch.setattr(tries, "PAUSE", 10**10)
    return get_user_model().objects.create_superuser("ana", "ana@example.org", PASSWORD)


def log_in(password, address, username="ana", client=None, **extra):
    return (client or Client()).post(
        reverse("wagtailadmin_login"),
        {"username": username, "password": password},
        REMOTE_ADDR=address,
        **extra,
    )


def is_in(response):
    return response.status_code == 302


def is_refused(response):
    return response.status_code == 200 and "Too many attempts" in response.content.decode()


def test_guesser_is_stopped_and_told_how_long_to_wait():
    answers = [log_in("wrong", STRANGER) for _ in range(tries.AT_ACCOUNT + 2)]
    assert [is_refused(answer) for answer in answers] == [False] * tries.AT_ACCOUNT + [True, True]
    assert re.search(r"Please wait \d+ minutes", answers[-1].content.decode())


def test_password_is_not_even_checked_once_refused():
    for _ in range(tries.AT_ACCOUNT):
        log_in("wrong", STRANGER)
    assert is_refused(log_in(PASSWORD, STRANGER))


def test_editor_elsewhere_is_not_locked_out_by_a_stranger():
    for _ in range(tries.OF_CLIENT + 5):
        log_in("wrong", STRANGER)
    assert is_in(log_in(PASSWORD, EDITOR))


def test_many_strangers_cannot_lock_an_editor_out():
    for number in range(60):
        for _ in range(2):
            log_in("wrong", f"203.0.113.{number}")
    assert is_in(log_in(PASSWORD, EDITOR))


def test_guessing_at_many_accounts_is_stopped():
    for number in range(tries.OF_CLIENT):
        assert not is_refused(log_in("wrong", STRANGER, username=f"user{number}"))
    assert is_refused(log_in("wrong", STRANGER, username="one-more"))


def test_other_spellings_of_a_name_are_the_same_account():
    for number in range(tries.AT_ACCOUNT):
        log_in("wrong", STRANGER, username=["ana", "ANA", " ana", "\uff41na"][number % 4])
    assert is_refused(log_in("wrong", STRANGER))


def test_logging_in_often_is_no_guessing():
    for _ in range(tries.OF_CLIENT + tries.AT_ACCOUNT):
        assert is_in(log_in(PASSWORD, EDITOR))


def test_counters_begin_again_with_the_hour(monkeypatch):
    for _ in range(tries.AT_ACCOUNT + 1):
        log_in("wrong", STRANGER)
    hour = limits._hour()
    monkeypatch.setattr(limits, "_hour", lambda: hour + 1)
    assert is_in(log_in(PASSWORD, STRANGER))


def test_editors_on_the_onion_service_share_no_small_limit():
    for _ in range(tries.OF_CLIENT + 5):
        log_in("wrong", "127.0.0.1", HTTP_HOST="hub.onion")
    assert is_in(log_in(PASSWORD, "127.0.0.1", HTTP_HOST="hub.onion"))


def test_counters_that_cannot_be_written_lock_nobody_out(tmp_path):
    (tmp_path / "limits").write_text("a file where the folder should be")
    for _ in range(tries.AT_ACCOUNT + 5):
        log_in("wrong", EDITOR)
    assert is_in(log_in(PASSWORD, EDITOR))


def test_unknown_name_and_wrong_password_are_answered_alike():
    texts = [log_in("wrong", STRANGER, username=name).content.decode() for name in ("ana", "bob")]
    plain = [re.sub(r"ana|bob|[0-9A-Za-z]{64}", "", text) for text in texts]
    assert plain[0] == plain[1]


def test_there_is_no_second_login_form_without_a_limit():
    response = Client().get("/_util/login/?next=/topics/")
    assert response.status_code == 302
    assert response["Location"] == "/admin/login/?next=/topics/"
    answer = Client().post("/_util/login/", {"username": "ana", "password": PASSWORD})
    assert "sessionid" not in answer.cookies


def test_redirect_after_login_stays_on_the_site():
    for target in ("//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"):
        answer = Client().post(
            reverse("wagtailadmin_login"), {"username": "ana", "password": PASSWORD, "next": target}
        )
        assert answer["Location"] == reverse("wagtailadmin_home")


# --- shared passwords


@pytest.fixture(params=["page", "document"])
def private(request, tree):
    """The address of something that a shared password opens, and of the password's form."""
    asks = {"restriction_type": "password", "password": "open sesame"}
    if request.param == "page":
        restriction = PageViewRestriction.objects.create(page=tree.health, **asks)
        return tree.health.url, page_form(restriction, tree.health)
    collection = Collection.get_first_root_node().add_child(name="Board")
    restriction = CollectionViewRestriction.objects.create(collection=collection, **asks)
    form = reverse("wagtaildocs_authenticate_with_password", args=[restriction.pk])
    document = DocumentFactory(collection=collection)
    publication = tree.publication()
    publication.files.add(PublicationFile(document=document))
    publication.save()
    return document.url, form


def page_form(restriction, page):
    return reverse("wagtailcore_authenticate_with_password", args=[restriction.pk, page.pk])


def try_password(client, form, password, address=STRANGER, site="same-origin"):
    return client.post(
        form,
        {"password": password, "return_url": "/"},
        REMOTE_ADDR=address,
        headers={"sec-fetch-site": site},
    )


@pytest.mark.usefixtures("indexes")
def test_form_for_a_shared_password_needs_no_cookie_and_the_right_one_sets_one_for_this_visit(private):
    address, form = private
    client = Client(enforce_csrf_checks=True)
    asked = client.get(address)
    assert "Password required" in asked.content.decode()
    assert form in asked.content.decode()
    assert "not correct" in try_password(client, form, "wrong").content.decode()
    assert not client.cookies
    assert try_password(client, form, "open sesame", site="cross-site").status_code == 403
    answer = try_password(client, form, "open sesame")
    assert answer.status_code == 302
    assert [(name, cookie["max-age"], cookie["httponly"]) for name, cookie in answer.cookies.items()] == [
        ("sessionid", "", True)
    ]
    opened = client.get(address)
    assert opened.status_code == 200
    assert "Password required" not in b"".join(opened).decode(errors="replace")


def test_guessing_a_shared_password_is_stopped_for_the_guesser_only(private):
    for _ in range(login.TRIES_OF_CLIENT):
        assert try_password(Client(), private[1], "wrong").status_code == 200
    assert try_password(Client(), private[1], "open sesame").status_code == 429
    assert try_password(Client(), private[1], "open sesame", EDITOR).status_code == 302


def test_a_shared_password_cannot_be_guessed_at_by_many_together(private, monkeypatch):
    monkeypatch.setattr(login, "TRIES_IN_ALL", 5)
    answers = [
        try_password(Client(), private[1], "wrong", f"203.0.113.{number}").status_code for number in range(6)
    ]
    assert answers == [200] * 5 + [429]


def test_those_who_know_a_shared_password_are_not_counted(private, monkeypatch):
    monkeypatch.setattr(login, "TRIES_OF_CLIENT", 2)
    assert [try_password(Client(), private[1], "open sesame").status_code for _ in range(4)] == [302] * 4


def test_form_for_a_shared_password_tells_nothing_of_other_pages(tree):
    restriction = PageViewRestriction.objects.create(
        page=tree.health, restriction_type="password", password="x"
    )
    draft = TopicFactory(parent=tree.topics, title="Secret topic", live=False)
    assert "Secret topic" not in Client().get(page_form(restriction, draft)).content.decode()


def test_sessions_that_have_expired_are_deleted():
    SessionStore().create()
    old = SessionStore()
    old.set_expiry(-1)
    old.create()
    forget_sessions(timestamp=0)
    assert Session.objects.count() == 1


# --- forgotten passwords


def ask_for_reset(email, address=STRANGER):
    return Client().post(reverse("wagtailadmin_password_reset"), {"email": email}, REMOTE_ADDR=address)


def test_forgotten_password_is_answered_alike_with_and_without_an_account():
    known, unknown = ask_for_reset("ana@example.org"), ask_for_reset("nobody@example.org")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert Mail.objects.count() == 1


def test_answer_to_a_forgotten_password_takes_as_long_without_an_account():
    begun = time.monotonic()
    ask_for_reset("nobody@example.org")
    assert time.monotonic() - begun >= login.RESET_SECONDS


def test_reset_mail_is_in_the_queue_and_its_link_works():
    ask_for_reset("ana@example.org")
    content = Mail.objects.get(purpose="password-reset").content
    assert content["to"] == "ana@example.org"
    assert content["subject"]
    link = re.search(r"http://testserver(/\S+)", content["text"])[1]
    page = Client().get(link, follow=True)
    assert page.status_code == 200
    assert "new_password1" in page.content.decode()


def test_reset_mails_cannot_flood_an_editor():
    for number in range(12):
        assert ask_for_reset("ana@example.org", f"203.0.113.{number}").status_code == 302
    assert Mail.objects.count() == login.RESETS_OF_ADDRESS


def test_one_client_cannot_ask_for_resets_without_end():
    for number in range(8):
        get_user_model().objects.create_user(f"e{number}", f"e{number}@example.org", PASSWORD)
    for number in range(8):
        ask_for_reset(f"e{number}@example.org")
    assert Mail.objects.count() == login.RESETS_OF_CLIENT
