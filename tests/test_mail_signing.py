"""Mails that leave by SMTP carry a signature that dkimpy, which made none of it, finds good."""

import re
import time

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from dkim.canonicalization import Relaxed
from hypothesis import given
from hypothesis import strategies as some

from harmhub.mail.backends import SmtpBackend
from harmhub.mail.checks import WEAK_KEY, key_is_strong
from harmhub.mail.composing import compose_edition
from harmhub.mail.keys import record_of
from harmhub.mail.message import Message
from harmhub.mail.models import Mail
from harmhub.mail.sending import send_due_mail
from harmhub.mail.signing import Signer, UnsignableError, relaxed_body
from harmhub.sealing import new_token
from tests.fixtures.mails import READER, next_try

KEY = generate_private_key(65537, 2048)
MARK = "m" * 43
LEAVE = f"https://example.org/newsletter/leave/?t={MARK}"


@pytest.fixture
def key(settings):
    settings.DKIM_KEY = KEY
    settings.DKIM_SELECTOR = "spring.2026"
    settings.DEFAULT_FROM_EMAIL = "updates@example.org"
    return KEY


def is_good(raw: bytes, name: bytes = b"spring.2026._domainkey.example.org.") -> bool:
    """Whether a receiver who finds our key in the DNS believes the signature."""

    def found(asked: bytes, timeout: float = 5) -> bytes:
        assert asked == name
        return record_of(KEY).encode()

    return dkim.verify(raw, dnsfunc=found)


def names(raw: bytes) -> list[str]:
    """Return the names that a signature says it covers."""
    field = raw.split(b"\r\n\r\n")[0].decode()
    return "".join(re.search(r"\sh=([^;]*);", field)[1].split()).split(":")


TEXTS = {
    "plain": "Good morning",
    "with accents, which Python would send in 8 bits": "Çay saati – “today”",
    "Arabic": "خبر جديد عن الحد من الضرر " * 9,
    "Russian": "Новости для читателей\n" * 3,
    "with dots at the beginning of lines": ".\n..\n.\n.hidden\n",
    "with long lines": "word " * 400 + "x" * 2000,
    "with spaces that do not count": "a  b\t\tc   \n \n\n  d \t\n\n\n",
}


@pytest.mark.django_db
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_the_server_gets_is_what_was_signed(post_greeting, mail_server, key, text):
    post_greeting(context={"greeting": text}, language="ar")
    post_greeting(template="plain")
    assert send_due_mail() == 2
    for raw in mail_server.raw:
        assert raw.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org;")
        assert is_good(raw)
        assert raw.isascii(), "a server on the way need not encode anything"
    assert {message["To"] for message in mail_server.messages} == {READER}


@pytest.mark.django_db
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_each_mail_of_an_edition_has_a_signature_of_its_own(mail_templates, mail_server, key, text):
    edition = compose_edition(
        template="greeting",
        context={"greeting": f"{text} {LEAVE} {text}"},
        language="en",
        headers={
            "List-Unsubscribe": f"<{LEAVE}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": "<health.example.org>",
            "Reply-To": "answers@example.org",
        },
        mark=MARK,
    )
    readers = ((edition.pk, "en", f"reader{number}@bücher.example", new_token()) for number in range(3))
    mails = Mail.queue_many("newsletter-x", readers)
    assert send_due_mail() == 3
    assert all(map(is_good, mail_server.raw))
    for mail, raw in zip(mails, mail_server.raw, strict=True):
        assert mail.content["secret"].encode() in raw
        covered = {"from", "to", "subject", "date", "message-id", "reply-to", "list-id", "auto-submitted"}
        assert covered <= {*names(raw)}
        assert {"list-unsubscribe", "list-unsubscribe-post"} <= {*names(raw)}, "RFC 8058, 4"
        assert {"mime-version", "content-type"} <= {*names(raw)}


@pytest.mark.django_db
def test_a_field_cannot_be_added_changed_or_taken_away(post_greeting, mail_server, key):
    post_greeting(headers={"List-Unsubscribe": "<https://example.org/x>"})
    send_due_mail()
    [raw] = mail_server.raw
    assert is_good(raw)
    for added in (b"From: evil@example.net", b"Subject: Win", b"List-Unsubscribe: <https://example.net/>"):
        assert not is_good(added + b"\r\n" + raw)
    for word in (b"Canary", READER.encode(), b"https://example.org/x", b"auto-generated"):
        assert word in raw
        assert not is_good(raw.replace(word, b"other", 1))
    assert not is_good(raw.replace(b"Auto-Submitted: auto-generated\r\n", b""))


@pytest.mark.django_db
def test_folding_and_spaces_that_servers_change_do_not_break_it(post_greeting, mail_server, key):
    post_greeting()
    send_due_mail()
    [raw] = mail_server.raw
    changed = raw.replace(b"Subject: Canary greetings", b"SUBJECT:  Canary\r\n\tgreetings ")
    assert changed != raw
    assert is_good(changed + b"\r\n\r\n")


@pytest.mark.django_db
def test_without_a_key_nothing_is_signed(post_greeting, mail_server):
    post_greeting()
    send_due_mail()
    assert b"dkim" not in mail_server.raw[0].lower()


@pytest.mark.django_db
def test_mails_that_cannot_be_signed_wait_instead_of_going_out_unsigned(
    post_greeting, mail_server, key, settings, caplog
):
    row = post_greeting()
    settings.DEFAULT_FROM_EMAIL = "nobody"
    assert send_due_mail() == 0
    row.refresh_from_db()
    assert (row.sent_at, row.failed_at, row.attempts) == (None, None, 1)
    assert f"mail {row.pk} could not be made" in caplog.text
    assert READER not in caplog.text
    assert mail_server.raw == []
    settings.DEFAULT_FROM_EMAIL = "updates@example.org"
    next_try(row)
    assert send_due_mail() == 1
    assert is_good(mail_server.raw[0])


def test_a_mail_that_cannot_be_signed_leaves_the_connection_good_for_the_next(settings, smtp_sink, key):
    backend = SmtpBackend(alias="outgoing", host=smtp_sink.host, port=smtp_sink.port)
    backend.open()
    with pytest.raises(UnsignableError):
        backend.hand_over("updates@example.org", READER, b"Subject: no sender\r\n\r\nText\r\n")
    backend.hand_over("updates@example.org", READER, b"From: updates@example.org\r\n\r\nText")
    backend.close()
    assert [is_good(raw) for raw in smtp_sink.raw] == [True]


def test_a_domain_in_another_script_is_signed_for_as_the_dns_has_it(settings, smtp_sink, key):
    settings.DEFAULT_FROM_EMAIL = "news@bücher.example"
    options = {"host": smtp_sink.host, "port": smtp_sink.port}
    settings.MAILERS = {"default": {"BACKEND": "harmhub.mail.backends.SmtpBackend", "OPTIONS": options}}
    Message("سلام", "نص", "المنظمة <news@bücher.example>", ["a@example.org"]).send()
    assert is_good(smtp_sink.raw[0], b"spring.2026._domainkey.xn--bcher-kva.example.")


@given(some.text(alphabet=" \t\r\nab.", max_size=60))
def test_bodies_are_hashed_as_dkimpy_hashes_them(text):
    body = text.replace("\r", "").replace("\n", "\r\n").encode() + b"\r\n"  # which smtplib sees to
    assert relaxed_body(body) == Relaxed.canonicalize_body(body)
    assert relaxed_body(body) == relaxed_body(body.removesuffix(b"\r\n")) or not body.strip()


def test_a_key_of_any_size_that_receivers_read_makes_good_signatures():
    raw = b"From: a@example.org\r\nSubject: x\r\n\r\n"
    for bits in (1024, 4096):
        key = generate_private_key(65537, bits)
        signed = Signer(key, "example.org", "s").sign(raw) + raw
        assert dkim.verify(signed, dnsfunc=lambda *_, key=key, **__: record_of(key).encode())
        assert max(map(len, signed.split(b"\r\n"))) <= 78


def test_signing_takes_a_fraction_of_what_dkimpy_takes():
    raw = b"From: a@example.org\r\nSubject: x\r\n\r\n" + b"Some words, and a few more of them.\r\n" * 800
    pem = KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signer = Signer(KEY, "example.org", "s")

    def seconds(sign) -> float:
        """Return how long the quickest of some takes: other processes make the rest wait."""
        times = []
        for _time in range(5):
            begun = time.perf_counter()
            sign()
            times.append(time.perf_counter() - begun)
        return min(times)

    ours = seconds(lambda: signer.sign(raw))
    theirs = seconds(lambda: dkim.sign(raw, b"s", b"example.org", pem, canonicalize=(b"relaxed", b"relaxed")))
    assert ours < theirs / 3, (ours, theirs)


def test_deploy_check_warns_of_a_weak_key(settings):
    settings.DKIM_KEY = generate_private_key(65537, 1024)
    assert key_is_strong() == [WEAK_KEY]
    for good in (KEY, None):
        settings.DKIM_KEY = good
        assert key_is_strong() == []
