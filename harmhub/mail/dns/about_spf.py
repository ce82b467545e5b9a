"""Findings about SPF (RFC 7208)."""

from collections.abc import Iterator
from ipaddress import ip_address

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from harmhub.mail.dns.asking import Lookups, UnansweredError
from harmhub.mail.dns.finding import Finding, Record, State, unanswered
from harmhub.mail.dns.sending import Sending, is_address
from harmhub.mail.dns.spf import (
    MOST_LOOKUPS,
    Address,
    SpfError,
    Term,
    UntoldError,
    Walk,
    addresses_of,
    ending,
    spf_records,
    terms_of,
)


def about_spf(sending: Sending, ask: Lookups) -> Iterator[Finding]:
    """Yield what is to be said of the SPF record of the domain in the envelope."""
    records = tuple(spf_records(ask.ask(sending.envelope, "TXT")))
    if not records:
        yield Finding(
            State.MISSING,
            _("There is no SPF record: receivers cannot know which servers may send your mail."),
            _(
                "Publish one. It has to name all servers that send mail of this domain; providers tell "
                "what to include."
            ),
            publish=Record(sending.envelope, "TXT", f"v=spf1 {_naming(sending.server)} ~all"),
        )
        return
    if len(records) > 1:
        yield Finding(
            State.WRONG,
            _("There are several SPF records: receivers then take notice of none."),
            _("Make one of them, with the words of all between “v=spf1” and the end."),
            found=records,
        )
        return
    try:
        terms = terms_of(records[0])
    except SpfError as problem:
        yield _unreadable(problem, records)
        return
    yield Finding(State.GOOD, _("There is one SPF record."), found=records)
    yield _about_ending(terms, ask)
    yield (lookups := _about_lookups(terms, ask))
    if sending.server and lookups.state is not State.WRONG:
        yield _about_server(sending, terms, ask)


def _naming(server: str) -> str:
    """Return the term that names our mail server, as far as it has a name of its own."""
    if is_address(server):
        address = ip_address(server)
        return f"ip{address.version}:{server}" if address.is_global else "mx"
    return f"a:{server}" if "." in server else "mx"


def _unreadable(problem: SpfError, records: tuple[str, ...] = ()) -> Finding:
    return Finding(
        State.WRONG,
        _(
            "Receivers take no notice of the SPF record: “%(part)s” in it cannot be read, or has no SPF "
            "record of its own."
        )
        % {"part": str(problem)[:100]},
        _("Correct this part, or take it out."),
        found=records,
    )


def _about_ending(terms: list[Term], ask: Lookups) -> Finding:
    try:
        for _step in range(MOST_LOOKUPS):
            if (said := ending(terms)) != "redirect":
                break
            target = next(term for term in terms if term.name == "redirect")
            if target.has_macro:
                break
            terms = Walk(ask).record(target.value)
    except UnansweredError:
        return unanswered()
    except SpfError as problem:
        return _unreadable(problem)
    if said == "-":
        return Finding(State.GOOD, _("It has mail from all other servers refused (-all)."))
    if said == "~":
        return Finding(State.GOOD, _("It casts doubt on mail from all other servers (~all)."))
    if said == "+":
        return Finding(
            State.WRONG,
            _("It lets every server in the world send in your name (+all)."),
            _("Replace the end by “~all”, or by “-all” once you are sure that all your servers are named."),
        )
    if said == "redirect":
        return Finding(State.UNKNOWN, _("What it says of other servers cannot be told from here (redirect)."))
    return Finding(
        State.BETTER,
        _("It says nothing of other servers, so it protects nobody."),
        _("Let it end in “~all”, or in “-all” once you are sure that all your servers are named."),
    )


def _about_lookups(terms: list[Term], ask: Lookups) -> Finding:
    try:
        number = Walk(ask).count(terms)
    except UnansweredError:
        return unanswered()
    except SpfError as problem:
        return _unreadable(problem)
    if number > MOST_LOOKUPS:
        return Finding(
            State.WRONG,
            _("It takes more than %(most)d look-ups: many receivers then take no notice of it.")
            % {"most": MOST_LOOKUPS},
            _("Take out what sends no mail any more, or name addresses (ip4:, ip6:) instead of names."),
        )
    words = ngettext(
        "It takes %(number)d look-up, of %(most)d at most.",
        "It takes %(number)d look-ups, of %(most)d at most.",
        number,
    )
    return Finding(State.GOOD, words % {"number": number, "most": MOST_LOOKUPS})


def _about_server(sending: Sending, terms: list[Term], ask: Lookups) -> Finding:
    words = {"server": sending.server}
    try:
        addresses = _addresses(sending.server, ask)
        if not addresses or not all(each.is_global for each in addresses):
            raise UntoldError
        results = {each: Walk(ask).result(terms, sending.envelope, each) for each in addresses}
    except UnansweredError:
        return unanswered()
    except SpfError as problem:
        return _unreadable(problem)
    except UntoldError:
        return Finding(
            State.UNKNOWN,
            _("Whether it covers the mail server %(server)s cannot be told from here.") % words,
            _("Send a mail to yourself at another provider, and look for “spf=pass” among its headers."),
        )
    outside = [str(each) for each, result in results.items() if result != "pass"]
    if not outside:
        return Finding(State.GOOD, _("It covers the mail server %(server)s.") % words)
    return Finding(
        State.BETTER,
        _("It does not cover the mail server %(server)s (%(addresses)s).")
        % (words | {"addresses": ", ".join(outside[:4])}),
        _(
            "If this server delivers your mail itself, add “%(term)s”. If it belongs to a provider, the "
            "mail may leave from other addresses: the provider tells what to include."
        )
        % {"term": _naming(sending.server)},
    )


def _addresses(server: str, ask: Lookups) -> list[Address]:
    """Return the addresses of a mail server. UnansweredError: they are not known."""
    if is_address(server):
        return [ip_address(server)]
    if "." not in server:
        return []
    return [*addresses_of(ask, server, 4), *addresses_of(ask, server, 6)]
