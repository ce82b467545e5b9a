"""Several connections to the mail server at once: each mail goes once, and the limits are for all of them."""

import asyncio
import threading
import time

import pytest

from harmhub import pooling
from harmhub.mail.models import Checkpoint, Mail
from harmhub.mail.sending import Line, send_due_mail
from tests.fixtures.mails import OddSink

pytestmark = pytest.mark.django_db(transaction=True)


class FarSink(OddSink):
    """A mail server that answers each mail only when so many are on the wire at once.

    ``together``: how many; ``most``: how many there were.
    """

    def __init__(self) -> None:
        super().__init__()
        self.together, self.now, self.most = 1, 0, 0
        self._enough: asyncio.Event | None = None

    async def handle_DATA(self, server, session, envelope):
        self._enough = self._enough or asyncio.Event()
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now >= self.together:
            self._enough.set()
        await asyncio.wait_for(self._enough.wait(), 10)
        self.now -= 1
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
def far_server(settings):
    sink = FarSink()
    sink.start()
    options = {"host": sink.host, "port": sink.port, "timeout": 10}
    settings.MAILERS = settings.MAILERS | {
        "outgoing": {"BACKEND": "harmhub.mail.backends.SmtpBackend", "OPTIONS": options}
    }
    yield sink
    sink.stop()


def test_mails_are_on_the_wire_at_once_and_each_goes_once(post_greeting, far_server, settings):
    settings.MAIL_CONNECTIONS = far_server.together = 3
    for number in range(12):
        post_greeting(to=f"reader{number}@example.org")
    assert send_due_mail() == 12
    assert far_server.most == 3
    sent = [mail["Message-ID"] for mail in far_server.messages]
    assert len(sent) == len(set(sent)) == 12
    assert not Mail.objects.waiting().exists()


def test_all_of_them_together_keep_to_the_rate(post_greeting, mail_server, settings):
    settings.MAIL_CONNECTIONS, settings.MAILS_PER_SECOND = 4, 40
    for number in range(20):
        post_greeting(to=f"reader{number}@example.org")
    begun = time.monotonic()
    assert send_due_mail() == 20
    assert time.monotonic() - begun >= 0.4


def test_with_a_server_that_is_away_the_queue_waits(post_greeting, mail_server, settings):
    settings.MAIL_CONNECTIONS = 4
    mail_server.stop()
    rows = [post_greeting(to=f"reader{number}@example.org") for number in range(4)]
    assert send_due_mail() == 0
    assert Mail.objects.waiting().filter(attempts=0).count() == len(rows)


def test_no_thread_and_no_database_connection_stays(post_greeting, mail_server, settings):
    settings.MAIL_CONNECTIONS = 4
    post_greeting()
    before = threading.active_count()
    send_due_mail()
    assert threading.active_count() == before


def test_that_mail_was_sent_is_noted_also_where_a_connection_breaks_down(
    post_greeting, mail_server, settings, monkeypatch
):
    settings.MAIL_CONNECTIONS = 2
    for number in range(4):
        post_greeting(to=f"reader{number}@example.org")
    broken = iter([True])

    def open_or_break(self: Line, real=Line.open) -> bool:
        if next(broken, False):
            raise RuntimeError
        return real(self)

    monkeypatch.setattr(Line, "open", open_or_break)
    with pytest.raises(RuntimeError):
        send_due_mail()
    assert len(mail_server.messages) == 4
    assert Checkpoint.objects.exists()


def test_each_connection_may_have_one_to_the_database():
    assert pooling.options(32)["max_size"] > 32
