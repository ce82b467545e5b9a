"""What is wrong with the mail of a site that is to serve people."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register
from django.core.mail import mailers

from harmhub.mail.backends import EmlBackend
from harmhub.mail.keys import GOOD_BITS

UNDELIVERED = Warning(
    "EMAIL_URL is not set: mails are written into DATA_DIR/mail and reach nobody.",
    hint="Name a mail server, such as smtp+tls://user:password@host:587.",
    id="mail.W001",
)
WEAK_KEY = Warning(
    f"DKIM_KEY has fewer than {GOOD_BITS} bits: some receivers take no notice of what it signs.",
    hint="Make another (`manage.py dkim_key FILE`), publish it under another DKIM_SELECTOR, then use it.",
    id="mail.W002",
)


@register("mail", deploy=True)
def mail_is_delivered(**options: Any) -> list[CheckMessage]:
    """Return a warning where mail becomes files."""
    return [UNDELIVERED] if isinstance(mailers["outgoing"], EmlBackend) else []


@register("mail", deploy=True)
def key_is_strong(**options: Any) -> list[CheckMessage]:
    """Return a warning where mails are signed with a weak key (RFC 8301, 3.2)."""
    return [WEAK_KEY] if settings.DKIM_KEY and settings.DKIM_KEY.key_size < GOOD_BITS else []
