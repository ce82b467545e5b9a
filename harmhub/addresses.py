"""What counts as a reader's e-mail address: one rule for every form and import."""

import unicodedata
from functools import lru_cache

import idna
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from email_validator import validate_email

LONGEST_LOCAL = 64  # characters before the @ (RFC 5321, 4.5.3.1.1)
UNREADABLE = _("Write the e-mail address in full, like name@example.org")


def validate_address(text: str) -> None:
    """Refuse all but one plain mailbox (RFC 5321) at a real domain (IDNA 2008, RFC 5891).

    Lists, display names, quoted local parts, comments, relay tricks, ``localhost``, names without a dot and
    IP literals are refused, and names before the @ that only few servers could carry (SMTPUTF8). The network
    is not asked. Raises ValidationError; its message never repeats the text.
    """
    try:
        local, _at, domain = text.rpartition("@")
        if set(local) & set('%!"'):
            raise ValueError("an old relay would read % and ! as an address within the address")
        if len(local) > LONGEST_LOCAL:
            raise ValueError("no server takes it")
        idna.encode(unicodedata.normalize("NFC", domain).lower())
        validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except ValueError as problem:  # email_validator's and idna's errors are ValueErrors
        raise ValidationError(UNREADABLE, code="address") from problem


@lru_cache(1_000)
def ascii_domain(domain: str) -> str:
    """Return a domain as mail servers know it (IDNA 2008); many readers have one of few. idna.IDNAError: it
    is none."""
    return idna.encode(unicodedata.normalize("NFC", domain), uts46=True).decode()


class AddressField(forms.CharField):
    """A form field of one e-mail address, kept as typed but for spaces around it. Empty: ""."""

    widget = forms.EmailInput
    default_validators = [validate_address]

    def __init__(self, **kwargs) -> None:
        kwargs.setdefault("max_length", 254)
        kwargs.setdefault("error_messages", {"required": UNREADABLE, "max_length": UNREADABLE})
        super().__init__(**kwargs)
