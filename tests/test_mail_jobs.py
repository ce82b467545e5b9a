"""The jobs around mail, run by procrastinate's own worker."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from wagtail.models import Page

from content.models import InfoPage
from content.tasks import prepare_card
from harmhub import tasks as site_tasks
from harmhub.mail import tasks
from harmhub.mail.models import Mail
from harmhub.mail.sending import send_due_mail
from tests.factories import ImageFactory
from tests.fixtures.mails import READER

WORKER_IS_DEAD = """
    WITH dead AS (
        INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id
    )
    UPDATE procrastinate_jobs SET status = 'doing', worker_id = dead.id FROM dead
"""


def run_jobs(*queues: str) -> None:
    """Run what waits, in some queues or in all, in a worker until nothing does. Without the minutely jobs,
    which would make it depend on the second of the clock what runs."""
    with (
        pytest.MonkeyPatch.context() as patched,
        app.replace_connector(app.connector.get_worker_connector()) as working,
    ):
        patched.setattr(working.periodic_registry, "periodic_tasks", {})
        working.run_worker(
            queues=[*queues] or None,
            wait=False,
            install_signal_handlers=False,
            listen_notify=False,
            concurrency=1,
        )


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def waiting_senders() -> int:
    return ProcrastinateJob.objects.filter(task_name=tasks.send_due.name, status="todo").count()


@pytest.mark.django_db(transaction=True)
def test_posting_wakes_one_sender_after_the_commit(post_greeting):
    with transaction.atomic():
        post_greeting()
        assert waiting_senders() == 0
    assert waiting_senders() == 1
    post_greeting()
    assert waiting_senders() == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_woken_sends(post_greeting, mail_server):
    post_greeting()
    run_jobs()
    assert mail_server.recipients == [[READER]]


@pytest.mark.django_db(transaction=True)
def test_job_arguments_say_nothing_of_a_mail(post_greeting):
    post_greeting()
    assert list(ProcrastinateJob.objects.values_list("args", flat=True)) == [{}]


@pytest.mark.django_db(transaction=True)
def test_the_job_of_a_worker_that_died_runs_again(post_greeting, mail_server):
    post_greeting()
    execute(WORKER_IS_DEAD)
    run_jobs()
    assert not mail_server.messages
    site_tasks.rescue_stalled_jobs.defer(timestamp=0)
    run_jobs()
    run_jobs()
    assert mail_server.recipients == [[READER]]


@pytest.mark.django_db(transaction=True)
def test_a_dead_workers_job_does_not_stand_in_the_way_of_the_same_job_that_waits(post_greeting, mail_server):
    post_greeting()
    execute(WORKER_IS_DEAD)
    post_greeting(to="other@example.org")
    site_tasks.rescue_stalled_jobs.defer(timestamp=0)
    run_jobs()
    run_jobs()
    assert len(mail_server.messages) == 2


@pytest.mark.django_db(transaction=True)
def test_a_file_that_ends_the_worker_again_and_again_is_given_up():
    image = ImageFactory()
    for _ in range(site_tasks.MOST_TRIES):
        assert ProcrastinateJob.objects.get(task_name=prepare_card.name).status == "todo"
        execute(f"{WORKER_IS_DEAD} WHERE queue_name = '{site_tasks.FILES}'")
        site_tasks.rescue_stalled_jobs.defer(timestamp=0)
        run_jobs("default")
    assert ProcrastinateJob.objects.get(task_name=prepare_card.name).status == "failed"
    assert not image.renditions.exists()


@pytest.mark.django_db(transaction=True)
def test_jobs_that_ended_a_week_ago_are_dropped(post_greeting):
    post_greeting()
    execute("UPDATE procrastinate_jobs SET status = 'doing'")
    execute("UPDATE procrastinate_jobs SET status = 'failed'")
    failed = ProcrastinateJob.objects.get()
    site_tasks.forget_jobs.defer(timestamp=0)
    run_jobs()
    assert ProcrastinateJob.objects.filter(pk=failed.pk).exists()
    execute("UPDATE procrastinate_events SET at = at - interval '8 days'")
    site_tasks.forget_jobs.defer(timestamp=0)
    run_jobs()
    assert not ProcrastinateJob.objects.filter(pk=failed.pk).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["sent_at", "failed_at"])
def test_a_mail_is_forgotten_a_week_and_a_day_after_its_end_and_not_before(post_greeting, state):
    row = post_greeting()
    for age, kept in [(timedelta(days=7, hours=23), True), (timedelta(days=8, minutes=1), False)]:
        Mail.objects.filter(pk=row.pk).update(**{state: timezone.now() - age})
        tasks.forget(timestamp=0)
        row = Mail.objects.get(pk=row.pk)
        assert (row.content is not None, row.recipient is not None, row.forgotten_at is None) == (kept,) * 3


@pytest.mark.django_db
def test_a_mail_that_still_waits_is_not_forgotten_however_old(post_greeting, mail_server):
    post_greeting()
    Mail.objects.update(created_at=timezone.now() - timedelta(days=400))
    tasks.forget(timestamp=0)
    assert send_due_mail() == 1


@pytest.mark.django_db
def test_a_forgotten_mail_cannot_be_tried_again(post_greeting):
    row = post_greeting()
    Mail.objects.update(failed_at=timezone.now() - timedelta(days=9))
    tasks.forget(timestamp=0)
    assert not row.try_again()


@pytest.mark.django_db
def test_a_page_whose_time_has_come_is_published_without_cron():
    parent = Page.objects.get(depth=2)
    page = parent.add_child(instance=InfoPage(title="Coming", slug="coming", live=False))
    page.go_live_at = timezone.now() + timedelta(hours=1)
    page.save_revision().publish()
    site_tasks.publish_scheduled(timestamp=0)
    page.refresh_from_db()
    assert not page.live
    page.go_live_at = timezone.now() - timedelta(minutes=1)
    page.save_revision(approved_go_live_at=page.go_live_at)
    site_tasks.publish_scheduled(timestamp=0)
    page.refresh_from_db()
    assert page.live


@pytest.mark.django_db
def test_a_page_whose_time_is_over_is_unpublished_and_called_expired():
    past = timezone.now() - timedelta(minutes=1)
    page = Page.objects.get(depth=2).add_child(instance=InfoPage(title="Over", slug="over", expire_at=past))
    site_tasks.publish_scheduled(timestamp=0)
    page.refresh_from_db()
    assert (page.live, page.expired) == (False, True)


@pytest.mark.django_db
def test_a_schedule_that_cannot_fire_holds_up_no_other():
    parent = Page.objects.get(depth=2)
    past = timezone.now() - timedelta(minutes=1)
    scheduled = []
    for slug in ("taken", "free"):
        page = parent.add_child(instance=InfoPage(title=slug, slug=slug, live=False, go_live_at=past))
        page.save_revision(approved_go_live_at=past)
        scheduled.append(page)
    # Another page takes the address that the first one asks for when its turn comes.
    InfoPage.objects.filter(pk=scheduled[0].pk).update(slug="moved")
    parent.add_child(instance=InfoPage(title="Thief", slug="taken"))
    site_tasks.publish_scheduled(timestamp=0)
    assert [InfoPage.objects.get(pk=page.pk).live for page in scheduled] == [False, True]
