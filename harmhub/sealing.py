"""Sealed words: what readers wrote, encrypted in every row that holds it with keys that the database does not
have.

Sealing is Fernet (AES-128-CBC with HMAC-SHA256). The newest of ``settings.SEALING_KEYS`` seals, all of them
open, so keys can be rotated. A sealed column cannot be searched: look rows up by ``digest``, which is keyed
too, so that nobody who has only the database can try addresses out.
"""

import base64
import hashlib
import hmac
import json
import secrets
import unicodedata
from contextlib import suppress
from functools import cache
from typing import Any, Self

import idna
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext

from harmhub.addresses import ascii_domain


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


@cache
def _subkey(key: str, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(base64.urlsafe_b64decode(key))


def seal(text: str) -> bytes:
    """Return the text as a Fernet token. UnicodeEncodeError: the text holds a lone surrogate."""
    return _fernet(tuple(settings.SEALING_KEYS)).encrypt(text.encode())


def unseal(token: bytes) -> str:
    """Return the text of a token. cryptography.fernet.InvalidToken: it was changed, or its key is gone."""
    return _fernet(tuple(settings.SEALING_KEYS)).decrypt(bytes(token)).decode()


def digest(text: str, purpose: str) -> bytes:
    """Return 32 bytes (HMAC-SHA256) that are the same for the same text and purpose, and tell nothing without
    the key.

    The key is derived (HKDF, RFC 5869) from the last of SEALING_KEYS: the one that stays when newer ones are
    added before it.
    """
    key = _subkey(settings.SEALING_KEYS[-1], purpose)
    return hmac.digest(key, text.encode(errors="replace"), hashlib.sha256)


def address_digest(email: str) -> bytes:
    """Return the digest by which an e-mail address is looked up: NFC, the part before the @ case-folded, the
    domain as IDNA 2008 writes it, in which ß and ss are two names.

    Never fails: what is no address has a digest too, so that a look-up of anything can be answered.
    """
    local, at, domain = unicodedata.normalize("NFC", email.strip()).rpartition("@")
    local, domain = unicodedata.normalize("NFC", local.casefold()), domain.lower()
    with suppress(idna.IDNAError):  # forms refuse such a domain; here it is only looked up, and not found
        domain = ascii_domain(domain.rstrip("."))
    return digest(f"{local}{at}{domain}", "address")


def new_token() -> str:
    """Return a new secret for a link: 256 random bits as 43 characters that are safe in a query."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """Return the 32 bytes (SHA-256) that are stored in place of a token. It has 256 random bits, so it needs
    no salt."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


class Unreadable(str):
    """Stands for a value that does not open: words for people, and the token, which is saved again."""

    token: bytes

    def __new__(cls, token: bytes) -> Self:
        """Return the words in the language of whoever looks."""
        words = super().__new__(cls, gettext("[Cannot be read: the key that sealed it is missing]"))
        words.token = token
        return words


def readable(value: Any) -> Any:
    """Return a sealed field's value for a program. cryptography.fernet.InvalidToken: it did not open."""
    if isinstance(value, Unreadable):
        raise InvalidToken
    return value


def _is_token(value: Any) -> bool:
    """Whether this is the text of a Fernet token: its version and the 57 bytes around what is sealed."""
    try:
        token = base64.b64decode(value.encode("ascii"), altchars=b"-_", validate=True)
    except (AttributeError, ValueError):  # not a text, or none in base64
        return False
    return token[:1] == b"\x80" and len(token) >= 57 + 16


class SealedTextField(models.BinaryField):
    """Text that lies sealed in its row. Python sees ``str``; ``None`` stays NULL, the empty text is sealed
    like any other.

    Where a token does not open, Python sees ``Unreadable``: a page that shows others must not fail for it.
    """

    description = "Sealed text"
    # What the type checker takes a value of this field for: not for the bytes that the column holds.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any
    empty_values = [None, ""]

    def to_python(self, value: Any) -> Any:
        """Open a token: bytes, or text in a dump. What is none is taken for the value itself."""
        if isinstance(value, bytes | memoryview):
            return self._open(bytes(value))
        return self._open(value.encode()) if _is_token(value) else value

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else self._open(bytes(value))

    def get_prep_value(self, value: Any) -> bytes | None:
        if value is None:
            return None
        return value.token if isinstance(value, Unreadable) else seal(self._written(value))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        token = value if prepared else self.get_prep_value(value)
        return None if token is None else connection.Database.Binary(token)

    def value_to_string(self, obj: models.Model) -> str:
        """Return the token: a dump of the database shows no more than the database itself."""
        token = self.get_prep_value(self.value_from_object(obj))
        return "" if token is None else token.decode()

    def _check_str_default_value(self) -> list[Any]:
        return []  # a default is text here, although the column is binary

    def get_lookup(self, lookup_name: str) -> Any:
        """Know only ``isnull``: the same text is sealed differently each time, so comparing would silently
        find nothing."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None

    def _written(self, value: Any) -> str:
        return str(value)

    def _open(self, token: bytes) -> Any:
        try:
            return self._read(unseal(token))
        except InvalidToken:
            return Unreadable(token)

    def _read(self, text: str) -> Any:
        return text


class SealedJSONField(SealedTextField):
    """A JSON value that lies sealed in its row. Python sees the value; ``None`` is NULL."""

    description = "Sealed JSON"
    empty_values = [None, "", [], {}]

    def _written(self, value: Any) -> str:
        return json.dumps(value, cls=DjangoJSONEncoder)

    def _read(self, text: str) -> Any:
        return json.loads(text)
