"""Findings about DMARC (RFC 7489)."""

import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from harmhub.mail.dns.asking import Lookups
from harmhub.mail.dns.finding import Finding, Record, State
from harmhub.mail.dns.sending import Sending
from harmhub.mail.dns.tags import tags_of

VERSION = re.compile(r"v\s*=\s*DMARC1\s*(;|$)")
POLICIES = (b"none", b"quarantine", b"reject")


def dmarc_name(domain: str) -> str:
    """Return the name of a domain's record (6.1)."""
    return f"_dmarc.{domain}"


def about_dmarc(sending: Sending, ask: Lookups, vouched: bool) -> Iterator[Finding]:
    """Yield what is to be said of the domain's policy. vouched: whether SPF or DKIM is in order, as far as
    can be seen.

    A domain without a record has that of the organisation's domain above it. Which one that is only a list of
    all registries would tell; here it is the nearest that has a record.
    """
    for domain in (sending.domain, *sending.parents):
        if records := _records(ask, domain):
            break
    else:
        yield Finding(
            State.MISSING,
            _("There is no DMARC record. Large receivers refuse mail to many without one."),
            _(
                "Publish this one first, which changes nothing; when all is well here, “p=quarantine” "
                "protects your name."
            ),
            publish=Record(dmarc_name(sending.domain), "TXT", "v=DMARC1; p=none"),
        )
        return
    if len(records) > 1:
        yield Finding(
            State.WRONG,
            _("There are several DMARC records: receivers then take notice of none."),
            _("Keep one of them."),
            found=records,
        )
        return
    tags = tags_of(records[0])
    is_above = domain != sending.domain
    policy = (is_above and tags.get(b"sp")) or tags.get(b"p", b"")
    if policy.lower() not in POLICIES:
        yield Finding(
            State.WRONG,
            _("The DMARC record names no policy that receivers know: “p=” is none, quarantine or reject."),
            _("Correct it."),
            found=records,
            publish=Record(dmarc_name(domain), "TXT", "v=DMARC1; p=none"),
        )
        return
    words = _("There is a DMARC record, that of %(domain)s.") if is_above else _("There is a DMARC record.")
    yield Finding(State.GOOD, words % {"domain": domain}, found=records)
    yield _about_policy(policy.lower(), tags, vouched)
    yield _about_alignment(sending, tags)


def _records(ask: Lookups, domain: str) -> tuple[str, ...]:
    return tuple(text for text in ask.ask(dmarc_name(domain), "TXT") if VERSION.match(text))


def _about_policy(policy: bytes, tags: dict[bytes, bytes], vouched: bool) -> Finding:
    if policy == b"none":
        return Finding(
            State.BETTER,
            _("It asks receivers to do nothing (p=none): whoever forges your mail is not stopped."),
            _(
                "When SPF and DKIM are in order here and for all else that sends in your name, change it "
                "to “p=quarantine”."
            ),
        )
    if not vouched:
        return Finding(
            State.WRONG,
            _(
                "It has receivers refuse or set aside what neither SPF nor DKIM vouches for, and neither "
                "is seen to here."
            ),
            _("Put SPF or DKIM in order (above), or your own mail does not arrive."),
        )
    words = _("It has forged mail set aside (p=quarantine).")
    if policy == b"reject":
        words = _("It has forged mail refused (p=reject).")
    if tags.get(b"pct", b"100") != b"100":
        return Finding(State.BETTER, words, _("It says so for a part of the mail only (pct): take that out."))
    return Finding(State.GOOD, words)


def _about_alignment(sending: Sending, tags: dict[bytes, bytes]) -> Finding:
    """Whether the domains that SPF and DKIM vouch for are that of the From (3.1); the signature's always
    is."""
    if is_aligned(sending.domain, sending.envelope, strict=tags.get(b"aspf") == b"s"):
        if sending.key:
            told = _("Sender, signature and envelope are of one domain: DKIM and SPF are aligned.")
        else:
            told = _("Sender and envelope are of one domain: SPF is aligned.")
        return Finding(State.GOOD, told)
    if sending.key:
        return Finding(State.GOOD, _("Sender and signature are of one domain: DKIM is aligned."))
    return Finding(
        State.WRONG,
        _(
            "Mail comes from %(domain)s, and its envelope from %(envelope)s: they are not aligned, so SPF"
            " does not count."
        )
        % {"domain": sending.domain, "envelope": sending.envelope},
        _("Have the site sign its mail (DKIM), or take “aspf=s” out where one domain lies below the other."),
    )


def is_aligned(one: str, other: str, *, strict: bool) -> bool:
    """Whether two domains are the same, or, where that is enough, one lies below the other."""
    return one == other or (not strict and (one.endswith(f".{other}") or other.endswith(f".{one}")))
