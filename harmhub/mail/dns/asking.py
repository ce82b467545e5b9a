"""Asking the DNS, within limits of time and number."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dns.exception
import dns.name
import dns.resolver
from django.conf import settings

SECONDS_EACH = 2.0
SECONDS_IN_ALL = 5.0
MOST_QUESTIONS = 40
MOST_RECORDS = 50  # of one answer

Question = tuple[str, str]  # a name and the type of its records: "TXT", "MX", "A", "AAAA"


class UnansweredError(Exception):
    """Nobody could be asked, or there was no answer in time."""


class Lookups:
    """What the DNS says, each question asked once. Records are strangers' words: text with signs that can be
    seen, and no more of them than can be looked at."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + SECONDS_IN_ALL
        self._answers: dict[Question, tuple[str, ...] | None] = {}
        self._resolver = _resolver()

    def ask_ahead(self, questions: Iterable[Question]) -> None:
        """Ask several questions at once; the answers are kept."""
        new = [each for each in dict.fromkeys(questions) if each not in self._answers]
        with ThreadPoolExecutor(max_workers=8) as pool:
            self._answers |= dict(zip(new, pool.map(self._answer, new), strict=True))

    def ask(self, name: str, kind: str) -> tuple[str, ...]:
        """Return the records of a name, () where there are none: of TXT the text, of MX ``10 mx.example.org``
        (``0 .``: RFC 7505), of A and AAAA the address. UnansweredError: that cannot be known."""
        question = (name.rstrip(".").lower(), kind)
        if question not in self._answers:
            if len(self._answers) >= MOST_QUESTIONS:
                raise UnansweredError
            self._answers[question] = self._answer(question)
        answer = self._answers[question]
        if answer is None:
            raise UnansweredError
        return answer

    def _answer(self, question: Question) -> tuple[str, ...] | None:
        left = min(SECONDS_EACH, self._ends - time.monotonic())
        if self._resolver is None or left <= 0:
            return None
        name, kind = question
        try:
            found = self._resolver.resolve(
                dns.name.from_text(name + "."), kind, lifetime=left, search=False, raise_on_no_answer=False
            )
        except (dns.resolver.NXDOMAIN, dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            return ()  # a name that cannot be has no records
        except (dns.exception.DNSException, OSError, UnicodeError):
            return None
        return tuple(_text(each, kind) for each in (found.rrset or [])[:MOST_RECORDS])


def _resolver() -> dns.resolver.Resolver | None:
    """Return who asks for us; None: the machine has nobody to ask."""
    try:
        resolver = dns.resolver.Resolver(configure=settings.DNS_SERVER is None)
    except (dns.exception.DNSException, OSError):
        return None
    if settings.DNS_SERVER:
        address, resolver.port = settings.DNS_SERVER
        resolver.nameservers = [address]
    resolver.timeout = SECONDS_EACH
    resolver.use_edns(0, 0, 1232)  # long keys come in one packet
    return resolver


def _text(record: Any, kind: str) -> str:
    if kind == "TXT":
        words = b"".join(record.strings).decode("ascii", "replace")
        return "".join(sign if sign.isprintable() else "\ufffd" for sign in words)
    if kind == "MX":
        return f"{record.preference} {str(record.exchange).rstrip('.') or '.'}"
    return str(record.address)
