"""Readers' replies by mail: filed to the message that the address names, and to no other."""

import os
import subprocess
import sys
from email.message import EmailMessage

import pytest
from django.conf import settings as project
from django.db import connection
from django.utils import timezone
from wagtail.models import ModelLogEntry

from contact.models import Message, Turn
from contact.replies import MOST_A_DAY, NoSuchAddressError, TooManyError, file_reply
from contact.reply_address import named_by, reply_address
from harmhub.mail.models import Mail
from harmhub.mail.sending import send_due_mail
from tests.fixtures import databases
from tests.fixtures.inbox import do, now_is_later, written
from tests.fixtures.replying import WORDS, pipe_into, reply

pytestmark = pytest.mark.usefixtures("inbound")


@pytest.fixture
def message(answered_by_mail) -> Message:
    return answered_by_mail


def test_a_reply_is_filed_to_its_message_which_waits_again(message):
    message.close()
    turn = file_reply(bytes(reply(message)))
    assert (turn.message, turn.kind, turn.text) == (message, Turn.Kind.READER, WORDS)
    message.refresh_from_db()
    assert message in Message.objects.waiting()
    assert ModelLogEntry.objects.get(action="contact.reply").label == message.reference


def test_the_people_are_told_without_a_word(message):
    Message.objects.filter(pk=message.pk).update(notified_at=timezone.now())
    file_reply(bytes(reply(message)))
    notice = Mail.objects.get()
    assert message.reference in notice.told["subject"]
    assert "friend" not in str(notice.told)
    assert "nora" not in str(notice.told)


def test_an_answer_by_mail_names_the_address_that_files_its_reply(desk, message, mail_server):
    do(desk, message, "answer", text="Come on Monday.")
    now_is_later(minutes=3)
    send_due_mail()
    (mail,) = mail_server.messages
    answer = EmailMessage()
    answer["To"] = mail["Reply-To"]
    answer.set_content(WORDS)
    assert file_reply(bytes(answer)).message == message
    assert "reply to this mail" in mail.get_body().get_content()


@pytest.mark.parametrize("change", [str.upper, str.lower, str])
def test_an_address_survives_a_change_of_case(message, change):
    assert named_by(change(reply_address(message))) == message


def test_an_address_that_somebody_made_up_names_no_message(tree, message):
    other = written(tree.justice)
    made_up = reply_address(message).replace(
        message.reference.replace("-", "").lower(), other.reference.replace("-", "").lower()
    )
    last = reply_address(message).replace("@", "x@")
    for address in (
        *(made_up, last, "Answers@example.org", "", "Answers+@example.org"),
        *(f"x{reply_address(message)}", f"{reply_address(message)}.evil.example"),
    ):
        mail = reply(message)
        mail.replace_header("To", address)
        with pytest.raises(NoSuchAddressError):
            file_reply(bytes(mail))
    assert not Turn.objects.exists()


def test_the_envelope_counts_before_the_headers(tree, message):
    other = written(tree.justice)
    assert file_reply(bytes(reply(message)), reply_address(other)).message == other


def test_a_mail_that_comes_twice_is_one(message):
    assert file_reply(bytes(reply(message)))
    assert file_reply(bytes(reply(message))) is None
    assert Turn.objects.count() == 1


@pytest.mark.parametrize(
    "header",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated (vacation)"},
        {"Precedence": "bulk"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
        {"List_Id": "<list.example.org>"},
    ],
)
def test_robots_are_not_heard(message, header):
    assert file_reply(bytes(reply(message, **header))) is None
    assert not Turn.objects.exists()
    message.refresh_from_db()
    assert message in Message.objects.answered()


@pytest.mark.parametrize(
    "subject", ["Out of office hours: when can I come?", "Automatic reply: Your message"]
)
def test_a_subject_alone_makes_no_robot(message, subject):
    mail = reply(message)
    mail.replace_header("Subject", subject)
    assert file_reply(bytes(mail)).text == WORDS


def test_a_person_s_own_mark_that_she_is_no_robot_is_believed(message):
    assert file_reply(bytes(reply(message, Auto_Submitted="no")))


def test_attachments_are_dropped_and_mentioned_without_their_names(message):
    mail = reply(message)
    mail.add_attachment(b"picture", "image", "png", filename="my-wound.png")
    mail.add_attachment("words", filename="secret.txt")
    assert file_reply(bytes(mail)).text == WORDS
    note = message.turns.get(kind=Turn.Kind.NOTE)
    assert note.text == "2 attachments came with it and were not kept."


def test_a_reply_to_spam_leaves_it_where_it_is_and_tells_nobody(message):
    message.quarantine()
    assert file_reply(bytes(reply(message)))
    message.refresh_from_db()
    assert message in Message.objects.quarantined()
    assert not Mail.objects.exists()


def test_who_writes_without_end_is_put_off(message):
    for _ in range(MOST_A_DAY):
        message.turns.create(kind=Turn.Kind.READER, text="x")
    with pytest.raises(TooManyError):
        file_reply(bytes(reply(message)))


def test_the_command_ends_as_a_mail_server_expects(message, monkeypatch):
    assert pipe_into(monkeypatch, bytes(reply(message))) == (0, "")
    assert pipe_into(monkeypatch, bytes(reply(message)), "nobody@example.org")[0] == os.EX_NOUSER
    message.delete()
    code, said = pipe_into(monkeypatch, bytes(reply(message)))
    assert code == os.EX_NOUSER
    assert "nora" not in said
    monkeypatch.setattr("contact.management.commands.file_reply.LARGEST", 10)
    assert pipe_into(monkeypatch, bytes(reply(message)))[0] == os.EX_DATAERR


@pytest.mark.django_db(transaction=True)
def test_a_mail_server_pipes_a_mail_into_it(message):
    """With the settings of a server, as a process of its own."""
    known = {
        name: str(getattr(project, name))
        for name in ("SECRET_KEY", "PUBLIC_URL", "CONTACT_REPLY_ADDRESS", "DATA_DIR")
    }
    environment = (
        os.environ
        | known
        | {
            "SEALING_KEYS": ",".join(project.SEALING_KEYS),
            "DATABASE_URL": databases.url(connection.settings_dict["NAME"]),
            "DJANGO_SETTINGS_MODULE": "harmhub.settings",
        }
    )

    def pipe(recipient: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "manage.py", "file_reply", recipient]
        mail = bytes(reply(message))
        return subprocess.run(command, input=mail, env=environment, capture_output=True, check=False)

    done = pipe(reply_address(message))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert message.turns.get().text == WORDS
    refused = pipe("Answers+made-up@example.org")
    assert (refused.returncode, refused.stderr) == (os.EX_NOUSER, b"There is no such address.\n")


def test_without_the_setting_there_is_no_address(message, settings):
    address = reply_address(message)
    settings.CONTACT_REPLY_ADDRESS = ""
    assert reply_address(message) == ""
    assert named_by(address) is None


ANOTHER = "This reply came from another address than the reader's."


@pytest.mark.parametrize(
    ("sender", "is_hers"),
    [
        ("Nora <nora@example.org>", True),
        ("NORA@Example.ORG", True),
        ("stranger@evil.example", False),
        ("nora@example.org, stranger@evil.example", False),
        ('"nora@example.org" <stranger@evil.example>', False),
        ("=?utf-8?q?nora=40example.org=3E?= <stranger@evil.example>", False),
        ("", False),
    ],
)
def test_a_reply_from_another_sender_has_a_note_that_does_not_name_him(message, sender, is_hers):
    raw = bytes(reply(message)).replace(b"From: Nora <nora@example.org>", b"From: " + sender.encode())
    assert file_reply(raw).text == WORDS
    notes = message.turns.filter(kind=Turn.Kind.NOTE)
    assert [note.text.startswith(ANOTHER) for note in notes] == [True] * (not is_hers)
    assert "evil" not in "".join(note.text for note in notes)


def test_what_goes_wrong_unexpectedly_is_put_off_without_a_word(message, monkeypatch):
    def fail(*_) -> None:
        raise AssertionError(f"expected name token at {WORDS}")

    monkeypatch.setattr("contact.management.commands.file_reply.file_reply", fail)
    code, said = pipe_into(monkeypatch, bytes(reply(message)))
    assert (code, said) == (os.EX_TEMPFAIL, "Try again later (AssertionError).\n")
