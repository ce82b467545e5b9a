"""Sealed words: what the database holds of them, and what it takes to read them."""

import base64

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import connection, models
from django.test.utils import isolate_apps
from hypothesis import given
from hypothesis import strategies as st

from contact.models import Message
from harmhub import sealing
from harmhub.mail.models import Mail

words = st.text(st.characters(exclude_categories=["Cs"]))


@given(words)
def test_what_is_sealed_opens_again(text):
    assert sealing.unseal(sealing.seal(text)) == text


def test_same_text_is_sealed_differently_each_time():
    assert sealing.seal("needle exchange") != sealing.seal("needle exchange")


def test_token_shows_nothing_of_the_text():
    assert b"needle" not in base64.urlsafe_b64decode(sealing.seal("needle exchange"))


def test_changed_token_does_not_open():
    token = bytearray(sealing.seal("needle exchange"))
    token[20] ^= 1
    with pytest.raises(InvalidToken):
        sealing.unseal(bytes(token))


def test_new_key_before_the_old_one_seals_and_both_open(settings):
    before, old_digest = sealing.seal("before"), sealing.address_digest("a@example.org")
    settings.SEALING_KEYS = [Fernet.generate_key().decode(), *settings.SEALING_KEYS]
    after = sealing.seal("after")
    assert sealing.unseal(before) == "before"
    assert sealing.unseal(after) == "after"
    assert Fernet(settings.SEALING_KEYS[0]).decrypt(after) == b"after"
    assert sealing.address_digest("a@example.org") == old_digest


def test_digest_depends_on_purpose_and_key(settings):
    one = sealing.digest("text", "address")
    assert len(one) == 32
    assert one == sealing.digest("text", "address")
    assert one != sealing.digest("text", "reference")
    settings.SEALING_KEYS = [Fernet.generate_key().decode()]
    assert one != sealing.digest("text", "address")


@pytest.mark.parametrize(
    ("typed", "same_as"),
    [
        (" Ana@Example.ORG ", "ana@example.org"),
        ("jose\u0301@example.org", "jos\u00e9@example.org"),
        ("ana@B\u00dcCHER.example", "ana@xn--bcher-kva.example"),
        ("ana@bu\u0308cher.example", "ana@b\u00fccher.example"),
        ("STRASSE@example.org", "stra\u00dfe@example.org"),
    ],
)
def test_addresses_of_the_same_mailbox_have_one_digest(typed, same_as):
    assert sealing.address_digest(typed) == sealing.address_digest(same_as)


def test_sharp_s_in_a_domain_is_a_domain_of_its_own():
    assert sealing.address_digest("ana@faß.example") != sealing.address_digest("ana@fass.example")
    assert sealing.address_digest("ana@faß.example") == sealing.address_digest("Ana@XN--FA-HIA.example")
    assert sealing.address_digest("ana@λόγος.example") != sealing.address_digest("ana@λόγοσ.example")


@given(st.text())
def test_digest_of_anything_is_an_answer(text):
    assert len(sealing.address_digest(text)) == 32


def test_tokens_are_long_unlike_and_fit_in_a_query():
    tokens = {sealing.new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(base64.urlsafe_b64decode(token + "=")) == 32 for token in tokens)
    assert sealing.hash_token("\ud800") != sealing.hash_token(tokens.pop())


@pytest.fixture
def note_model(db):
    """A table with sealed columns, there for one test."""
    with isolate_apps("harmhub"):

        class Note(models.Model):  # noqa: DJ008
            text = sealing.SealedTextField(null=True)
            data = sealing.SealedJSONField(null=True)

            class Meta:
                app_label = "harmhub"
                db_table = "test_note"

        with connection.schema_editor() as editor:
            editor.create_model(Note)
        yield Note
        with connection.schema_editor() as editor:
            editor.delete_model(Note)


def test_row_holds_no_readable_word(note_model):
    note = note_model.objects.create(text="where can I test", data={"name": "Ana", "ü": [1, None]})
    with connection.cursor() as cursor:
        cursor.execute("SELECT text, data FROM test_note")
        row = [bytes(column) for column in cursor.fetchone()]
    assert all(column.startswith(b"gAAAA") for column in row)
    again = note_model.objects.get(pk=note.pk)
    assert again.text == "where can I test"
    assert again.data == {"name": "Ana", "ü": [1, None]}


def test_empty_text_is_sealed_and_none_stays_null(note_model):
    note_model.objects.create(text="", data=None)
    again = note_model.objects.get(data__isnull=True)
    assert again.text == ""
    assert again.data is None


def test_comparing_a_sealed_column_is_an_error_instead_of_an_empty_result(note_model):
    with pytest.raises(FieldError):
        note_model.objects.filter(text="where").exists()


def test_sealed_text_survives_model_validation(note_model):
    note = note_model(text="not base64 at all!", data=[1])
    note.full_clean()
    assert note.text == "not base64 at all!"
    assert "not base64" not in note._meta.get_field("text").value_to_string(note)


@pytest.mark.django_db
def test_a_dump_shows_no_word_and_is_loaded_as_it_was(tmp_path):
    dump = tmp_path / "dump.json"
    Message.objects.create(language="en", text="where can I test", name="")
    Mail.prepare(purpose="x", to="ana@example.org", language="en").queue(
        {"to": "ana@example.org", "subject": "From Ana"}
    )
    call_command("dumpdata", "contact", "mail", output=str(dump), verbosity=0)
    # With spaces: what is sealed is random letters, among which a short word may be.
    assert "where can" not in dump.read_text()
    assert "From Ana" not in dump.read_text()
    Message.objects.all().delete()
    Mail.objects.all().delete()
    for _ in range(2):  # loaded again over itself
        call_command("loaddata", str(dump), verbosity=0)
    assert [(each.text, each.name) for each in Message.objects.all()] == [("where can I test", "")]
    assert Mail.objects.get().content["subject"] == "From Ana"


def stored() -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT text, data FROM test_note")
        return [bytes(column) for column in cursor.fetchone()]


def test_what_does_not_open_is_shown_as_that_and_opens_again_when_its_key_is_back(note_model, settings):
    note_model.objects.create(text="where can I test", data={"name": "Ana"})
    before, keys = stored(), settings.SEALING_KEYS
    settings.SEALING_KEYS = [Fernet.generate_key().decode()]
    note = note_model.objects.get()
    for value in (note.text, note.data):
        assert "Cannot be read" in value
        with pytest.raises(InvalidToken):
            sealing.readable(value)
    note.full_clean()
    note.save()
    assert stored() == before
    assert note._meta.get_field("text").value_to_string(note) == before[0].decode()
    settings.SEALING_KEYS = keys
    again = note_model.objects.get()
    assert (sealing.readable(again.text), again.data) == ("where can I test", {"name": "Ana"})
