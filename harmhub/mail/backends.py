"""Where mail goes: into the queue first; from there to a mail server, or to a folder of .eml files where
there is none."""

import contextlib
import os
import re
import smtplib
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend
from django.utils import timezone
from django.utils.translation import get_language

from harmhub.mail.signing import signed


class _HandingOver:
    """Signs each mail as it leaves. Remembers whether the text was on its way: then a lost answer leaves open
    whether the server has it."""

    handed_over = False

    def sendmail(self, from_addr: str, to_addrs: Any, msg: Any, *more: Any, **options: Any) -> Any:
        # Before the server hears of the mail: one that cannot be signed costs the others nothing.
        return super().sendmail(from_addr, to_addrs, signed(msg), *more, **options)  # type: ignore[misc]

    def mail(self, *args: Any, **kwargs: Any) -> Any:
        self.handed_over = False
        return super().mail(*args, **kwargs)  # type: ignore[misc]

    def data(self, message: Any) -> Any:
        self.handed_over = True
        return super().data(message)  # type: ignore[misc]


class _Smtp(_HandingOver, smtplib.SMTP):
    pass


class _SmtpSsl(_HandingOver, smtplib.SMTP_SSL):
    pass


class SmtpBackend(EmailBackend):
    """Django's SMTP backend, which can also tell whether a mail that failed may have arrived."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _SmtpSsl if self.use_ssl else _Smtp

    @property
    def handed_over(self) -> bool:
        """Whether the text of the last mail was on its way to the server."""
        return bool(getattr(self.connection, "handed_over", False))

    def hand_over(self, sender: str, to: str, message: bytes) -> None:
        """Send the bytes of a message to one address; raises what ``send_messages`` does."""
        if self.connection is None:
            raise smtplib.SMTPServerDisconnected("open the connection first")
        self.connection.sendmail(sender, [to], message)


class QueueBackend(BaseEmailBackend):
    """What Django and Wagtail send by themselves becomes rows like all other mail: in the transaction that
    causes it, whatever the mail server is doing."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write one row for each recipient of each message; return the number of messages."""
        from harmhub.mail.composing import recompose
        from harmhub.mail.models import Mail

        language = get_language() or settings.LANGUAGE_CODE
        for message in email_messages:
            for address in message.recipients():
                bare = parseaddr(address)[1] or address
                mail = Mail.prepare(purpose="notice", to=bare, language=language)
                mail.queue(recompose(mail, message, to=bare))
        return len(email_messages)


class EmlBackend(BaseEmailBackend):
    """Writes each mail as one .eml file into ``file_path`` and prints its path. Processes may share it."""

    def __init__(self, *, file_path: str | os.PathLike[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.folder = Path(file_path)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the messages; return how many. OSError: the folder cannot be written."""
        for message in email_messages:
            sys.stdout.write(f"Mail written to {self._write(message)}\n")
        sys.stdout.flush()
        return len(email_messages)

    def _write(self, message: EmailMessage) -> Path:
        """Write one message under another name first, so that nobody ever reads half a mail."""
        mime = message.message()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{timezone.now():%Y%m%d-%H%M%S}-{_file_name(mime['Message-ID'])}.eml"
        descriptor, draft = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(mime.as_bytes())
            Path(draft).replace(path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(draft).unlink()
            raise
        return path


def delete_files(folder: Path, *, before: datetime) -> None:
    """Delete the mails that were written into the folder before a time; also what a killed writer left."""
    for path in (*folder.glob("*.eml"), *folder.glob(".*.part")):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < before.timestamp():
                path.unlink()


def _file_name(message_id: str) -> str:
    """Return the left half of a Message-ID as a harmless file name."""
    return re.sub(r"[^A-Za-z0-9-]", "_", message_id.strip("<> ").partition("@")[0])[:80]
