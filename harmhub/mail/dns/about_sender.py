"""Findings about the sender's address: whether it is one, and whether anything can come back to it."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from harmhub.mail.dns.asking import Lookups
from harmhub.mail.dns.finding import Finding, State
from harmhub.mail.dns.sending import Sending


def about_domain(sending: Sending) -> Iterator[Finding]:
    """Yield what is to be said without asking anybody."""
    if not sending.domain:
        yield Finding(
            State.WRONG,
            _("Mail comes from %(address)s, which is at no domain of the DNS: receivers refuse it.")
            % {"address": sending.address},
            _("Set FROM_EMAIL to an address of a domain that is yours."),
        )
        return
    yield Finding(State.GOOD, _("Mail comes from %(address)s.") % {"address": sending.address})
    if not _are_related(sending.domain, sending.site):
        yield Finding(
            State.BETTER,
            _("Readers know the site as %(site)s, and get mail from %(domain)s.")
            % {"site": sending.site, "domain": sending.domain},
            _("Readers and spam filters trust mail more that comes from the site's own domain."),
        )


def about_answers(sending: Sending, ask: Lookups) -> Iterator[Finding]:
    """Yield whether answers and bounces arrive anywhere (RFC 5321, 5.1)."""
    found = ask.ask(sending.domain, "MX")
    if any(each.endswith(" .") for each in found):
        yield Finding(
            State.WRONG,
            _(
                "The domain says that it takes no mail (a null MX): answers and bounces are lost, and "
                "some receivers refuse mail from it."
            ),
            _("Publish MX records of a server that takes mail for this address."),
            found=found,
        )
    elif found:
        yield Finding(State.GOOD, _("The domain takes mail: answers and bounces arrive there."), found=found)
    elif ask.ask(sending.domain, "A") or ask.ask(sending.domain, "AAAA"):
        yield Finding(
            State.BETTER,
            _(
                "The domain has no MX record. Mail to it goes to the server of the same name, if that "
                "takes any."
            ),
            _("Publish MX records of the server that takes mail for this address."),
        )
    else:
        yield Finding(
            State.MISSING,
            _(
                "The domain has no MX record and no address: answers and bounces are lost, and many "
                "receivers refuse mail from it."
            ),
            _("Publish MX records of a server that takes mail for this address."),
        )


def _are_related(one: str, other: str) -> bool:
    """Whether two domains have their last two labels in common."""
    return one.split(".")[-2:] == other.split(".")[-2:]
