"""The mails in the admin."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.urls import reverse

from harmhub.mail.models import Mail
from tests.fixtures.mails import GREETING, READER
from tests.fixtures.staff import press

pytestmark = pytest.mark.django_db


@pytest.fixture
def moderator(client):
    user = get_user_model().objects.create_user("moderator", password="moderator")
    user.groups.add(Group.objects.get(name="Moderators"))
    client.force_login(user)
    return client


@pytest.fixture
def editor(client):
    user = get_user_model().objects.create_user("editor", password="editor")
    user.groups.add(Group.objects.get(name="Editors"))
    client.force_login(user)
    return client


def given_up(row: Mail) -> Mail:
    Mail.objects.filter(pk=row.pk).update(failed_at=row.created_at, attempts=77, last_answer="550 5.1.1")
    return row


def test_the_listing_shows_how_mails_fare_and_neither_address_nor_text(post_greeting, moderator):
    given_up(post_greeting())
    page = moderator.get(reverse("mail:index")).text
    assert "Greeting" in page
    assert "550 5.1.1" in page
    assert READER not in page
    assert GREETING not in page


def test_the_listing_asks_as_often_for_thirty_mails_as_for_three(
    post_greeting, moderator, django_assert_max_num_queries, django_assert_num_queries
):
    for _number in range(3):
        given_up(post_greeting())
    moderator.get(reverse("mail:index"))
    with django_assert_max_num_queries(30) as few:
        moderator.get(reverse("mail:index"))
    for _number in range(27):
        given_up(post_greeting())
    with django_assert_num_queries(len(few)):
        moderator.get(reverse("mail:index"))


@pytest.mark.parametrize(("state", "shown"), [("waiting", "first"), ("sent", "second"), ("failed", "third")])
def test_mails_are_filtered_by_state(post_greeting, moderator, state, shown):
    for purpose in ("first", "second", "third"):
        post_greeting(purpose=purpose)
    Mail.objects.filter(purpose="second").update(sent_at="2026-01-01T00:00Z")
    Mail.objects.filter(purpose="third").update(failed_at="2026-01-01T00:00Z")
    response = moderator.get(reverse("mail:index_results"), {"state": state})
    assert [mail.purpose for mail in response.context["object_list"]] == [shown]


def test_mails_are_found_by_address(post_greeting, moderator):
    row = post_greeting()
    post_greeting(to="other@example.org")
    response = moderator.get(reverse("mail:index_results"), {"q": READER.upper()})
    assert list(response.context["object_list"]) == [row]


@pytest.mark.parametrize("words", ["Contact notice", " contact  notice ", "contact-notice"])
def test_the_purpose_is_shown_in_words_and_found_by_them(post_greeting, moderator, words):
    row = post_greeting(purpose="contact-notice")
    post_greeting(purpose="newsletter-welcome")
    page = moderator.get(reverse("mail:index")).text
    assert "Newsletter welcome" in page
    assert "newsletter-welcome" not in page
    response = moderator.get(reverse("mail:index_results"), {"q": words})
    assert list(response.context["object_list"]) == [row]


def test_a_mail_that_was_given_up_is_sent_again_at_the_press_of_a_button(
    post_greeting, moderator, mail_server
):
    row = given_up(post_greeting())
    again = reverse("mail:again", args=[row.pk])
    assert moderator.get(again).status_code == 405
    assert press(moderator, reverse("mail:index"), again).status_code == 302
    assert Mail.objects.due().get() == row
    row.refresh_from_db()
    assert row.attempts == 0


def test_a_mail_that_was_sent_is_not_sent_again(post_greeting, moderator):
    row = post_greeting()
    Mail.objects.update(sent_at=row.created_at)
    response = moderator.post(reverse("mail:again", args=[row.pk]), follow=True)
    assert "was not given up" in response.text
    assert not Mail.objects.due().exists()


def test_who_may_not_look_sees_nothing(post_greeting, editor):
    row = given_up(post_greeting())
    for response in (editor.get(reverse("mail:index")), editor.post(reverse("mail:again", args=[row.pk]))):
        assert response.status_code == 302
        assert response.url == reverse("wagtailadmin_home")
    assert not Mail.objects.due().exists()


def test_nobody_adds_or_edits_a_mail(admin_client, post_greeting):
    post_greeting()
    page = admin_client.get(reverse("mail:index")).text
    assert "/admin/mails/new/" not in page
    assert admin_client.get("/admin/mails/new/").status_code == 404
