"""Mailings in the admin: who may write, approve and send them, the test, the page that tells who gets it."""

import contextlib
import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.models import Locale, ModelLogEntry
from wagtail.test.utils.form_data import querydict_from_html

from harmhub.mail.models import Mail
from harmhub.users.models import User
from newsletter.mailings import send_mailings
from newsletter.mailings_desk import MOST_TESTS
from newsletter.models import List, Mailing, MailingItem, SecondPersonTask
from tests.factories import Tree, list_of
from tests.fixtures.following import Clock, mails, written

pytestmark = pytest.mark.django_db
LIST = "/admin/mailings/"


def user_of(group: str, name: str = "", **fields) -> Client:
    user = User.objects.create_user(
        username=name or group, password="x", email=f"{name or group}@example.org", **fields
    )
    user.groups.set(Group.objects.filter(name=group))
    client = Client()
    client.force_login(user)
    client.user = user
    return client


@pytest.fixture
def superuser(db) -> Client:
    return user_of("", "director", is_superuser=True)


@pytest.fixture
def editor(db) -> Client:
    return user_of("Editors")


@pytest.fixture
def health(tree: Tree, clock: Clock) -> List:
    clock.follow(tree.health)
    return list_of(tree.health)


@pytest.fixture
def post() -> Callable:
    """A function that fills the form in and sends it; returns the answer."""

    def post(client: Client, *lists: List, path: str = f"{LIST}add/", **changes):
        form = {
            "subject": "We have moved",
            "body": json.dumps(
                {"blocks": [{"key": "a", "text": "Come.", "type": "unstyled"}], "entityMap": {}}
            ),
            "lists": [each.pk for each in lists],
            "go_live_at": "",
            "items-TOTAL_FORMS": 0,
            "items-INITIAL_FORMS": 0,
            "items-MIN_NUM_FORMS": 0,
            "items-MAX_NUM_FORMS": 1000,
        }
        return client.post(path, form | changes)

    return post


def sending(client: Client, mailing: Mailing) -> str:
    answer = client.get(f"{LIST}sending/{mailing.pk}/")
    assert answer.status_code == 200
    return answer.content.decode()


# Wagtail's notification is sent in a way that Django has deprecated.
@pytest.mark.filterwarnings("ignore:get_connection")
def test_what_an_editor_writes_goes_out_after_somebody_else_approved_it(editor, health, post):
    moderator = user_of("Moderators")
    post(editor, health, **{"action-publish": "1"})
    mailing = Mailing.objects.get()
    assert not mailing.live  # who may not publish saves a draft
    post(editor, health, path=f"{LIST}edit/{mailing.pk}/", **{"action-submit": "1"})
    mailing.refresh_from_db()
    approve = f"{LIST}workflow/action/{mailing.pk}/approve/{mailing.current_workflow_task_state.pk}/"
    editor.post(approve)
    mailing.refresh_from_db()
    assert not mailing.live
    moderator.post(approve)
    mailing.refresh_from_db()
    assert mailing.live
    send_mailings(timezone.now() + timedelta(minutes=11))
    assert len(mails()) == 1


@pytest.mark.filterwarnings("ignore:get_connection")
def test_who_wrote_it_does_not_approve_it_but_may_send_it_back(health, post):
    writer, other = user_of("Moderators"), user_of("Moderators", "second")
    post(writer, health, **{"action-submit": "1"})
    mailing = Mailing.objects.get()
    task = mailing.current_workflow_task
    names = {name for name, *_ in task.get_actions(mailing, writer.user)}
    assert names == {"reject"}
    writer.post(f"{LIST}workflow/action/{mailing.pk}/approve/{mailing.current_workflow_task_state.pk}/")
    mailing.refresh_from_db()
    assert not mailing.live
    # Who changed it meanwhile wrote it as well.
    post(other, health, path=f"{LIST}edit/{mailing.pk}/", subject="We have moved again")
    mailing.refresh_from_db()
    assert {name for name, *_ in task.get_actions(mailing, other.user)} == {"reject"}


def test_draft_may_be_unfinished_and_a_published_one_not(superuser, health, post):
    post(superuser, subject="Only a subject", body="null")
    assert Mailing.objects.get().subject == "Only a subject"
    answer = post(superuser, subject="Nobody gets it", body="null", **{"action-publish": "1"})
    assert answer.status_code == 200
    assert "This field is required" in answer.content.decode()
    assert Mailing.objects.filter(live=True).count() == 0


def test_lists_are_those_that_somebody_follows_in_one_language(tree: Tree, clock, superuser, health, post):
    list_of(tree.harm_reduction)
    french = List.about(None)
    french.locale = Locale.objects.create(language_code="fr")
    french = List.objects.kept(french)
    clock.follow(french)
    page = superuser.get(f"{LIST}add/").content.decode()
    assert "Health (English) – 1 subscriber" in page
    assert "Harm Reduction (English)" not in page
    answer = post(superuser, health, french)
    assert "A mail is in one language" in answer.content.decode()


def test_works_are_chosen_by_that_name(superuser, tree: Tree):
    assert "Choose a page (Work)" in superuser.get(f"{LIST}add/").text
    dialog = superuser.get("/admin/choose-page/?page_type=content.ContentItem").text
    assert "Content item" not in dialog


def test_page_tells_who_gets_it_and_what_is_missing(tree: Tree, clock, editor, health):
    clock.follow(tree.health, address="other@example.org")
    mailing = Mailing.objects.create(subject="<b>Moved</b>", body="", live=False)
    mailing.lists = [health]
    mailing.items = [MailingItem(item=tree.voice(title="Draft & more", live=False))]
    mailing.save_revision(clean=False)
    page = sending(editor, mailing)
    assert "2 people would get it now" in page
    assert "Please look at: text" in page
    assert "does not show them: Draft &amp; more" in page
    assert "<b>Moved" not in page
    assert "Send now" not in page


def test_test_goes_to_who_asks_and_to_nobody_else(superuser, health, post):
    post(superuser, health)
    mailing = Mailing.objects.get()
    path = f"{LIST}test/{mailing.pk}/"
    assert superuser.get(path).status_code == 405
    answer = superuser.post(path, follow=True)
    assert "A test is on its way to director@example.org" in answer.content.decode()
    [mail] = Mail.objects.all()
    assert (mail.told["to"], mail.told["subject"]) == ("director@example.org", "[Test] We have moved")
    assert ModelLogEntry.objects.filter(action="newsletter.test").count() == 1
    User.objects.update(email="")
    answer = superuser.post(path, follow=True)
    assert "Your account has no e-mail address" in answer.content.decode()
    assert Mail.objects.count() == 1


def test_who_may_publish_sends_it_before_its_time_once(superuser, editor, health, post):
    post(superuser, health, **{"action-publish": "1"})
    mailing = Mailing.objects.get()
    path = f"{LIST}now/{mailing.pk}/"
    editor.post(path)
    mailing.refresh_from_db()
    assert mailing.begun_at is None
    for _ in range(2):
        superuser.post(path)
    send_mailings(timezone.now())
    assert len(mails()) == 1
    assert ModelLogEntry.objects.filter(action="newsletter.send_mailing").count() == 1
    assert "What became of it" in sending(editor, mailing)
    answer = superuser.post(f"{LIST}test/{mailing.pk}/", follow=True)
    assert "gone out already" in answer.content.decode()


def test_draft_is_not_sent(superuser, health, post):
    post(superuser, health)
    answer = superuser.post(f"{LIST}now/{Mailing.objects.get().pk}/", follow=True)
    assert "It is not published" in answer.content.decode()
    assert Mailing.objects.get().begun_at is None


def test_what_has_gone_out_is_neither_changed_nor_taken_back_nor_deleted(superuser, health, post):
    post(superuser, health, **{"action-publish": "1"})
    mailing = Mailing.objects.get()
    mailing.begin()
    path = f"{LIST}edit/{mailing.pk}/"
    assert "It cannot be changed any more" in superuser.get(path).content.decode()
    post(superuser, health, path=path, subject="Changed", **{"action-publish": "1"})
    superuser.post(f"{LIST}unpublish/{mailing.pk}/")
    superuser.post(f"{LIST}delete/{mailing.pk}/")
    superuser.post(f"/admin/bulk/newsletter/mailing/delete/?id={mailing.pk}")
    mailing.refresh_from_db()
    assert (mailing.subject, mailing.live) == ("We have moved", True)
    mailing.begun_at = None
    mailing.save()
    superuser.post(f"{LIST}delete/{mailing.pk}/")
    assert not Mailing.objects.exists()


@pytest.mark.parametrize("mode", ["html", "text", "discreet"])
def test_preview_is_the_mail(superuser, health, mode):
    mailing = Mailing.objects.create(subject="We have moved", body="<p>Come.</p>", live=False)
    mailing.lists = [health]
    mailing.save_revision()
    answer = mailing.make_preview_request(None, mode)
    text = answer.content.decode()
    assert "Come." in text
    assert "because you follow Health" in text
    assert ("Something new to read" in text) == (mode == "discreet")


def test_who_has_no_permission_sees_nothing(health, post):
    stranger = user_of("", "stranger")
    mailing = Mailing.objects.create(subject="Secret plans", live=False)
    access = Group.objects.create(name="Access only")
    access.permissions.add(Group.objects.get(name="Editors").permissions.get(codename="access_admin"))
    stranger.user.groups.add(access)
    paths = [LIST + path for path in ("", f"edit/{mailing.pk}/", f"sending/{mailing.pk}/")]
    for path in (*paths, "/admin/snippets/choose/newsletter/mailing/"):
        assert "Secret plans" not in stranger.get(path).content.decode()


# Wagtail's notification is sent in a way that Django has deprecated.
@pytest.mark.filterwarnings("ignore:get_connection")
def test_nobody_approves_what_she_writes_in_the_same_moment(editor, health, post):
    moderator = user_of("Moderators")
    post(editor, health, **{"action-submit": "1"})
    mailing = Mailing.objects.get()
    approving = {"action-workflow-action": "1", "workflow-action-name": "approve"}
    post(moderator, health, path=f"{LIST}edit/{mailing.pk}/", subject="Mine", **approving)
    mailing.refresh_from_db()
    assert not mailing.live


def approve_in_the_form(client: Client, mailing: Mailing, **changes) -> str:
    """Open the form, change something (or nothing), press "Approve and Publish"; return what is said then."""
    path = f"{LIST}edit/{mailing.pk}/"
    page = client.get(path).text
    assert "Approve and Publish" in page
    form = querydict_from_html(page, form_id="w-editor-form")
    form.update({"action-workflow-action": "true", "workflow-action-name": "approve"} | changes)
    answer = client.post(path, form, follow=True)
    mailing.refresh_from_db()
    return answer.text


# As it may lie there: written by the form, or by a program, whose paragraphs have no keys.
@pytest.mark.parametrize("body", ["<p>Come <b>now</b>.</p>", '<p data-block-key="a1b2c">Come.</p>'])
@pytest.mark.filterwarnings("ignore:get_connection")
def test_who_changes_nothing_approves_in_the_form(editor, tree, health, body):
    at = timezone.now().replace(second=0, microsecond=0) + timedelta(days=1)
    works = [tree.voice(), tree.event()]
    mailing = written(health, works=works, publish=False, body=body, go_live_at=at)
    mailing.save_revision(user=editor.user)
    mailing.get_workflow().start(mailing, editor.user)
    assert "Sorry" not in approve_in_the_form(user_of("Moderators"), mailing)
    assert mailing.scheduled_for == at
    assert [row.item_id for row in mailing.scheduled_revision.as_object().items.all()] == [
        work.pk for work in works
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "We have moved again"},
        {"body": json.dumps({"blocks": [{"key": "a", "text": "x", "type": "unstyled"}], "entityMap": {}})},
        {"go_live_at": f"{timezone.now() + timedelta(days=9):%Y-%m-%d %H:%M}"},
        {"items-0-ORDER": "2", "items-1-ORDER": "1"},
        {"items-0-DELETE": "on"},
        {"lists": "another"},
    ],
    ids=["subject", "text", "time", "order", "works", "lists"],
)
@pytest.mark.filterwarnings("ignore:get_connection")
def test_who_changes_something_does_not_approve_and_is_told_why(editor, tree, clock, health, changes):
    clock.follow(tree.justice)
    works = [tree.voice(), tree.event()]
    mailing = written(health, works=works, publish=False)
    mailing.save_revision(user=editor.user)
    mailing.get_workflow().start(mailing, editor.user)
    if "lists" in changes:
        changes = {"lists": str(list_of(tree.justice).pk)}
    said = approve_in_the_form(user_of("Moderators"), mailing, **changes)
    assert not mailing.live
    assert mailing.scheduled_for is None
    assert "Your changes are saved. It was not approved." in said
    assert "Somebody else has to approve this" in said
    assert "Approve and Publish" not in said
    approve_in_the_form(user_of("Moderators", "second"), mailing)
    assert Mailing.objects.get().goes_at


@pytest.mark.filterwarnings("ignore:get_connection")
def test_who_wrote_it_does_not_approve_it_after_others_saved_it_unchanged(editor, health, post):
    writer = user_of("Moderators")
    post(writer, health)
    mailing = Mailing.objects.get()
    post(editor, health, path=f"{LIST}edit/{mailing.pk}/", **{"action-submit": "1"})
    mailing.refresh_from_db()
    assert "Somebody else has to approve this" in writer.get(f"{LIST}edit/{mailing.pk}/").text


@pytest.mark.filterwarnings("ignore:get_connection")
def test_comment_of_a_moderator_is_shown_to_whoever_mends_the_mailing(editor, health, post):
    post(editor, health, **{"action-submit": "1"})
    mailing = Mailing.objects.get()
    judge = user_of("Moderators").user
    mailing.current_workflow_task_state.reject(user=judge, comment="Where <b>to</b>?")
    page = editor.get(f"{LIST}edit/{mailing.pk}/").text
    assert "Moderators asks for changes: Where &lt;b&gt;to&lt;/b&gt;?" in page


@pytest.mark.filterwarnings("ignore:get_connection")
def test_workflow_without_a_task_publishes_nothing_for_who_may_not_publish(editor, health, post):
    SecondPersonTask.objects.update(active=False)
    with contextlib.suppress(PermissionDenied):
        post(editor, health, **{"action-submit": "1"})
    assert not Mailing.objects.filter(live=True).exists()


def test_page_tells_of_what_goes_out_and_that_there_is_a_newer_draft(tree, clock, superuser, health, post):
    clock.follow(tree.justice, address="other@example.org")
    post(superuser, health, **{"action-publish": "1"})
    mailing = Mailing.objects.get()
    assert "newer draft" not in sending(superuser, mailing)
    justice = list_of(tree.justice)
    post(superuser, health, justice, path=f"{LIST}edit/{mailing.pk}/", subject="Corrected")
    page = sending(superuser, mailing)
    assert "There is a newer draft" in page
    assert "1 person would get it now" in page


def test_scheduled_one_can_be_taken_back(superuser, health, post):
    at = timezone.now() + timedelta(days=1)
    post(superuser, health, go_live_at=f"{at:%Y-%m-%d %H:%M}", **{"action-publish": "1"})
    mailing = Mailing.objects.get()
    [path] = re.findall(r'href="([^"]+/unschedule/)"', sending(superuser, mailing))
    superuser.post(path)
    mailing.refresh_from_db()
    assert mailing.goes_at is None


def test_tests_are_so_many_an_hour(superuser, health, post):
    post(superuser, health)
    for _ in range(MOST_TESTS + 2):
        answer = superuser.post(f"{LIST}test/{Mailing.objects.get().pk}/", follow=True)
    assert "many tests within the hour" in answer.content.decode()
    assert Mail.objects.count() == MOST_TESTS


def test_nobody_sends_tests_to_an_address_that_she_typed_herself(editor):
    editor.post("/admin/account/", {"name_email-email": "victim@example.net", "name_email-first_name": "A"})
    editor.user.refresh_from_db()
    assert editor.user.email == "Editors@example.org"


def test_listing_asks_as_often_for_many_as_for_few(superuser, health):
    def write(number: int) -> int:
        for _ in range(number):
            mailing = Mailing.objects.create(subject="Many", body="<p>x</p>", live=False)
            mailing.lists = [health]
            mailing.save_revision()
        with CaptureQueriesContext(connection) as asked:
            assert superuser.get(LIST).status_code == 200
        return len(asked)

    write(1)
    assert write(1) == write(10)
