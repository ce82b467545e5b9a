"""SPF records (RFC 7208): reading one, counting its look-ups, and asking whether it covers an address."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from harmhub.mail.dns.asking import Lookups

MOST_LOOKUPS = 10  # 4.6.4
MOST_HOSTS = 10  # of one mx, 4.6.4
VERSION = re.compile(r"v=spf1(?: |$)", re.I)
MECHANISM = re.compile(r"([-+~?]?)([a-z0-9]+)(.*)", re.I)
MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.I)
LENGTHS = re.compile(r"(?:/(\d{1,2}))?(?://(\d{1,3}))?")
# What may follow the name of a mechanism: a value, and lengths of prefixes (5).
VALUE, HOST = re.compile(r":(.+)()"), re.compile(r"(?::([^/]+))?((?:/.*)?)")
FOLLOWS = {
    "all": re.compile(r"()()"),
    **dict.fromkeys(("include", "exists", "ip4", "ip6"), VALUE),
    **dict.fromkeys(("a", "mx", "ptr"), HOST),
}
ASKING = {"include", "a", "mx", "ptr", "exists", "redirect"}
RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}

Address = IPv4Address | IPv6Address


class SpfError(ValueError):
    """What makes receivers take no notice of a record (permerror, 2.6.7); its text is the term or name."""


class UntoldError(Exception):
    """It depends on the mail (macros, exists) or on what nobody should use (ptr)."""


@dataclass(frozen=True)
class Term:
    """One term of a record: a mechanism, or the modifier ``redirect``."""

    text: str
    name: str
    value: str = ""
    sign: str = "+"
    lengths: str = ""

    @property
    def has_macro(self) -> bool:
        """Whether its name is made of the mail's own words (7)."""
        return "%" in self.value


def spf_records(texts: tuple[str, ...]) -> list[str]:
    """Return those of a name's TXT records that are about SPF (4.5)."""
    return [text for text in texts if VERSION.match(text)]


def terms_of(record: str) -> list[Term]:
    """Return the terms of a record. SpfError: it cannot be read."""
    return [*_terms(record.split(" ")[1:])]


def _terms(words: list[str]) -> Iterator[Term]:
    seen = set()
    for text in filter(None, words):
        if modifier := MODIFIER.fullmatch(text):
            name = modifier[1].lower()
            if name in {"redirect", "exp"} and name in seen:
                raise SpfError(text)
            seen.add(name)
            if name == "redirect" and not modifier[2]:
                raise SpfError(text)
            if name == "redirect":
                yield Term(text, name, modifier[2])
            continue
        found = MECHANISM.fullmatch(text)
        follows = FOLLOWS.get(found[2].lower()) if found else None
        rest = follows.fullmatch(found[3]) if found and follows else None
        if not found or not rest:
            raise SpfError(text)
        yield Term(text, found[2].lower(), rest[1] or "", found[1] or "+", rest[2] or "")


def ending(terms: list[Term]) -> str:
    """Return what is said of all other servers: the sign of ``all``, ``redirect``, or ""."""
    names = [term.name for term in terms]
    if "all" in names:
        return terms[names.index("all")].sign
    return "redirect" if "redirect" in names else ""


@dataclass
class Walk:
    """Goes through a record and those that it names, as far as ten look-ups reach.

    All methods raise SpfError and UnansweredError.
    """

    ask: Lookups
    asked: int = 0

    def record(self, domain: str) -> list[Term]:
        """Return the terms of another domain's record."""
        found = spf_records(self.ask.ask(domain, "TXT"))
        if len(found) != 1:
            raise SpfError(domain)
        return terms_of(found[0])

    def count(self, terms: list[Term]) -> int:
        """Return how many look-ups a record takes when nothing matches before its end; more than
        MOST_LOOKUPS: it stopped counting."""
        is_closed = ending(terms) not in {"", "redirect"}
        for term in terms:
            if term.name not in ASKING or (term.name == "redirect" and is_closed):
                continue
            self.asked += 1
            if self.asked > MOST_LOOKUPS:
                break
            if term.name in {"include", "redirect"} and not term.has_macro:
                self.count(self.record(term.value))
        return self.asked

    def result(self, terms: list[Term], domain: str, address: Address) -> str:
        """Return what a record says of an address: pass, fail, softfail or neutral. UntoldError: that cannot
        be told."""
        for term in terms:
            if term.name == "all":
                return RESULTS[term.sign]
            if term.name != "redirect" and self._matches(term, domain, address):
                return RESULTS[term.sign]
        for term in terms:
            if term.name == "redirect":
                self._count_one(term)
                return self.result(self.record(term.value), term.value, address)
        return "neutral"

    def _count_one(self, term: Term) -> None:
        self.asked += 1
        if self.asked > MOST_LOOKUPS or term.has_macro or term.name in {"ptr", "exists"}:
            raise UntoldError

    def _matches(self, term: Term, domain: str, address: Address) -> bool:
        if term.name in {"ip4", "ip6"}:
            return _is_within(address, term.value + term.lengths, term)
        self._count_one(term)
        target = term.value or domain
        if term.name == "include":
            return self.result(self.record(target), target, address) == "pass"
        lengths = LENGTHS.fullmatch(term.lengths)
        if not lengths:
            raise SpfError(term.text)
        length = lengths[1] if address.version == 4 else lengths[2]
        hosts = [target]
        if term.name == "mx":
            hosts = [each.partition(" ")[2] for each in self.ask.ask(target, "MX")[:MOST_HOSTS]]
        found = (each for host in hosts for each in addresses_of(self.ask, host, address.version))
        return any(_is_within(address, f"{each}/{length}" if length else str(each), term) for each in found)


def addresses_of(ask: Lookups, host: str, version: int) -> list[Address]:
    """Return the addresses of a host, of IP version 4 or 6. UnansweredError: they are not known."""
    return [ip_address(each) for each in ask.ask(host, "A" if version == 4 else "AAAA")]


def _is_within(address: Address, network: str, term: Term) -> bool:
    try:
        return address in ip_network(network, strict=False)
    except ValueError as problem:
        raise SpfError(term.text) from problem
