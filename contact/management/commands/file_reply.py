"""``manage.py file_reply [recipient] < mail``: for the pipe of a mail server."""

import os
import sys
from argparse import ArgumentParser

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError

from contact.replies import NoSuchAddressError, TooManyError, file_reply

LARGEST = 25 * 1024 * 1024


class Command(BaseCommand):
    """Files one mail. Ends with the codes of sysexits.h, by which a mail server knows what to do with it."""

    help = "File a mail from standard input to the message that it answers (see docs/inbox.md)."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the recipient of the envelope."""
        parser.add_argument("recipient", nargs="?", default="", help="Whom the envelope names.")

    def handle(self, *args, recipient: str = "", **options) -> None:
        """Do it. SystemExit: it was not filed, and why."""
        raw = sys.stdin.buffer.read(LARGEST + 1)
        if len(raw) > LARGEST:
            self._end(os.EX_DATAERR, "The mail is too large.")
        try:
            file_reply(raw, recipient)
        except NoSuchAddressError:
            self._end(os.EX_NOUSER, "There is no such address.")
        except ValueError:
            self._end(os.EX_DATAERR, "This cannot be read as a mail.")
        except TooManyError:
            self._end(os.EX_TEMPFAIL, "Too many mails came from you today.")
        except (OperationalError, InterfaceError):
            self._end(os.EX_TEMPFAIL, "Try again later.")
        except Exception as error:  # whose own words may be the reader's
            self._end(os.EX_TEMPFAIL, f"Try again later ({type(error).__name__}).")

    def _end(self, code: int, words: str) -> None:
        """Say why, in words that a mail server may pass on to the sender, and end."""
        self.stderr.write(words)
        raise SystemExit(code)
