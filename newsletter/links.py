"""Links in the mails of the newsletter, for people and for mail programs."""

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from harmhub import mail


def link(name: str, secret: str, language: str, **more: object) -> str:
    """Return the address of a page with its secret, and what else it is to know, in the query, where no log
    holds it."""
    with translation.override(language):
        return mail.public_url(f"{reverse(name)}?{urlencode({'t': secret} | more)}")


def sender_of(is_discreet: bool, language: str) -> str:
    """Return the name in which to write to who asks for discretion; "" is the organisation's."""
    with translation.override(language):
        return _("Your reading") if is_discreet else ""


def leaving_headers(name: str | int, secret: str) -> dict[str, str]:
    """Return the headers that name a list (RFC 2919) and by which one can leave it (RFC 2369, RFC 8058).

    name: the number of a list; "updates" for several lists in one mail.
    """
    return {
        "List-Id": f"<list-{name}.{urlsplit(settings.PUBLIC_URL).hostname}>",
        "List-Unsubscribe": f"<{link('newsletter:one_click', secret, settings.LANGUAGE_CODE)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
