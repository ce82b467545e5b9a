"""Where a mail comes back to: an envelope address of its own, of which nobody can make another
(VERP, variable envelope return path).

``BOUNCE_ADDRESS`` ``bounces@example.org`` makes ``bounces+<number of the mail>-<tag>@example.org``. The tag
is an HMAC, so that who knows the number, which is in the Message-ID and so in every answer to the mail,
cannot have the mail bounce. What is before the @ has at most 64 characters (RFC 5321, 4.5.3.1.1).
"""

import hmac
import re
from uuid import UUID

from django.conf import settings

from harmhub.sealing import digest

TAG = 8  # bytes: each guess is a mail
LONGEST_NAME = 64 - len("+") - 32 - len("-") - 2 * TAG
OWN_ADDRESS = re.compile(r"\+([0-9a-f]{32})-([0-9a-f]{16})@", re.IGNORECASE)


def return_path(mail_id: UUID) -> str:
    """Return the address in the envelope of a mail; "" where bounces have no address of their own."""
    if not settings.BOUNCE_ADDRESS:
        return ""
    name, _at, domain = settings.BOUNCE_ADDRESS.rpartition("@")
    return f"{name}+{mail_id.hex}-{_tag(mail_id.hex)}@{domain}"


def mail_at(text: str) -> UUID | None:
    """Return the number of the first mail whose own return path stands in a text; None: there is none, or it
    is made up."""
    for number, tag in OWN_ADDRESS.findall(text.lower()):  # some servers change the case
        if hmac.compare_digest(tag, _tag(number)):
            return UUID(number)
    return None


def _tag(number: str) -> str:
    return digest(number, "return-path")[:TAG].hex()
