"""A mailbox, spoken to by IMAP (RFC 9051)."""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

PATIENCE = 20  # seconds, for each answer
PORTS = {"imap": 143, "imap+tls": 143, "imap+ssl": 993}


@dataclass(frozen=True)
class Mailbox:
    """Where a mailbox is, and how to get in."""

    scheme: str
    host: str
    port: int
    user: str
    password: str
    folder: str

    @classmethod
    def at(cls, url: str) -> "Mailbox":
        """Return the mailbox of a URL, ``imap+ssl://user:password@host/INBOX``. ValueError: it is none."""
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not (parts.hostname and parts.username and parts.password):
            raise ValueError("no mailbox")
        return cls(
            parts.scheme,
            parts.hostname,
            parts.port or PORTS[parts.scheme],
            unquote(parts.username),
            unquote(parts.password),
            unquote(parts.path.strip("/")) or "INBOX",
        )


@contextmanager
def opened(mailbox: Mailbox) -> Iterator[imaplib.IMAP4]:
    """Open a mailbox for a block, and drop at its end what was flagged as deleted. imaplib.IMAP4.error,
    OSError: it cannot be had."""
    trusted = ssl.create_default_context()
    session: imaplib.IMAP4
    if mailbox.scheme == "imap+ssl":
        session = imaplib.IMAP4_SSL(mailbox.host, mailbox.port, ssl_context=trusted, timeout=PATIENCE)
    else:
        session = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=PATIENCE)
    try:
        if mailbox.scheme == "imap+tls":
            session.starttls(trusted)
        session.login(mailbox.user, mailbox.password)
        checked(session.select(_quoted(mailbox.folder)))
        yield session
        checked(session.expunge())
    finally:
        with suppress(imaplib.IMAP4.error, OSError):
            session.logout()


def checked(answer: tuple[str, list]) -> list:
    """Return the data of an answer. imaplib.IMAP4.error: the server refused."""
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(status)
    return data


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
