"""Mail under faults: senders at once, killed senders, a database that goes away."""

import contextlib
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from django.conf import settings as project
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.exceptions import AlreadyEnqueued

from harmhub.mail.models import Mail
from harmhub.mail.sending import send_due_mail
from harmhub.tasks import rescue_stalled_jobs
from tests.fixtures import databases
from tests.fixtures.site import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def in_thread(work) -> threading.Thread:
    """Start the work in a thread with a database connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@contextlib.contextmanager
def worker(mail_server) -> Iterator[subprocess.Popen]:
    """Run the job worker as a process of its own on the database of this test; it is killed at the end."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "harmhub.settings",
        "DATABASE_URL": databases.url(connection.settings_dict["NAME"]),
        "EMAIL_URL": mail_server.url,
    }
    process = subprocess.Popen([sys.executable, "manage.py", "worker"], cwd=project.BASE_DIR, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def cut_the_database() -> None:
    """End all connections to the database of this test, as a restart does."""
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    with databases.maintenance() as server:
        server.execute(ended, [connection.settings_dict["NAME"]])


def test_two_senders_at_once_send_each_mail_once(post_greeting, mail_server):
    for number in range(100):
        post_greeting(to=f"reader{number}@example.org")
    for thread in [in_thread(send_due_mail), in_thread(send_due_mail)]:
        thread.join(30)
    once = {f"reader{number}@example.org": 1 for number in range(100)}
    assert Counter(to for (to,) in mail_server.recipients) == once
    assert mail_server.connections == 2


def test_no_transaction_is_open_while_a_mail_is_on_the_wire(post_greeting, mail_server):
    post_greeting()
    mail_server.after_data = "hang"
    sender = in_thread(send_due_mail)
    wait_for(lambda: mail_server.handed_over, 10, "Nothing was sent.")
    with databases.maintenance() as server:
        states = server.execute(
            "SELECT state FROM pg_stat_activity WHERE datname = %s AND state <> 'idle'",
            [connection.settings_dict["NAME"]],
        ).fetchall()
    assert states == []
    sender.join(10)


def test_mail_goes_out_after_the_worker_was_killed_and_after_the_database_restarted(
    post_greeting, mail_server
):
    """One after the other: what takes long is the start of a worker."""
    row = post_greeting()
    mail_server.after_data = "hang"
    with worker(mail_server):
        wait_for(lambda: mail_server.handed_over, 30, "The worker did not come to the text.")
    assert Mail.objects.filter(sent_at=None, attempts=0, claimed_until__isnull=False).count() == 1
    mail_server.after_data = ""
    with connection.cursor() as cursor:  # half a minute passes, and then the minutely job comes
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    Mail.objects.update(claimed_until=timezone.now())
    with contextlib.suppress(AlreadyEnqueued):  # the killed worker was there when a minute began
        rescue_stalled_jobs.defer(timestamp=0)
    with worker(mail_server):
        wait_for(lambda: mail_server.messages, 30, "The mail of the killed worker did not go out.")
        wait_for(Mail.objects.sent().exists, 5, "It was not recorded.")
        assert [message["Message-ID"] for message in mail_server.messages] == [row.message_id]
        cut_the_database()
        connection.close()
        row = post_greeting(to="other@example.org")
        wait_for(lambda: len(mail_server.messages) == 2, 30, "The worker did not come back.")
    assert mail_server.messages[1]["Message-ID"] == row.message_id


def test_a_job_whose_end_could_not_be_recorded_holds_up_no_mail(post_greeting, mail_server):
    refuse = """
        CREATE SEQUENCE refusals;
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM nextval('refusals'); RAISE EXCEPTION 'no'; END $$;
        CREATE TRIGGER refuse BEFORE DELETE ON procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION refuse();
    """

    def was_refused() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT is_called FROM refusals")
            return cursor.fetchone()[0]

    with connection.cursor() as cursor:
        cursor.execute(refuse)
    with worker(mail_server):
        post_greeting()
        wait_for(was_refused, 30, "No job has ended.")
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER refuse ON procrastinate_jobs")
        post_greeting(to="other@example.org")
        wait_for(lambda: len(mail_server.messages) == 2, 30, "The next mail waits for ever.")


def test_a_mail_sent_while_the_database_restarts_is_not_sent_again(post_greeting, mail_server):
    post_greeting()

    class CutsTheDatabase:
        """Ends the sender's database connection between the server's answer and its recording."""

        async def cut(self, *handed_over):
            cut_the_database()
            return await accept(*handed_over)

    accept, mail_server.handle_DATA = mail_server.handle_DATA, CutsTheDatabase().cut
    assert send_due_mail() == 1
    mail_server.handle_DATA = accept
    assert Mail.objects.exclude(sent_at=None).count() == 1
    assert send_due_mail() == 0
    assert len(mail_server.messages) == 1


def test_a_mail_of_a_transaction_that_failed_is_never_sent(post_greeting, mail_server):
    with transaction.atomic():
        post_greeting()
        transaction.set_rollback(True)
    assert send_due_mail() == 0
    assert not Mail.objects.exists()


def test_nobody_who_posts_waits_for_somebody_elses_long_transaction(post_greeting):
    with transaction.atomic():
        post_greeting()
        other = in_thread(lambda: post_greeting(to="other@example.org"))
        other.join(10)
        assert not other.is_alive()
    assert Mail.objects.count() == 2
