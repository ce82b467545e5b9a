"""Load the demo site into an empty database."""

from argparse import ArgumentParser
from contextlib import ExitStack

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone
from wagtail.signal_handlers import disable_reference_index_auto_update

from content.beginning import has_content
from content.demo.building import HOME_KEY, Building, wanted_pictures
from content.demo.filing import Cabinet
from content.models import HomePage

# One number for everybody who loads the demo, so that two of them wait for one another.
LOCK = 0x68617262


class Command(BaseCommand):
    """Load the demo site, once, and only where there is nothing else."""

    help = "Load the demo site into a database without pages. Loading it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add --if-empty."""
        parser.add_argument(
            "--if-empty", action="store_true", help="Say nothing and do nothing where there is other content."
        )

    def handle(self, *args, if_empty: bool = False, verbosity: int = 1, **options) -> None:
        """Load the demo in one transaction. CommandError: the database has pages of its own."""
        # Files are taken away again when the transaction fails, so they are closed after it.
        with ExitStack() as files, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            if HomePage.objects.filter(translation_key=HOME_KEY).exists():
                if not if_empty:
                    self.stdout.write("The demo site is already here. Nothing was changed.")
                return
            if has_content():
                if not if_empty:
                    raise CommandError("This database has content of its own: the demo site was not loaded.")
                return
            self._load(files, verbosity)

    def _load(self, files: ExitStack, verbosity: int) -> None:
        tell = self._tell if verbosity else lambda line: None
        tell("Loading the demo site")
        cabinet = files.enter_context(Cabinet(wanted_pictures()))
        building = Building(timezone.localdate(), cabinet, tell)
        with disable_reference_index_auto_update():  # it would index a page once for each of its rows
            building.build()
        call_command("rebuild_references_index", verbosity=0)
        tell(f"The demo site is loaded: {len(building.pages) + 1} pages, {len(cabinet)} files.")

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
