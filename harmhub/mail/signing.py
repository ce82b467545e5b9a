"""Signatures of the mails that leave by SMTP (DKIM, RFC 6376), where the site has a key.

dkimpy would take some twenty times as long for each mail, most of it for arithmetic in Python; the tests have
it verify what is made here.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings

from harmhub.mail.keys import mail_domain

# What tells a reader, or a program of hers, who wrote, to whom and what to do with it (RFC 6376, 5.4.1;
# RFC 8058, 4, for one-click leaving).
SIGNED = (
    b"from to cc subject date message-id reply-to in-reply-to references sender mime-version content-type "
    b"content-transfer-encoding content-language auto-submitted list-id list-unsubscribe "
    b"list-unsubscribe-post list-help list-archive"
).split()
END = b"\r\n"
FOLDED = b"\r\n\t"
FIELD = re.compile(rb"\r\n(?![ \t])")
LINE = 72


class UnsignableError(Exception):
    """A text that is no mail: it has no sender."""


def signed(message: bytes) -> bytes:
    """Return the message with a signature in front, or as it is where the site has no key.

    message: with CRLF, as it goes over the wire. UnsignableError: it has no From.
    """
    signer = site_signer()
    return signer.sign(message) + message if signer else message


def site_signer() -> "Signer | None":
    """Return who signs for the domain of the site's sender, or None."""
    if settings.DKIM_KEY is None:
        return None
    return Signer(settings.DKIM_KEY, mail_domain(settings.DEFAULT_FROM_EMAIL), settings.DKIM_SELECTOR)


@dataclass(frozen=True)
class Signer:
    """Signs in the name of a domain. selector: the name of the key below it in the DNS."""

    key: RSAPrivateKey
    domain: str
    selector: str

    def sign(self, message: bytes) -> bytes:
        """Return the field DKIM-Signature of a message, with its end of line: relaxed/relaxed, rsa-sha256.

        No time is in it: a clock that runs ahead would make it one of the future, which nobody believes.
        """
        head, _empty, body = message.partition(END + END)
        names, canonical = _chosen(head)
        digest = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest())
        tags = f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={self.domain}; s={self.selector};".encode()
        value = FOLDED.join([tags, b"h=" + _folded_names(names) + b";", b"bh=" + digest + b";", b"b="])
        canonical += b"dkim-signature:" + _relaxed(value)
        signature = base64.b64encode(self.key.sign(canonical, PKCS1v15(), SHA256()))
        return b"DKIM-Signature: " + value + FOLDED.join(_pieces(signature)) + END


def _chosen(head: bytes) -> tuple[list[bytes], bytes]:
    """Return the names of the fields that are signed, and the fields as they are hashed (RFC 6376, 3.4.2).

    Each name comes once more than there are such fields: so nobody can add another (5.4.2, 8.15).
    """
    fields: dict[bytes, list[bytes]] = {}
    for field in FIELD.split(head):
        name, _colon, value = field.partition(b":")
        fields.setdefault(name.rstrip().lower(), []).append(value)
    if b"from" not in fields:
        raise UnsignableError("a message without a sender")
    names, hashed = [], []
    for name in SIGNED:
        if found := fields.get(name):
            names += [name] * (len(found) + 1)
            hashed += [name + b":" + _relaxed(value) + END for value in reversed(found)]
    return names, b"".join(hashed)


def _relaxed(value: bytes) -> bytes:
    """Return the value of a field on one line, with one space where there were some (RFC 6376, 3.4.2)."""
    return re.sub(rb"[ \t]+", b" ", value.replace(END, b"")).strip(b" ")


def relaxed_body(body: bytes) -> bytes:
    """Return a body as it is hashed (RFC 6376, 3.4.4): without spaces at the ends of lines, with one where
    there were some, and without empty lines at its end. (By replacing: a pattern takes ten times as long.)"""
    body = body.replace(b"\t", b" ")
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    body = body.replace(b" " + END, END).removesuffix(b" ")
    end = len(body)
    while body.endswith(END, 0, end):
        end -= len(END)
    return body[:end] + END if end else b""


def _folded_names(names: list[bytes]) -> bytes:
    """Return names with colons between them, on lines of their own where there are many."""
    lines = [names[0]]
    for name in names[1:]:
        if len(lines[-1]) + len(name) > LINE:
            lines.append(name)
        else:
            lines[-1] += b":" + name
    return (b":" + FOLDED).join(lines)


def _pieces(text: bytes) -> Iterator[bytes]:
    return (text[at : at + LINE] for at in range(0, len(text), LINE))
