"""``manage.py read_bounces``: take in one message that came back, or all in the mailbox."""

import sys
from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError

from harmhub.mail.inbox import read_inbox
from harmhub.mail.reports import MOST_BYTES, take

TRY_AGAIN = 75  # EX_TEMPFAIL: the mail server keeps the message and brings it later


class Command(BaseCommand):
    """Reads a bounce or a complaint from the standard input, as a mail server hands it over."""

    help = (
        "Read one message that came back from the standard input, for the pipe of a mail server (see "
        "docs/providers.md). With --inbox, read the mailbox BOUNCE_INBOX_URL now."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where to read from."""
        parser.add_argument("--inbox", action="store_true", help="read the mailbox")

    def handle(self, inbox: bool, **options) -> None:
        """Do it. CommandError: there is no mailbox, or it or the database is away."""
        if inbox:
            self._read_inbox()
            return
        raw = sys.stdin.buffer.read(MOST_BYTES)
        while sys.stdin.buffer.read(MOST_BYTES):  # a mail server that cannot write on takes it for a failure
            pass
        try:
            report = take(raw)
        except (OperationalError, InterfaceError) as problem:
            raise CommandError("The database is away.", returncode=TRY_AGAIN) from problem
        self.stdout.write("Recorded." if report and report.kind else "Nothing to record.")

    def _read_inbox(self) -> None:
        if settings.BOUNCE_INBOX is None:
            raise CommandError("BOUNCE_INBOX_URL is not set.")
        tally = read_inbox(settings.BOUNCE_INBOX)
        if tally is None:
            raise CommandError("The mailbox cannot be read; the log says why.")
        self.stdout.write(f"{tally}.")
