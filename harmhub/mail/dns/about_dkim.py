"""Findings about DKIM (RFC 6376)."""

import base64
import binascii
import logging
from collections.abc import Iterator

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils.translation import gettext as _

from harmhub.mail.dns.asking import Lookups
from harmhub.mail.dns.finding import Finding, Record, State
from harmhub.mail.dns.sending import Sending
from harmhub.mail.dns.tags import tags_of, words_of
from harmhub.mail.keys import GOOD_BITS, record_name, record_of
from harmhub.mail.signing import Signer

SAMPLE = b"From: updates@%(domain)s\r\nSubject: A sample\r\n\r\nWords\r\n"


def about_dkim(sending: Sending, ask: Lookups) -> Iterator[Finding]:
    """Yield what is to be said of signatures and of the record that receivers check them by."""
    if not sending.key:
        yield Finding(
            State.UNKNOWN,
            _("This site does not sign. Whether your mail server does cannot be seen from here."),
            _(
                "Send a mail to yourself at another provider, and look for “dkim=pass” with your domain "
                "among its "
                "headers. If it is not there, have the server sign, or the site: “manage.py dkim_key "
                "FILE” makes a "
                "key and tells what to publish."
            ),
        )
        return
    record = Record(record_name(sending.selector, sending.domain), "TXT", record_of(sending.key))
    found = ask.ask(record.name, "TXT")
    if not found:
        yield Finding(
            State.MISSING,
            _("The public key is not published: nobody can check the signatures of this site."),
            _("Publish it."),
            publish=record,
        )
    elif fault := _fault(sending, sending.key, found):
        yield Finding(State.WRONG, fault, _("Publish this in its place."), found=found, publish=record)
    else:
        yield Finding(State.GOOD, _("Mail is signed, and the public key is published."), found=found)
        if b"y" in words_of(tags_of(found[0]), b"t"):
            yield Finding(
                State.BETTER,
                _("The record says that you are only testing (t=y): receivers may then take no notice."),
                _("Take “t=y” out."),
            )
    if sending.key.key_size < GOOD_BITS:
        yield Finding(
            State.BETTER,
            _("The key has %(bits)d bits; %(good)d are usual.")
            % {"bits": sending.key.key_size, "good": GOOD_BITS},
            _("Make another, publish it under another name (DKIM_SELECTOR), then use it."),
        )


def _fault(sending: Sending, key: RSAPrivateKey, found: tuple[str, ...]) -> str:
    """Return what is wrong with the record, or ""."""
    if len(found) > 1:
        return _("There are several records of this name; there may be one.")
    tags = tags_of(found[0])
    if b"p" not in tags:
        return _("There is a record, but no key in it.")
    if not tags[b"p"]:
        return _("The record says that this key was taken back (an empty “p=”).")
    if not _is_ours(tags[b"p"], key):
        return _("Another key is published than the one that this site signs with.")
    # A key that is not ours never comes so far: it may be made to keep whoever checks by it busy for hours.
    is_for_us = b"sha256" in words_of(tags, b"h", b"sha256") and words_of(tags, b"s", b"*") & {b"*", b"email"}
    if not is_for_us or not _verifies(sending, key, found[0]):
        return _("The key is there, but receivers refuse signatures because of another part of the record.")
    return ""


def _is_ours(text: bytes, key: RSAPrivateKey) -> bool:
    """Whether a public key in base64 is ours, in either form that is in use (3.6.1)."""
    try:
        found = base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        return False
    public = key.public_key()
    return found in {
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.PKCS1),
    }


def _verifies(sending: Sending, key: RSAPrivateKey, record: str) -> bool:
    """Whether a receiver believes our signature by this record; dkimpy decides."""
    sample = SAMPLE % {b"domain": sending.domain.encode()}
    signed = Signer(key, sending.domain, sending.selector).sign(sample) + sample
    quiet = logging.Logger("nobody", logging.CRITICAL + 1)
    told = record.encode("ascii", "replace")
    return dkim.verify(signed, logger=quiet, dnsfunc=lambda *_name, **_options: told)
