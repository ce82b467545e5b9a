"""``manage.py dkim_key``: the key that mails are signed with, and the record that has to be in the DNS."""

from argparse import ArgumentParser
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from harmhub.mail.keys import in_strings, mail_domain, record_name, record_of, write_new_key


class Command(BaseCommand):
    """Makes a key, or tells of the one in use."""

    help = (
        "Make a key to sign mails with (DKIM, RSA of 2048 bits), for this user's eyes only, and print the "
        "DNS record to publish. Without a file: print the record of the key in use."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument("file", nargs="?", type=Path, help="Where to write it. Nothing is overwritten.")

    def handle(self, *args, file: Path | None, **options) -> None:
        """Do it. CommandError: it cannot be written, or there is no key to tell of."""
        try:
            domain = mail_domain(settings.DEFAULT_FROM_EMAIL)
        except ValueError as problem:
            raise CommandError("FROM_EMAIL names no domain that mails could be signed for.") from problem
        if file:
            key = _made(file)
            self.stdout.write(
                f"The key is in {file}. Publish the record, then set DKIM_KEY={file.absolute()}"
            )
        elif settings.DKIM_KEY:
            key = settings.DKIM_KEY
        else:
            raise CommandError("DKIM_KEY is not set. `manage.py dkim_key FILE` makes a key.")
        name, text = record_name(settings.DKIM_SELECTOR, domain), record_of(key)
        self.stdout.write(f"\nname   {name}\ntype   TXT\nvalue  {text}\n")
        self.stdout.write(f"In a zone file:\n{name}. IN TXT ( {in_strings(text)} )")


def _made(file: Path) -> RSAPrivateKey:
    """Return a new key that is in this file now."""
    try:
        return write_new_key(file)
    except FileExistsError as problem:
        raise CommandError(f"{file} is there already. Nothing was overwritten.") from problem
    except OSError as problem:
        raise CommandError(f"{file} cannot be written: {problem.strerror}.") from problem
