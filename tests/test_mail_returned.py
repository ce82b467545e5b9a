"""What comes to the bounce address: read from a real mailbox, or from a pipe."""

import io
import logging
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.utils import timezone

from harmhub.mail.inbox import Tally, read_inbox
from harmhub.mail.mailbox import Mailbox
from harmhub.mail.models import Bounce, Mail
from harmhub.mail.reports import MOST_BYTES, Report, read, take
from harmhub.mail.return_path import return_path
from harmhub.mail.tasks import read_bounces
from tests.fixtures.dovecot import DOVECOT, IMAP, dovecot
from tests.fixtures.returned import absence, complaint, dsn, letter
from tests.fixtures.site import free_port

pytestmark = pytest.mark.django_db
SOFT, HARD, COMPLAINT = Bounce.Kind.SOFT, Bounce.Kind.HARD, Bounce.Kind.COMPLAINT


@pytest.fixture(autouse=True)
def _bounce_address(settings):
    settings.BOUNCE_ADDRESS = "bounces@example.org"


@pytest.fixture
def sent(post_greeting):
    """A mail that was sent."""
    row = post_greeting()
    Mail.objects.update(sent_at=timezone.now())
    return row


def noted() -> list[str]:
    return list(Bounce.objects.values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({}, HARD),
        ({"status": "4.2.2", "diagnosis": "smtp; 452 4.2.2 full"}, SOFT),
        ({"status": "5.7.1", "diagnosis": "smtp; 550 5.7.1 spam"}, SOFT),
        ({"status": "5.0.0", "diagnosis": "smtp; 550 5.7.1 spam"}, SOFT),
        ({"status": "5.0.0", "diagnosis": "x"}, HARD),
        ({"status": "", "diagnosis": ""}, SOFT),
        ({"returned": "text/rfc822-headers"}, HARD),
        ({"action": "delayed", "status": "4.4.1"}, None),
        ({"action": "delivered", "status": "2.0.0"}, None),
        ({"action": "relayed", "status": "2.0.0"}, None),
        ({"action": "FAILED"}, HARD),
    ],
)
def test_a_delivery_report_is_understood(sent, told, kind):
    found = read(dsn(sent, **told))
    assert found == (Report(kind, sent.pk) if kind else Report(None))


@pytest.mark.parametrize(
    ("feedback", "kind"), [("abuse", COMPLAINT), ("fraud", COMPLAINT), ("not-spam", None)]
)
def test_a_complaint_is_understood(sent, feedback, kind):
    found = read(complaint(sent, kind=feedback))
    assert found == (Report(kind, sent.pk) if kind else Report(None))


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Precedence: auto_reply",
        "X-Autoreply: yes",
        "Auto-Submitted: Auto-Generated",
    ],
)
def test_an_absence_note_is_nothing(sent, header):
    assert take(absence(sent, header)) == Report(None)
    assert not noted()


def test_a_letter_is_left_to_people(sent):
    assert take(letter(sent)) is None
    assert not noted()


def test_what_old_exims_send_is_understood(sent):
    raw = letter(sent).replace(b"Subject", b"X-Failed-Recipients: reader@example.org\nSubject")
    assert take(raw.replace(b"Please tell", b"550 5.1.1 no such user")) == Report(HARD, sent.pk)


def test_a_made_up_return_path_is_not_believed(sent):
    forged = f"bounces+{sent.pk.hex}-{'0' * 16}@example.org"
    assert take(dsn(sent, to=forged).replace(sent.message_id.encode(), b"<x@example.org>")) is None
    assert not noted()


def test_by_the_message_id_alone_a_bounce_is_believed_and_a_complaint_is_not_final(sent, post_greeting):
    assert take(dsn(sent, to="bounces@example.org")) == Report(HARD, sent.pk)
    other = post_greeting()
    assert take(complaint(other, sender="updates@example.org")) == Report(COMPLAINT, other.pk)
    assert noted() == [HARD, HARD]


def test_the_return_path_is_found_in_what_is_sent_back(sent):
    path = "bounces@example.org"
    raw = dsn(sent, to=path, more=f"Return-Path: <{return_path(sent.pk)}>")
    assert read(raw) == Report(HARD, sent.pk)


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw.replace(b"--B1--", b""),
        lambda raw: raw + b"x" * MOST_BYTES,
        lambda raw: raw.replace(b"To: <", b"To: \xff\xfe\x00 <"),
        lambda raw: raw.replace(b"\n", b"\r\n"),
        lambda raw: raw.replace(b"Subject: ", b"Subject: =?utf-8?B?////?= \x00"),
        lambda raw: raw.replace(b"us-ascii", b"no-such-charset"),
    ],
)
def test_a_damaged_report_is_understood_all_the_same(sent, damage):
    assert take(damage(dsn(sent))[:MOST_BYTES]) == Report(HARD, sent.pk)
    assert noted() == [HARD]


@pytest.mark.parametrize("raw", [b"", b"\0\xff" * 1000, b"Content-Type: multipart/report\n\n", b"\n" * 9999])
def test_nonsense_is_not_understood_and_no_error(raw):
    assert take(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        b'Content-Type: multipart/report; boundary="' + b";" * MOST_BYTES,
        b'Content-Type: multipart/report; x="' + b"a;" * MOST_BYTES,
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(900))
        + b"-\n" * MOST_BYTES,
    ],
)
def test_odd_mails_to_the_bounce_address_take_no_time(raw):
    begun = time.process_time()
    assert take(raw[:MOST_BYTES]) is None
    assert time.process_time() - begun < 2  # hundredths of a second where nothing is quadratic; many if so


# --- the mailbox


@pytest.fixture(scope="module")
def imap_server():
    if not (DOVECOT and IMAP):
        pytest.skip("Dovecot is not installed.")
    with dovecot() as server:
        yield server


@pytest.fixture
def mailbox(imap_server):
    yield SimpleNamespace(server=imap_server, at=Mailbox.at(imap_server.url))
    imap_server.clear()


def test_what_was_understood_is_deleted_and_what_was_not_stays_and_is_counted_once(sent, mailbox, caplog):
    mailbox.server.put(dsn(sent), dsn(sent), absence(sent), letter(sent), dsn(sent, action="delayed"))
    with caplog.at_level(logging.INFO, logger="harmhub"):
        assert read_inbox(mailbox.at) == Tally(bounces=2, nothing=2, left=1)
    assert mailbox.server.kept() == {"Who are you?": True}
    assert noted() == [HARD]
    assert "2 bounces, 2 without news, 1 not understood" in caplog.text
    assert "@" not in caplog.text.replace("MAILER-DAEMON", "")
    assert read_inbox(mailbox.at) == Tally()


def test_a_message_that_cannot_be_recorded_stays_and_the_others_go_on(sent, mailbox, monkeypatch, caplog):
    def odd(raw: bytes) -> Report | None:
        if b"Out of office" in raw:
            raise ValueError("canary@example.org")
        return take(raw)

    monkeypatch.setattr("harmhub.mail.inbox.take", odd)
    mailbox.server.put(absence(sent), dsn(sent))
    assert read_inbox(mailbox.at) == Tally(bounces=1, left=1)
    assert "canary" not in caplog.text


def test_a_message_of_any_length_is_read_as_far_as_it_is_needed(sent, mailbox):
    mailbox.server.put(dsn(sent) + b"x" * 70 * 30_000)
    assert read_inbox(mailbox.at) == Tally(bounces=1)


def test_the_job_reads_the_mailbox_where_there_is_one(sent, mailbox, settings):
    mailbox.server.put(dsn(sent))
    settings.BOUNCE_INBOX = None
    read_bounces()
    assert not noted()
    settings.BOUNCE_INBOX = mailbox.at
    read_bounces()
    assert noted() == [HARD]
    assert not mailbox.server.kept()


@pytest.mark.parametrize("scheme", ["imap+tls", "imap+ssl"])
def test_the_way_to_a_mailbox_is_encrypted_for_one_whose_certificate_is_trusted(
    sent, mailbox, scheme, monkeypatch, caplog
):
    mailbox.server.put(dsn(sent))
    at = Mailbox.at(mailbox.server.url_by(scheme))
    assert read_inbox(at) is None
    assert "cannot be read (SSLCertVerificationError)" in caplog.text
    monkeypatch.setenv("SSL_CERT_FILE", str(mailbox.server.certificate))
    assert read_inbox(at) == Tally(bounces=1)


@pytest.mark.parametrize("wrong", ["password", "folder"])
def test_a_mailbox_that_does_not_open_costs_a_log_line(mailbox, wrong, caplog):
    url = mailbox.server.url.replace("p%40ss", "x") if wrong == "password" else f"{mailbox.server.url}/none"
    assert read_inbox(Mailbox.at(url)) is None
    assert "cannot be read (IMAP4.error)" in caplog.text
    assert "@" not in caplog.text


def test_a_mail_server_that_is_away_costs_a_log_line(caplog):
    gone = Mailbox.at(f"imap://user:password@127.0.0.1:{free_port()}/INBOX")
    assert read_inbox(gone) is None
    assert "cannot be read (ConnectionRefusedError)" in caplog.text


# --- the pipe


def piped(monkeypatch, raw: bytes) -> str:
    out = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
    call_command("read_bounces", stdout=out)
    return out.getvalue()


def test_a_mail_server_hands_a_message_over_by_a_pipe(sent, monkeypatch):
    assert piped(monkeypatch, letter(sent)) == "Nothing to record.\n"
    assert piped(monkeypatch, dsn(sent) + b"x" * 3 * MOST_BYTES) == "Recorded.\n"
    assert noted() == [HARD]


def test_without_the_database_the_mail_server_keeps_the_message(tmp_path):
    command = [sys.executable, "manage.py", "read_bounces"]
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "harmhub.settings",
        "DATABASE_URL": f"postgres://user:password@127.0.0.1:{free_port()}/none",
        "DATA_DIR": str(tmp_path),
    }
    raw = dsn(Mail(), to="x").replace(b"Final", b"X")
    ended = subprocess.run(
        command, input=raw, env=environment, cwd=project.BASE_DIR, capture_output=True, check=False
    )
    assert ended.returncode == 75
    assert b"The database is away." in ended.stderr


def test_the_command_for_the_mailbox_says_what_is_missing(settings):
    settings.BOUNCE_INBOX = None
    with pytest.raises(CommandError, match="BOUNCE_INBOX_URL"):
        call_command("read_bounces", "--inbox")
