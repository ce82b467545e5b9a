"""Links in the mails of the newsletter."""

from urllib.parse import urlencode

from django.urls import reverse
from django.utils import translation

from harmhub import mail


def link(name: str, secret: str, language: str, **more: object) -> str:
    """Return the address of a page with its secret, and what else it is to know, in the query, where no log
    holds it."""
    with translation.override(language):
        return mail.public_url(f"{reverse(name)}?{urlencode({'t': secret} | more)}")
