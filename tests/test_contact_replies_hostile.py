"""Mails made to stall or break the pipe: each is taken or refused, in no time and without a word."""

import os
import time

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from contact.models import Message
from contact.replies import NoSuchAddressError, TooManyError, file_reply
from contact.reply_address import reply_address
from tests.fixtures.replying import pipe_into, reply

MEGABYTE = 1_000_000


@pytest.fixture
def message(answered_by_mail) -> Message:
    return answered_by_mail


def in_html(message: Message, html: str) -> bytes:
    mail = reply(message)
    mail.set_content(html, subtype="html", cte="8bit")
    return bytes(mail)


@pytest.mark.parametrize(
    "html",
    [
        *("<a ", "<", "<!", "<!--", "<![", "<a \"'", "</", "&#9", "<p>x", "<title>x</title>"),
        *("<blockquote>", "<style></blockquote><blockquote>", "<!-- <!-- -->"),
    ],
)
def test_a_megabyte_of_odd_html_takes_no_time(message, html):
    raw = in_html(message, html * (MEGABYTE // len(html)))
    before = time.process_time()
    assert file_reply(raw)
    assert (
        time.process_time() - before < 8
    )  # below one second where the machine is idle; minutes if quadratic


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: " + b"=?utf-8?q?a?= " * (MEGABYTE // 14) + b"\n\nx",
        b"Cc: " + b"=?utf-8?q?a?= " * (MEGABYTE // 14) + b"\n\nx",
        (b"Cc: " + b"=?utf-8?q?a?= " * 70 + b"\n") * 1_000 + b"\nx",
        b"Content-Type: text/plain" + b";a=b" * (MEGABYTE // 4) + b"\n\nx",
        b"Content-Type: multipart/mixed" + b";a=b" * (MEGABYTE // 4) + b"\n\nx",
        b"Content-Disposition: inline" + b";a=b" * (MEGABYTE // 4) + b"\n\nx",
        b"Content-Type: text/plain; charset=punycode\n\nx-" + b"a1" * (MEGABYTE // 2),
        b"From: " + b"a," * (MEGABYTE // 2) + b"\n\nx",
    ],
    ids=lambda raw: raw[:40].decode(),
)
def test_a_megabyte_of_odd_headers_takes_no_time(message, raw):
    before = time.process_time()
    assert file_reply(b"To: %s\n" % reply_address(message).encode() + raw)
    assert time.process_time() - before < 2


def test_parts_without_number_are_no_mail(message, monkeypatch):
    head = f"To: {reply_address(message)}\nContent-Type: multipart/mixed; boundary=x\n\n".encode()
    before = time.process_time()
    assert pipe_into(monkeypatch, head + b"--x\n\n" * (MEGABYTE // 5))[0] == os.EX_DATAERR
    assert time.process_time() - before < 2
    assert pipe_into(monkeypatch, head + b"--x\n\nyes\n" * 100) == (0, "")


def test_the_address_is_found_in_headers_that_are_too_long_to_decode(message):
    long = b"a@example.org, " * 1_000 + reply_address(message).encode()
    assert file_reply(b"To: " + long + b"\n\nx").message == message


@pytest.mark.parametrize("html", ["<p>hello <![ Canary words", "<p>hello &#%s; Canary words" % ("9" * 5_000)])
def test_html_that_no_parser_takes_is_kept_and_nothing_is_said(message, monkeypatch, html):
    assert pipe_into(monkeypatch, in_html(message, html)) == (0, "")
    assert message.turns.get().text.startswith("hello ")
    assert message.turns.get().text.endswith("Canary words")


def test_half_of_a_character_is_left_out_and_the_rest_is_kept(message):
    raw = b"To: %s\nContent-Type: text/plain; charset=utf-7\n\nyes +2AA- Canary"
    assert file_reply(raw % reply_address(message).encode()).text == "yes  Canary"


def nested(message: Message, levels: int) -> bytes:
    raw = f"To: {reply_address(message)}\n".encode()
    for level in range(levels):
        raw += b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (level, level)
    return raw + b"\nyes"


def test_parts_within_parts_without_end_are_no_mail(message, monkeypatch):
    assert pipe_into(monkeypatch, nested(message, 2_000))[0] == os.EX_DATAERR
    assert pipe_into(monkeypatch, nested(message, 10)) == (0, "")


@hypothesis(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(body=st.binary(max_size=300), header=st.binary(max_size=80).filter(lambda line: b"\n" not in line))
def test_no_mail_makes_it_fail(message, body, header):
    raw = b"To: " + reply_address(message).encode() + b"\nContent-Type: " + header + b"\n\n" + body
    try:
        turn = file_reply(raw)
    except (NoSuchAddressError, TooManyError):
        return
    assert turn is None or len(turn.text) <= 10_000
