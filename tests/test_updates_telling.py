"""What editors say about updates: whether a work is told, what has changed, hold it, send it now."""

import threading
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import PageLogEntry

from content.models import VoicesPage
from harmhub.users.models import User
from newsletter.models import List, Pace, Update
from newsletter.updating import find_and_release
from tests.factories import Tree
from tests.fixtures import databases
from tests.fixtures.following import Clock, fresh, mails, told
from tests.fixtures.staff import press

pytestmark = pytest.mark.django_db
LIST = "/admin/updates/"


@pytest.fixture
def editor(tree: Tree) -> Client:
    user = User.objects.create_user(username="moderator", password="x")
    user.groups.add(Group.objects.get(name="Moderators"))
    client = Client()
    client.force_login(user)
    return client


def published(work: VoicesPage, **fields) -> None:
    work.first_published_at = work.first_published_at or timezone.now() - timedelta(days=1)
    for name, value in fields.items():
        setattr(work, name, value)
    work.save_revision().publish()


# --- telling and changes


def test_work_is_not_told_while_its_editor_does_not_want_it(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    work = fresh(tree, "Quiet", tell_subscribers=False)
    clock.pass_(days=1)
    assert told() == []
    published(work, tell_subscribers=True)
    clock.pass_()
    assert told() == ["Quiet"]


def test_work_that_is_not_to_be_told_after_all_is_not_when_it_waits(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    work = fresh(tree, "Quiet")
    clock.run()
    published(work, tell_subscribers=False)
    clock.pass_(days=1)
    assert told() == []


def test_change_is_told_with_its_note_once(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    work = fresh(tree, "Counting")
    clock.pass_(days=1)
    for _ in range(2):
        published(work, change_note="New figures for 2026")
        clock.pass_(days=1)
    assert told() == ["Counting", "Counting"]
    first, second = (mail.told for mail in mails())
    assert "Updated:" not in first["text"] + first["html"]
    assert "Updated: New figures for 2026" in second["text"]
    assert "Updated: New figures for 2026" in second["html"]
    published(work, change_note="Figures by town")
    clock.pass_(days=1)
    assert "Updated: Figures by town" in mails()[-1].told["text"]
    published(work, change_note="")
    published(work, title="Counting, corrected")
    clock.pass_(days=1)
    assert len(told()) == 3


def test_change_of_an_old_work_is_told_however_old_it_is(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    work = tree.voice(title="Of long ago")
    clock.pass_(days=1)
    published(work, change_note="Ten years later")
    clock.pass_(days=1)
    assert told() == ["Of long ago"]


def test_change_that_is_taken_back_in_time_is_not_told(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    work = fresh(tree, "Counting")
    clock.pass_(days=1)
    published(work, change_note="A slip")
    clock.run()
    published(work, change_note="What was meant")
    clock.pass_(days=1)
    assert len(told()) == 2
    assert "What was meant" in mails()[-1].told["text"]


def test_who_gets_a_work_and_its_change_in_one_mail_gets_a_new_work(tree: Tree, clock: Clock):
    clock.follow(tree.health, Pace.WEEKLY)
    clock.follow(tree.harm_reduction, Pace.AT_ONCE, "quick@example.org")
    work = fresh(tree, "Counting")
    clock.pass_()
    published(work, change_note="New figures")
    clock.pass_(days=8)
    assert told() == ["Counting"]
    assert "Updated" not in mails()[0].told["text"]
    assert told("quick@example.org") == ["Counting", "Counting"]


def test_copied_work_brings_no_change_along(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    work = fresh(tree, "Counting")
    published(work, change_note="New figures")
    clock.pass_(days=1)
    work.copy(update_attrs={"title": "Counting again", "slug": "again"})
    quiet = work.copy(
        update_attrs={"title": "Quiet", "slug": "quiet", "tell_subscribers": False}, keep_live=False
    )
    old = work.copy(update_attrs={"title": "Old", "slug": "old", "published_on": date(2019, 1, 1)})
    for each in (quiet, old):
        each.get_latest_revision_as_object().save_revision().publish()
    clock.pass_(days=1)
    assert told() == ["Counting", "Counting again"]


def test_form_of_a_work_that_was_never_public_forgets_the_note_of_its_original(tree: Tree, editor: Client):
    work = tree.voice(title="Counting", change_note="New figures")
    copy = work.copy(update_attrs={"slug": "again"}, keep_live=False)
    copy.change_note = "New figures"
    form = VoicesPage.get_edit_handler().get_form_class()(instance=copy, for_user=None)
    assert form.instance.change_note == ""


# --- hold, send now, do not send


def test_update_is_held_back_let_go_or_dropped_until_it_has_gone(tree: Tree, clock: Clock, editor: Client):
    clock.follow(tree.health)
    for name in ("Held", "Quick", "Dropped"):
        fresh(tree, name)
    clock.run()
    held, quick, dropped = Update.objects.unreleased()
    for update, step in ((held, "hold"), (dropped, "drop"), (quick, "send_now")):
        address = reverse(f"update:{step}", args=[update.pk])
        assert editor.get(address).status_code == 405
        assert press(editor, LIST, address).status_code == 302
    clock.later(minutes=1)
    Update.objects.filter(pk=quick.pk).update(goes_at=clock.now)  # the clock of the tests is another
    clock.run()
    assert told() == ["Quick"]
    clock.pass_(days=2)
    assert told() == ["Quick"]
    assert "Held back" in editor.get(LIST).content.decode()
    assert "Dropped" not in editor.get(LIST).content.decode()
    Update.objects.filter(pk=held.pk).update(goes_at=clock.now)
    clock.run()
    assert told() == ["Quick", "Held"]
    editor.handler.enforce_csrf_checks = False
    for step in ("hold", "drop", "send_now"):
        editor.post(reverse(f"update:{step}", args=[held.pk]))
    held.refresh_from_db()
    assert (held.place, held.goes_at) == (2, clock.now)
    actions = PageLogEntry.objects.filter(action__startswith="newsletter.").values_list("action", flat=True)
    assert sorted(actions) == ["newsletter.drop", "newsletter.hold", "newsletter.send_now"]


def test_sending_now_is_now(tree: Tree, editor: Client):
    now = timezone.now()
    find_and_release(now - timedelta(days=2))
    tree.voice(title="News", published_on=timezone.localdate())
    find_and_release(now)
    [update] = Update.objects.unreleased()
    editor.post(reverse("update:send_now", args=[update.pk]))
    find_and_release(timezone.now())
    update.refresh_from_db()
    assert update.place == 1


def test_held_update_of_a_work_that_is_unpublished_waits_on(tree: Tree, clock: Clock, editor: Client):
    clock.follow(tree.health)
    work = fresh(tree, "Held")
    clock.run()
    [update] = Update.objects.unreleased()
    editor.post(reverse("update:hold", args=[update.pk]))
    work.unpublish()
    clock.pass_()
    work.save_revision().publish()
    clock.pass_(days=1)
    assert told() == []
    assert Update.objects.unreleased().get(goes_at=None) == update


def test_update_of_a_work_that_is_taken_back_is_not_listed_as_going_out(
    tree: Tree, clock: Clock, editor: Client
):
    work = fresh(tree, "Taken back")
    clock.run()
    assert "Taken back" in editor.get(LIST).text
    assert "Subscribers are told from" in form_of(editor, work)
    work.unpublish()
    assert "Taken back" not in editor.get(LIST).text
    assert "Subscribers are told from" not in form_of(editor, work)
    clock.run()
    assert not Update.objects.unreleased().exists()


def test_held_update_of_a_work_that_is_not_public_says_so_and_offers_no_sending(
    tree: Tree, clock: Clock, editor: Client
):
    work = fresh(tree, "Held")
    clock.run()
    [update] = Update.objects.unreleased()
    update.hold()
    address = reverse("update:send_now", args=[update.pk])
    assert address in editor.get(LIST).text
    work.unpublish()
    page = editor.get(LIST).text
    assert "the work is not public" in page
    assert address not in page
    assert reverse("update:drop", args=[update.pk]) in page


def test_only_who_may_changes_what_goes_out(tree: Tree, clock: Clock):
    fresh(tree, "News")
    clock.run()
    [update] = Update.objects.unreleased()
    user = User.objects.create_user(username="nobody", password="x")
    client = Client()
    client.force_login(user)
    for step in ("hold", "drop", "send_now"):
        client.post(reverse(f"update:{step}", args=[update.pk]))
        assert Client().post(reverse(f"update:{step}", args=[update.pk])).status_code == 302
    update.refresh_from_db()
    assert (update.place, update.goes_at) == (None, clock.now + timedelta(minutes=10))


def test_who_cannot_publish_a_work_decides_nothing_of_its_update(tree: Tree, clock: Clock):
    fresh(tree, "News")
    clock.run()
    [update] = Update.objects.unreleased()
    user = User.objects.create_user(username="editor", password="x")
    user.groups.add(Group.objects.get(name="Editors"))
    client = Client()
    client.force_login(user)
    page = client.get(LIST).content.decode()
    assert "News" in page
    assert "Hold back" not in page
    client.post(reverse("update:hold", args=[update.pk]))
    update.refresh_from_db()
    assert update.goes_at


@pytest.mark.django_db(transaction=True)
def test_what_an_editor_drops_while_the_job_lets_it_go_stays_dropped(tree: Tree, clock: Clock):
    fresh(tree, "Dropped")
    clock.run()
    clock.later(minutes=11)
    [update] = Update.objects.unreleased()

    def let_go() -> None:
        find_and_release(clock.now)
        connection.close()

    job = threading.Thread(target=let_go)
    with transaction.atomic():
        update.drop()
        job.start()
        databases.wait_for_a_lock()
    job.join(10)
    assert Update.objects.get().place == 0


def test_held_note_that_another_has_replaced_is_not_told_and_the_editor_learns_of_it(
    tree: Tree, clock: Clock, editor: Client
):
    clock.follow(tree.health)
    work = fresh(tree, "Counting")
    clock.pass_(days=1)
    published(work, change_note="First")
    clock.run()
    [update] = Update.objects.unreleased()
    editor.post(reverse("update:hold", args=[update.pk]))
    published(work, change_note="Second")
    answer = editor.post(reverse("update:send_now", args=[update.pk]), follow=True)
    assert "not told any more" in answer.content.decode()
    clock.pass_(days=1)
    assert "Second" in mails()[-1].told["text"]
    assert len(told()) == 2


def test_new_work_with_a_note_that_is_taken_back_is_told_when_it_returns(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    work = fresh(tree, "Slip", change_note="Left over")
    clock.run()
    work.unpublish()
    clock.pass_()
    published(work)
    clock.pass_(days=1)
    assert told() == ["Slip"]


# --- beside the work


def form_of(editor: Client, work: VoicesPage) -> str:
    return editor.get(reverse("wagtailadmin_pages:edit", args=[work.pk])).content.decode()


def test_editor_sees_who_is_told_when_and_is_asked_what_she_can_decide(
    tree: Tree, clock: Clock, editor: Client
):
    clock.follow(tree.health, Pace.WEEKLY)
    clock.follow(tree.harm_reduction, Pace.DAILY, "second@example.org")
    clock.follow(tree.justice, Pace.DAILY, "third@example.org")
    draft = tree.voice(title="Draft", live=False, published_on=timezone.localdate())
    page = form_of(editor, draft)
    assert "Daily 1, Weekly 1" in page
    assert 'name="tell_subscribers"' in page
    assert 'name="change_note"' not in page
    assert "Ten minutes after it is published" in page
    work = fresh(tree, "Fresh", first_published_at=timezone.now())
    clock.run()
    page = form_of(editor, work)
    assert 'name="tell_subscribers"' not in page
    assert 'name="change_note"' in page
    assert "Subscribers are told from" in page
    assert "Daily 1 (2026-06-02 08:00), Weekly 1 (2026-06-04 08:00)." in page
    assert LIST in page
    clock.pass_()
    assert "Subscribers were told last on" in form_of(editor, work)


def test_form_that_does_not_ask_leaves_what_was_decided(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    work = fresh(tree, "Fresh", first_published_at=timezone.now())
    form = VoicesPage.get_edit_handler().get_form_class()
    assert "tell_subscribers" not in form(instance=work, for_user=None).fields
    assert work.tell_subscribers


def test_mail_is_previewed_beside_the_page(tree: Tree, editor: Client):
    work = tree.voice(title="The night <van>", live=False, change_note="With a map")
    answer = editor.get(reverse("wagtailadmin_pages:view_draft", args=[work.pk]), {"mode": "mail"})
    shown = work.make_preview_request(preview_mode="mail")
    assert answer.status_code == 200
    html = shown.content.decode()
    assert "The night &lt;van&gt;" in html
    assert "Updated: With a map" in html
    assert "because you follow Harm Reduction" in html


def test_numbers_count_only_who_would_be_told(tree: Tree, clock: Clock, editor: Client):
    locale = tree.health.locale
    clock.follow(List.objects.kept(List(page=tree.health, locale=locale, kind="event")), Pace.DAILY)
    clock.follow(List.objects.kept(List(page=tree.health, locale=locale, kind="voices")), Pace.WEEKLY)
    paused = clock.follow(tree.health, Pace.MONTHLY, "paused@example.org").subscriber
    paused.paused_until = timezone.now() + timedelta(days=9)
    paused.save()
    page = form_of(editor, fresh(tree, "Fresh"))
    assert "Subscribers by pace: Weekly 1." in page
