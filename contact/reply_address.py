"""The address to which a reader replies by mail: it names her message, and nobody else can make one up.

``answers@example.org`` (CONTACT_REPLY_ADDRESS) becomes ``answers+k7q4m2xd-<tag>@example.org`` (RFC 5233).
The tag is an HMAC of the reference, in letters that survive a change of case.
"""

import base64
import hmac
import re

from django.conf import settings

from contact.models import Message
from harmhub.sealing import digest

TAG_BYTES = 10  # 80 bits; 16 letters


def reply_address(message: Message) -> str:
    """Return the address for a message; "" where the site takes no mail."""
    local, at, domain = settings.CONTACT_REPLY_ADDRESS.rpartition("@")
    name = message.reference.replace("-", "").lower()
    return f"{local}+{name}-{_tag(name)}{at}{domain}" if at else ""


def named_by(text: str) -> Message | None:
    """Return the message whose address stands in this text (of headers, or of an envelope), or None."""
    local, at, domain = settings.CONTACT_REPLY_ADDRESS.rpartition("@")
    if not at:
        return None
    form = rf"(?<![\w.+-]){re.escape(local)}\+([a-z0-9]{{8}})-([a-z2-7]{{16}})@{re.escape(domain)}(?![\w.-])"
    for name, tag in re.findall(form, text, re.IGNORECASE):
        if hmac.compare_digest(_tag(name.lower()), tag.lower()):
            return Message.objects.found_by(name).first()
    return None


def _tag(name: str) -> str:
    return base64.b32encode(digest(name, "contact-reply")[:TAG_BYTES]).decode().lower()
