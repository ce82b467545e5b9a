"""Readers' replies by mail: filed to the message that the address names, and to no other."""

import io
import os
import subprocess
import sys
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.conf import settings as project
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from wagtail.models import ModelLogEntry

from contact.models import Message, Turn
from contact.replies import MOST_A_DAY, NoSuchAddressError, TooManyError, file_reply, text_of
from contact.reply_address import named_by, reply_address
from harmhub.mail.models import Mail
from harmhub.mail.sending import send_due_mail
from tests.fixtures import databases
from tests.fixtures.inbox import do, now_is_later, written

WORDS = "Thank you. May I bring a friend?"


@pytest.fixture(autouse=True)
def inbound(settings) -> None:
    settings.CONTACT_REPLY_ADDRESS = "Answers@example.org"


@pytest.fixture
def message(tree) -> Message:
    now = timezone.now()
    return written(
        tree.harm_reduction,
        answer_by="mail",
        address="nora@example.org",
        answered_at=now - timedelta(days=1),
        heard_at=now - timedelta(days=3),
    )


def reply(message: Message, text: str = WORDS, **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Nora <nora@example.org>"
    mail["To"] = f"Team <{reply_address(message)}>"
    mail["Subject"] = "Re: Your message"
    mail["Message-ID"] = "<1@example.org>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


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
    "subject", ["Automatic reply: Your message", "Out of Office", "Respuesta automática: x"]
)
def test_absence_notes_are_known_by_their_subject(message, subject):
    mail = reply(message)
    mail.replace_header("Subject", subject)
    assert file_reply(bytes(mail)) is None


def test_a_person_s_own_mark_that_she_is_no_robot_is_believed(message):
    assert file_reply(bytes(reply(message, Auto_Submitted="no")))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Yes.\n\nOn Monday, the team wrote:\n> Come.\n> Bring nothing.\n", "Yes."),
        (
            "Yes.\n\nOn Monday, 3 May 2027 at 10:00 the team of Fennmark <answers@x.org>\nwrote:\n> Come.",
            "Yes.",
        ),
        ("Sí.\n\nEl lunes, el equipo escribió:\n\n> Ven.\n", "Sí."),
        ("Yes.\n-----Original Message-----\nFrom: x\nCome.", "Yes."),
        ("> Come.\n\nYes.", "> Come.\n\nYes."),
        ("> Come.", "> Come."),
        ("Two things:\n1\n2", "Two things:\n1\n2"),
        ("a\x00b\x07c", "abc"),
        ("x" * 20_000, "x" * 10_000),
    ],
)
def test_words_are_kept_without_the_mail_that_they_answer(message, text, kept):
    assert text_of(reply(message, text)).replace("\r", "") == kept


def test_a_mail_in_html_alone_is_kept_as_text(message):
    mail = reply(message)
    mail.set_content(
        "<style>p{}</style><p>Thank you.<br>Bye</p><blockquote>Come</blockquote>", subtype="html"
    )
    assert file_reply(bytes(mail)).text == "Thank you.\nBye"


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


@hypothesis(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(body=st.binary(max_size=300), header=st.binary(max_size=80).filter(lambda line: b"\n" not in line))
def test_no_mail_makes_it_fail(message, body, header):
    raw = b"To: " + reply_address(message).encode() + b"\nContent-Type: " + header + b"\n\n" + body
    try:
        turn = file_reply(raw)
    except (NoSuchAddressError, TooManyError):
        return
    assert turn is None or len(turn.text) <= 10_000


def run(monkeypatch: pytest.MonkeyPatch, raw: bytes, *arguments: str) -> tuple[int, str]:
    """Return how the command ends, and what it says."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
    said = io.StringIO()
    try:
        call_command("file_reply", *arguments, stderr=said)
    except SystemExit as end:
        return end.code, said.getvalue()
    return 0, said.getvalue()


def test_the_command_ends_as_a_mail_server_expects(message, monkeypatch):
    assert run(monkeypatch, bytes(reply(message))) == (0, "")
    assert run(monkeypatch, bytes(reply(message)), "nobody@example.org")[0] == os.EX_NOUSER
    message.delete()
    code, said = run(monkeypatch, bytes(reply(message)))
    assert code == os.EX_NOUSER
    assert "nora" not in said
    monkeypatch.setattr("contact.management.commands.file_reply.LARGEST", 10)
    assert run(monkeypatch, bytes(reply(message)))[0] == os.EX_DATAERR


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


def test_parts_within_parts_without_end_are_no_mail(message, monkeypatch):
    deep = f"To: {reply_address(message)}\n".encode()
    for level in range(2_000):
        deep += b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (level, level)
    assert run(monkeypatch, deep)[0] in (0, os.EX_DATAERR)


def test_without_the_setting_there_is_no_address(message, settings):
    address = reply_address(message)
    settings.CONTACT_REPLY_ADDRESS = ""
    assert reply_address(message) == ""
    assert named_by(address) is None
