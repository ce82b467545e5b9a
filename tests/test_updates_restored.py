"""After a backup was restored, what went out since is not sent again unless somebody says so."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from harmhub.mail.checkpoint import database_is_restored, note_sending
from harmhub.mail.models import Checkpoint, Mail
from harmhub.mail.sending import send_due_mail
from newsletter.models import Delivery, Issue, Pace, Run, Subscription, Update
from newsletter.tasks import forget, updates
from tests.factories import Tree
from tests.fixtures.following import Clock, fresh, gone, mails, secrets_in, told, written

pytestmark = pytest.mark.django_db


class Context:
    """What the job runner gives a job."""

    @staticmethod
    def should_abort() -> bool:
        return False


@pytest.fixture(autouse=True)
def folder(settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def sent(tree: Tree, clock: Clock) -> Callable[[], None]:
    """A function that takes the database back to before its newest mails, which were sent."""

    def restore() -> None:
        Checkpoint.objects.update(at=timezone.now() - timedelta(hours=1))
        Delivery.objects.all().delete()
        Mail.objects.all().delete()
        Run.objects.filter(mails__gt=0).delete()
        Subscription.objects.update(served_to=0)

    clock.follow(tree.health)
    note_sending()
    fresh(tree, "Sent")
    clock.pass_()
    assert told() == ["Sent"]
    note_sending()
    return restore


def job() -> None:
    updates.func(Context(), timestamp=0)


def test_runs_wait_while_the_database_is_older_than_the_last_mail(sent, tree: Tree, caplog):
    assert not database_is_restored()
    sent()
    assert database_is_restored()
    note_sending()
    assert database_is_restored(), "Other mail goes out, and does not answer the question."
    job()
    assert told() == []
    assert "resume_updates" in caplog.text


def test_mails_to_many_that_wait_wait_on_and_others_are_sent(sent, post_greeting, mail_server):
    Checkpoint.objects.update(at=timezone.now() - timedelta(hours=1))
    post_greeting(to="other@example.org")
    send_due_mail()
    assert [to for (to,) in mail_server.recipients] == ["other@example.org"]
    call_command("resume_updates", "again")
    send_due_mail()
    assert len(mail_server.recipients) == 2


def test_what_was_public_then_counts_as_told(sent, tree: Tree, clock: Clock):
    sent()
    tree.voice(title="Found just now", published_on=timezone.localdate())
    job()
    call_command("resume_updates", "told")
    job()
    assert told() == []
    fresh(tree, "Afterwards")
    clock.later(days=1)
    clock.pass_()
    assert told() == ["Afterwards"]


def test_or_all_is_sent_again(sent, tree: Tree, clock: Clock):
    sent()
    call_command("resume_updates", "again")
    assert not database_is_restored()
    job()
    assert told() == ["Sent"]


@pytest.mark.parametrize(("decision", "number"), [("told", 0), ("again", 1)])
def test_mailings_wait_and_go_by_the_same_word(sent, tree: Tree, decision: str, number: int):
    sent()
    mailing = written(tree.health, go_live_at=timezone.now() - timedelta(minutes=1))
    half = written(tree.health)
    half.begin()
    job()
    assert not mails()
    call_command("resume_updates", decision)
    job()
    subjects = [mail.told["subject"] for mail in mails()]
    assert subjects.count("We have moved") == 2 * number
    for each in (mailing, half):
        each.refresh_from_db()
        assert each.ended_at


def test_who_got_a_mailing_is_forgotten_and_its_links_leave_still(tree: Tree, clock: Clock):
    subscription = clock.follow(tree.health)
    mailing = gone(written(tree.health))
    secret = secrets_in(mails()[0])[0]
    mailing.begun_at = timezone.now() - timedelta(days=401)
    mailing.save()
    forget(timestamp=0)
    assert Issue.objects.get().mailing is None
    assert list(Delivery.objects.opened_by(secret).get().subscriptions) == [subscription]
    mailing.delete()


def test_new_database_beside_an_old_folder_is_none_that_was_restored(sent):
    Checkpoint.objects.all().delete()
    assert not database_is_restored()


def test_without_a_restored_backup_there_is_nothing_to_decide(sent):
    with pytest.raises(CommandError):
        call_command("resume_updates", "told")


@pytest.mark.parametrize("text", ["", "2026-", "20261126", "nonsense"])
def test_file_that_was_half_written_or_is_away_holds_up_nothing(sent, folder: Path, text: str):
    (folder / "mail.checkpoint").write_text(text)
    assert not database_is_restored()
    (folder / "mail.checkpoint").unlink()
    assert not database_is_restored()


def test_sender_notes_when_it_sent(post_greeting, mail_server, folder: Path):
    post_greeting()
    send_due_mail()
    assert (folder / "mail.checkpoint").read_text() == Checkpoint.objects.get().at.isoformat()


def test_what_was_told_is_forgotten_and_the_links_in_old_mails_leave_still(tree: Tree, clock: Clock):
    subscription = clock.follow(tree.health, Pace.AT_ONCE)
    fresh(tree, "News")
    clock.pass_()
    secret = secrets_in(mails()[0])[0]
    run = Run.objects.filter(mails__gt=0)
    run.update(slot=timezone.now() - timedelta(days=399))
    forget(timestamp=0)
    assert Issue.objects.get().sections[0][1] == [Update.objects.latest("place").pk]
    run.update(slot=timezone.now() - timedelta(days=401))
    for _ in range(2):
        forget(timestamp=0)
    assert Issue.objects.get().sections == [[subscription.list_id, []]]
    assert list(Delivery.objects.opened_by(secret).get().subscriptions) == [subscription]
