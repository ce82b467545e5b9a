"""The key that mails are signed with (DKIM, RFC 6376), and the DNS record that tells the world of it.

This module is imported by the settings: it must not import Django's models or settings.
"""

import base64
import os
import re
import unicodedata
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path

import idna
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

FEWEST_BITS, GOOD_BITS, MOST_BITS = 1024, 2048, 4096  # RFC 8301, 3.2
PEM = "-----BEGIN"
LONGEST_STRING = 255  # of a TXT record (RFC 1035, 3.3.14)
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
SELECTOR = re.compile(rf"(?=.{{1,63}}\Z){_LABEL}(?:\.{_LABEL})*")  # RFC 6376, 3.1; no longer than one label


def read_key(told: str) -> RSAPrivateKey:
    """Return the private key of a PEM file, told by its path or as its text, in which "\\n" may stand for the
    end of a line. ValueError: there is none to sign with; its words say why and nothing of the key."""
    text = told.strip()
    try:
        pem = text.replace("\\n", "\n").encode() if text.startswith(PEM) else Path(text).read_bytes()
        key = serialization.load_pem_private_key(pem, password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        # TypeError: the file is locked with a password. The cause would tell what was read.
        raise ValueError("cannot be read: it is the path or the text of a PEM file with an RSA key") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("is of a kind that mails are not signed with here: it has to be RSA")
    if not FEWEST_BITS <= key.key_size <= MOST_BITS:
        raise ValueError(
            f"has {key.key_size} bits: receivers read {FEWEST_BITS} to {MOST_BITS}, and {GOOD_BITS} is usual"
        )
    return key


def write_new_key(path: Path) -> RSAPrivateKey:
    """Write a new key for its owner's eyes only and return it. FileExistsError: nothing is overwritten; other
    OSErrors: it cannot be written, and nothing is left."""
    key = generate_private_key(public_exponent=65537, key_size=GOOD_BITS)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
    except OSError:
        path.unlink()
        raise
    return key


@lru_cache(16)
def mail_domain(address: str) -> str:
    """Return the domain of an address as the DNS has it (IDNA 2008). ValueError: it has none."""
    _local, at, domain = parseaddr(address)[1].rpartition("@")
    if not at:
        raise ValueError("no address")
    return idna.encode(unicodedata.normalize("NFC", domain), uts46=True).decode().lower()


def record_name(selector: str, domain: str) -> str:
    """Return the name below which the public key is looked up (RFC 6376, 3.6.2.1)."""
    return f"{selector}._domainkey.{domain}"


def record_of(key: RSAPrivateKey) -> str:
    """Return the text of the record with the public key (RFC 6376, 3.6.1)."""
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


def in_strings(text: str) -> str:
    """Return a text as a zone file holds it: quoted, in strings that are short enough."""
    parts = [text[at : at + LONGEST_STRING] for at in range(0, len(text), LONGEST_STRING)]
    return " ".join(f'"{part}"' for part in parts)
