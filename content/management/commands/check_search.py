"""Compare what search looks through with what the pages say, and mend it."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.db.models import Q

from content.tasks import read_document
from harmhub.models import CustomDocument

DIFFERENT = """
    SELECT coalesce(kept.page_id, said.page_id), coalesce(said.title, 'a deleted page')
    FROM content_texts(ARRAY(SELECT id FROM wagtailcore_page)) AS said
    FULL JOIN content_searchentry kept USING (page_id)
    WHERE (kept.is_item, kept.words) IS DISTINCT FROM (
        said.is_item,
        content_words(said.page_id, said.stemming, said.title, said.summary, said.names, said.body)
    )
    ORDER BY 1
"""
MEND = "SELECT pg_advisory_xact_lock(hashtext('content_entryqueue')), content_index(%s)"
FORGET = "DELETE FROM content_searchentry WHERE page_id NOT IN (SELECT id FROM wagtailcore_page)"


class Command(BaseCommand):
    """Say what search does not know; with --mend, put it right."""

    help = (
        "Compare the words of search, which the database keeps by itself, with what the pages "
        "say, and name each page that differs and each PDF that was not read. Ends with an error where "
        "something is not mended."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add --mend."""
        parser.add_argument("--mend", action="store_true", help="Index what differs; have the PDFs read.")

    def handle(self, *args, mend: bool = False, **options) -> None:
        """Print the differences. CommandError: there are some, and --mend was not given."""
        with connection.cursor() as cursor:
            cursor.execute(DIFFERENT)
            pages = cursor.fetchall()
        unread = list(
            CustomDocument.objects.filter(Q(file__iendswith=".pdf"), text=None).values_list("pk", "title")
        )
        for _, title in pages:
            self.stdout.write(f"differs: “{title}”")
        for _, title in unread:
            self.stdout.write(f"not read: “{title}”")
        if not pages and not unread:
            self.stdout.write("Search knows all pages as they are.")
            return
        if not mend:
            raise CommandError(
                f"{len(pages)} pages differ, {len(unread)} PDFs were not read. "
                "`manage.py check_search --mend` puts that right."
            )
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(MEND, [[page for page, _ in pages]])
            cursor.execute(FORGET)
        for document, _ in unread:
            read_document.defer(document=document)
        self.stdout.write(f"{len(pages)} pages were put right; the worker reads {len(unread)} PDFs.")
