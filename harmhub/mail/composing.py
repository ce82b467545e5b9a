"""Making a mail: the texts from their templates, the headers, the message that is handed to the server."""

import re
from collections.abc import Mapping
from email.headerregistry import Address
from functools import cache
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import idna
from django.conf import settings
from django.core.mail import EmailMessage
from django.template import Context, Engine
from django.template.exceptions import TemplateDoesNotExist
from django.utils import translation

from harmhub.addresses import ascii_domain
from harmhub.mail.message import Message
from harmhub.mail.models import Edition, Mail

if TYPE_CHECKING:
    from css_inline import CSSInliner

HEADER_NAME = re.compile(r"[!-9;-~]+")  # RFC 5322, 3.6.8: printable ASCII without the colon
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
DOT_ATOM = re.compile(rf"{_ATOM}(\.{_ATOM})*")  # RFC 5322, 3.2.3


def compose(
    mail: Mail,
    *,
    to: str,
    template: str,
    context: Mapping[str, Any],
    headers: Mapping[str, str],
    sender: str = "",
) -> dict[str, Any]:
    """Return what ``build`` makes the message of, as JSON. ValueError: a header could carry a second one."""
    told = texts_of(template, context, mail.language, sender)
    return told | {"to": to, "headers": own_headers(mail) | _checked(headers)}


def new_mark() -> str:
    """Return a mark for ``compose_edition``, as long as the secrets that take its place."""
    return f"secret{token_hex(19)}"[:43]


def compose_edition(
    *,
    template: str,
    context: Mapping[str, Any],
    language: str,
    headers: Mapping[str, str],
    mark: str,
    sender: str = "",
) -> Edition:
    """Return a new edition, saved: a mail to many in one language. ValueError: as ``compose``.

    mark: what stands in context and headers where each mail's own secret is to be
    (``new_mark``); no text holds it by chance.
    """
    told = texts_of(template, context, language, sender)
    content = told | {"headers": {"Content-Language": language} | _checked(headers)}
    return Edition.objects.create(content=content, mark=mark)


def texts_of(template: str, context: Mapping[str, Any], language: str, sender: str = "") -> dict[str, Any]:
    """Return the sender, the subject and the texts of a mail. sender: another name to send in."""
    organisation = organisation_name()
    values = {"organisation": organisation, "language": language, **context}
    with translation.override(language):
        subject = _on_one_line(_render(f"emails/{template}-subject.txt", values, escape=False))
        text = _render(f"emails/{template}-text.txt", values, escape=False)
        html = _html(f"emails/{template}-html.html", {"subject": subject, **values})
    return {
        "from": str(
            Address(display_name=_on_one_line(sender or organisation), addr_spec=settings.DEFAULT_FROM_EMAIL)
        ),
        "subject": subject,
        "text": text.strip() + "\n",
        "html": html,
    }


def recompose(mail: Mail, message: EmailMessage, *, to: str) -> dict[str, Any]:
    """Return a message of somebody else's making (Wagtail's notices) as ``compose`` returns ours, for one of
    its recipients. ValueError: it has an attachment, which a row does not hold, or an unsafe header."""
    if message.attachments:
        raise ValueError("mails with attachments cannot be queued")
    reply_to = {"Reply-To": ", ".join(message.reply_to)} if message.reply_to else {}
    alternatives = getattr(message, "alternatives", [])
    html = next((str(part.content) for part in alternatives if part.mimetype == "text/html"), "")
    return {
        "to": to,
        "from": message.from_email or settings.DEFAULT_FROM_EMAIL,
        "subject": _on_one_line(str(message.subject)),
        "text": str(message.body),
        "html": html,
        # Our Message-ID stays: by it a repeat is recognised.
        "headers": _checked(reply_to | message.extra_headers) | own_headers(mail),
    }


def own_headers(mail: Mail) -> dict[str, str]:
    """Return the headers of each mail of ours."""
    return {
        "Message-ID": mail.message_id,
        "Auto-Submitted": "auto-generated",  # RFC 3834: no absence notes in return, please
        "Content-Language": mail.language,
    }


def build(content: Mapping[str, Any], *, envelope: str = "") -> Message:
    """Return Django's message of what ``compose`` made. envelope: the address that it comes back to, where
    that is not the one it is from."""
    message = Message(
        subject=content["subject"],
        body=content["text"],
        from_email=envelope or content["from"],
        to=[content["to"]],
        # The header is the same whatever is in the envelope.
        headers=dict(content["headers"]) | {"From": content["from"]},
    )
    if content["html"]:
        message.attach_alternative(content["html"], "text/html")
    return message


def organisation_name() -> str:
    """Return the organisation's name from the site's settings; before they are saved, the site's name."""
    from harmhub.models import SiteSettings

    site = SiteSettings.of_default_site()
    return site.organisation if site.pk else settings.WAGTAIL_SITE_NAME


def deliverable(address: str) -> str:
    """Return the address as typed, with its domain as IDNA 2008 writes it (Django would by IDNA 2003).

    "" where it is not one plain mailbox, or where only SMTPUTF8 could carry the name before the @.
    """
    local, _at, domain = address.rpartition("@")
    if not DOT_ATOM.fullmatch(local):
        return ""
    try:
        return f"{local}@{ascii_domain(domain)}"
    except idna.IDNAError:
        return ""


def _checked(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers. ValueError: one of them could break out of its line (header injection)."""
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or _plain(value) != value:
            raise ValueError(f"the header {name!r} has a line break or a control character")
    return dict(headers)


def _plain(text: str) -> str:
    """Return the text with a space for every control character and line separator."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text)


def _on_one_line(text: str) -> str:
    """Return the text as a subject or a name: on one line, and without the signs that set the direction of
    all that follows (UAX 9, 2.1 to 2.5), which may be a mail program's own words."""
    return " ".join(re.sub(r"[\u202a-\u202e\u2066-\u2069]", "", _plain(text)).split())


def _render(name: str, values: Mapping[str, Any], *, escape: bool) -> str:
    """Return a rendered template. What is no HTML is not escaped, without its author having to remember."""
    return Engine.get_default().get_template(name).render(Context(dict(values), autoescape=escape))


def _html(name: str, values: Mapping[str, Any]) -> str:
    """Return the mail's HTML with its styles on the elements, or "" where the mail has only a text."""
    try:
        Engine.get_default().get_template(name)
    except TemplateDoesNotExist:
        return ""
    return _inliner().inline(_render(name, values, escape=True))


@cache
def _inliner() -> "CSSInliner":
    # Loaded here: web servers, which make no mail of this kind, have no use for its 2 MB.
    from css_inline import CSSInliner

    # What cannot stand on an element (the dark scheme) is marked in the template. Nothing is fetched.
    return CSSInliner(load_remote_stylesheets=False)
