"""Let somebody in again who has lost her phone, her passkeys and her recovery codes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from harmhub.users import factors
from harmhub.users.models import User


class Command(BaseCommand):
    """Remove all second factors of a user. She sets one up anew at her next log-in."""

    help = "Remove a user's second factors and recovery codes, and end her sessions. She is told by mail."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the name."""
        parser.add_argument("username")

    def handle(self, username: str, **options: Any) -> None:
        """Remove them. CommandError: there is no such user, or nothing to remove."""
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError("There is no user of this name.")
        if not factors.remove_all(user):
            raise CommandError("This user has no second factor.")
        self.stdout.write("Removed. The next log-in leads to setting one up.")
