"""Make the first pages of a site."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from content.beginning import begin, has_content, keep_first_versions, make_indexes
from harmhub.models import SiteSettings


class Command(BaseCommand):
    """Make home and indexes in an empty database, so that editors can begin with topics."""

    help = "Make the home page and the indexes of a new site, in place of Wagtail's welcome page."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the name of the organisation."""
        parser.add_argument("organisation", help="Its name, as readers see it; it can be changed later.")

    @transaction.atomic
    def handle(self, *args, organisation: str, **options) -> None:
        """Make the pages. CommandError: the database has content of its own."""
        if has_content():
            raise CommandError("This database has content of its own. Nothing was changed.")
        site, home = begin(organisation)
        make_indexes(home, {})
        keep_first_versions()
        SiteSettings.objects.update_or_create(site=site, defaults={"organisation": organisation})
        self.stdout.write("The first pages are there. Go on at /admin/: first Settings, then Topics.")
