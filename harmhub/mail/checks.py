"""What is wrong with the mail of a site that is to serve people."""

from typing import Any

from django.core.checks import CheckMessage, Warning, register
from django.core.mail import mailers

from harmhub.mail.backends import EmlBackend

UNDELIVERED = Warning(
    "EMAIL_URL is not set: mails are written into DATA_DIR/mail and reach nobody.",
    hint="Name a mail server, such as smtp+tls://user:password@host:587.",
    id="mail.W001",
)


@register("mail", deploy=True)
def mail_is_delivered(**options: Any) -> list[CheckMessage]:
    """Return a warning where mail becomes files."""
    return [UNDELIVERED] if isinstance(mailers["outgoing"], EmlBackend) else []
