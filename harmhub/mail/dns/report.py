"""The whole report: all sections, in the order in which things are put right."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from harmhub.mail.dns.about_dkim import about_dkim
from harmhub.mail.dns.about_dmarc import about_dmarc, dmarc_name
from harmhub.mail.dns.about_sender import about_answers, about_domain
from harmhub.mail.dns.about_spf import about_spf
from harmhub.mail.dns.asking import Lookups, Question, UnansweredError
from harmhub.mail.dns.finding import Finding, Section, State, unanswered
from harmhub.mail.dns.sending import Sending, is_address
from harmhub.mail.keys import record_name


def report(sending: Sending) -> list[Section]:
    """Return what there is to say of how the site sends, after some seconds at most, whatever the DNS
    does."""
    sections = [
        Section("sender", _("Sender"), _("The address that mail comes from."), [*about_domain(sending)])
    ]
    if not sending.domain:
        return sections
    ask = Lookups()
    ask.ask_ahead(_questions(sending))
    spf = _told(about_spf(sending, ask))
    dkim = _told(about_dkim(sending, ask))
    vouched = _is_in_order(spf) or _is_in_order(dkim)
    return [
        *sections,
        Section("spf", "SPF", _("Says which servers may send mail of the domain."), spf),
        Section("dkim", "DKIM", _("Signs each mail, so that it cannot be changed or forged."), dkim),
        Section(
            "dmarc",
            "DMARC",
            _("Says what receivers do with mail that neither of these two vouches for."),
            _told(about_dmarc(sending, ask, vouched)),
        ),
        Section("mx", "MX", _("Says where answers and bounces go."), _told(about_answers(sending, ask))),
    ]


def _questions(sending: Sending) -> list[Question]:
    """Return what is asked in any case, so that it can be asked at once."""
    domains = (sending.domain, *sending.parents)
    questions = [(sending.envelope, "TXT"), (sending.domain, "MX")]
    questions += [(dmarc_name(domain), "TXT") for domain in domains]
    if sending.key:
        questions.append((record_name(sending.selector, sending.domain), "TXT"))
    if "." in sending.server and not is_address(sending.server):
        questions += [(sending.server, "A"), (sending.server, "AAAA")]
    return questions


def _told(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings up to where the DNS could not be asked."""
    told: list[Finding] = []
    try:
        for finding in findings:
            told.append(finding)  # noqa: PERF402 (those before the error stay)
    except UnansweredError:
        told.append(unanswered())
    return told


def _is_in_order(findings: list[Finding]) -> bool:
    """Whether nothing is missing or wrong, as far as is known."""
    return not any(each.state in {State.MISSING, State.WRONG} for each in findings)
