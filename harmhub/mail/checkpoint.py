"""Whether the database is younger than the last mail that it says was sent: where it is not, a backup was
restored, and what was sent since is not known to have been.

The time of the last run that sent something is written into the database and then into a file beside it
(``DATA_DIR/mail.checkpoint``), so the file is never ahead of the database that wrote it.
"""

import contextlib
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from harmhub.mail.models import Checkpoint


def _file() -> Path:
    return Path(settings.DATA_DIR) / "mail.checkpoint"


def note_sending() -> None:
    """Note that mail has just been sent. A folder that cannot be written is no reason not to send."""
    if not database_is_restored():
        now = timezone.now()
        Checkpoint.objects.update_or_create(pk=1, defaults={"at": now})
        with contextlib.suppress(OSError):
            _file().write_text(now.isoformat())


def database_is_restored() -> bool:
    """Return whether mail was sent after the newest that the database knows of."""
    newest = _written()
    known = Checkpoint.objects.filter(pk=1).values_list("at", flat=True).first()
    # A new database beside an old folder has sent nothing that could go out twice.
    return newest is not None and known is not None and known < newest


def go_on() -> None:
    """Have the database catch up with the file: an operator has decided what becomes of unsure mails."""
    if newest := _written():
        Checkpoint.objects.update_or_create(pk=1, defaults={"at": newest})


def _written() -> datetime | None:
    # ValueError: half written when the machine went down.
    with contextlib.suppress(OSError, ValueError):
        written = datetime.fromisoformat(_file().read_text())
        return written if written.tzinfo else None
    return None
