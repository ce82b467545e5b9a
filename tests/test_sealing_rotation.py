"""New keys: everything is sealed anew, beside whoever is writing, and nothing is lost."""

import threading
from io import StringIO

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.core.management import CommandError, call_command
from django.db import connection

from contact.models import Message
from harmhub import rotation
from harmhub.mail.models import Mail
from harmhub.rotation import rotate, sealed_columns
from harmhub.sealing import address_digest


def new_key() -> str:
    return Fernet.generate_key().decode()


def rotated() -> str:
    out = StringIO()
    call_command("rotate_sealing_keys", stdout=out)
    return out.getvalue()


def tokens() -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM contact_message ORDER BY id")
        return [bytes(token) for (token,) in cursor.fetchall()]


@pytest.fixture
def new_keys(settings):
    """Put a new key in front of those there are, and return the former ones."""

    def put() -> list[str]:
        before = settings.SEALING_KEYS
        settings.SEALING_KEYS = [new_key(), *before]
        return before

    return put


def test_every_sealed_column_of_every_model_is_found():
    labels = {column.label for column in sealed_columns()}
    assert {
        "contact.Message text",
        "contact.Message name",
        "contact.Message address",
        "contact.Turn text",
        "mail.Mail content",
        "newsletter.Subscriber address",
        "newsletter.SignUp address",
    } <= labels


@pytest.mark.django_db
def test_afterwards_the_newest_key_alone_opens_everything(new_keys, settings):
    Message.objects.create(language="en", text="where can I test", name="Nora", address="n@example.org")
    Mail.prepare(purpose="x", to="n@example.org", language="en").queue(
        {"to": "n@example.org", "subject": "A"}
    )
    digest, before = address_digest("n@example.org"), new_keys()
    said = rotated()
    assert "contact.Message text: 1 sealed anew, 0 cannot be opened" in said
    assert address_digest("n@example.org") == digest
    with pytest.raises(InvalidToken):
        Fernet(before[0]).decrypt(tokens()[0])
    settings.SEALING_KEYS = settings.SEALING_KEYS[:1]
    message = Message.objects.get()
    assert (message.text, message.name, message.address) == ("where can I test", "Nora", "n@example.org")
    assert Mail.objects.get().content["subject"] == "A"


@pytest.mark.django_db
def test_it_says_which_keys_may_go(new_keys, settings):
    assert "only key" in rotated()
    new_keys()
    assert "No key may go" in rotated()
    new_keys()
    assert "The second key may go" in rotated()
    new_keys()
    assert "Keys 2 to 3 may go" in rotated()


@pytest.mark.django_db
def test_a_second_run_has_nothing_to_do(new_keys):
    Message.objects.create(language="en", text="x")
    new_keys()
    rotated()
    before = tokens()
    assert "contact.Message text: 0 sealed anew" in rotated()
    assert tokens() == before


@pytest.mark.django_db
def test_what_does_not_open_is_reported_and_left_alone(new_keys, settings):
    Message.objects.create(language="en", text="lost")
    lost, settings.SEALING_KEYS = settings.SEALING_KEYS, [new_key()]
    Message.objects.create(language="en", text="kept")
    before = tokens()
    new_keys()
    out = StringIO()
    with pytest.raises(CommandError, match="do not open with any key"):
        call_command("rotate_sealing_keys", stdout=out)
    assert "contact.Message text: 1 sealed anew, 1 cannot be opened" in out.getvalue()
    assert tokens()[0] == before[0]
    settings.SEALING_KEYS = [*settings.SEALING_KEYS, *lost]
    assert [each.text for each in Message.objects.order_by("pk")] == ["lost", "kept"]


@pytest.mark.django_db
def test_what_somebody_writes_meanwhile_is_not_overwritten(new_keys):
    message = Message.objects.create(language="en", text="before")
    new_keys()
    column = next(each for each in sealed_columns() if each.label == "contact.Message text")
    rows = next(column.batches())
    message.text = "after"
    message.save()
    result = rotate(column, rows)
    assert (result.sealed, result.missed) == (0, 1)
    assert Message.objects.get().text == "after"


@pytest.mark.django_db
def test_a_run_that_was_stopped_is_finished_by_the_next(new_keys, monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 2)
    Message.objects.bulk_create([Message(language="en", text=f"{n}") for n in range(7)])
    new_keys()
    column = next(each for each in sealed_columns() if each.label == "contact.Message text")
    batches = column.batches()
    for _ in range(2):
        rotate(column, next(batches))
    assert "contact.Message text: 3 sealed anew" in rotated()
    assert [each.text for each in Message.objects.order_by("pk")] == [f"{n}" for n in range(7)]


@pytest.mark.django_db(transaction=True)
def test_beside_writers_no_word_is_lost(new_keys, monkeypatch, settings):
    monkeypatch.setattr(rotation, "BATCH", 5)
    Message.objects.bulk_create([Message(language="en", text="0") for _ in range(100)])
    new_keys()
    numbers, written = list(Message.objects.values_list("pk", flat=True)), {}
    stop = threading.Event()

    def write() -> None:
        turn = 0
        try:
            while not stop.is_set():
                turn += 1
                pk = numbers[(turn * 37) % len(numbers)]
                Message.objects.filter(pk=pk).update(text=f"{turn}")
                written[pk] = f"{turn}"
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(3):
        for column in sealed_columns():
            for rows in column.batches():
                rotate(column, rows)
    stop.set()
    writer.join(10)
    rotated()
    settings.SEALING_KEYS = settings.SEALING_KEYS[:1]
    assert {each.pk: each.text for each in Message.objects.all()} == dict.fromkeys(numbers, "0") | written
    assert len(written) > 10
