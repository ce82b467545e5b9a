"""Compare the entries of all listings with their definition, and mend them."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

COLUMNS = "page_id, item_id, locale_id, kind, published_on, expire_at"
DEFINITION = "SELECT * FROM content_listing(ARRAY(SELECT page_ptr_id FROM content_contentitem))"
ENTRIES = f"SELECT {COLUMNS} FROM content_entry"  # noqa: S608 (a constant)
DIFFERENCES = f"""
    SELECT found.*, coalesce(page.title, 'the whole site'), coalesce(item.title, 'a deleted item')
    FROM (({{}}) EXCEPT ({{}})) AS found ({COLUMNS})
    LEFT JOIN wagtailcore_page page ON page.id = found.page_id
    LEFT JOIN wagtailcore_page item ON item.id = found.item_id
    ORDER BY found.page_id, found.published_on, found.item_id
"""  # noqa: S608
COUNTS = """
    SELECT coalesce(kept.page_id, now.page_id), coalesce(kept.kind, now.kind), coalesce(kept.year, now.year),
        coalesce(kept.number, 0), coalesce(now.number, 0)
    FROM content_entrycount kept
    FULL JOIN (
        SELECT page_id, locale_id, kind, extract(year FROM published_on) AS year, count(*) AS number
        FROM content_entry GROUP BY 1, 2, 3, 4
    ) AS now USING (page_id, locale_id, kind, year)
    WHERE kept.number IS DISTINCT FROM now.number
    ORDER BY 1, 2, 3
"""
# Behind the lock that every transaction with changes to listings takes last.
REBUILD = f"""
    SELECT pg_advisory_xact_lock(hashtext('content_entryqueue'));
    DELETE FROM content_entry;
    DELETE FROM content_entrycount;
    INSERT INTO content_entry ({COLUMNS}) {DEFINITION};
"""  # noqa: S608


class Command(BaseCommand):
    """Say what is wrong with the listings; with --mend, put it right."""

    help = (
        "Compare the entries of all listings, which the database keeps by itself, with what the pages say, "
        "and name each difference. Ends with an error where there is one that was not mended."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add --mend."""
        parser.add_argument("--mend", action="store_true", help="Write all entries anew where one is wrong.")

    def handle(self, *args, mend: bool = False, **options) -> None:
        """Print the differences. CommandError: there are some, and --mend was not given."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            wrong = self._differences(cursor)
        if not wrong:
            self.stdout.write("All entries are as they should be.")
            return
        if not mend:
            raise CommandError(f"{wrong} differences. `manage.py check_listing --mend` puts them right.")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(REBUILD)
        self.stdout.write(f"{wrong} differences were put right.")

    def _differences(self, cursor) -> int:
        wrong = 0
        for what, one, other in (("missing", DEFINITION, ENTRIES), ("wrong", ENTRIES, DEFINITION)):
            cursor.execute(DIFFERENCES.format(one, other))
            for *_, published_on, _, page, item in cursor:
                wrong += 1
                self.stdout.write(f"{what}: “{item}” ({published_on}) on “{page}”")
        cursor.execute(COUNTS)
        for page, kind, year, kept, number in cursor:
            wrong += 1
            self.stdout.write(f"count: {kept} instead of {number} of kind {kind} in {year} on page {page}")
        return wrong
