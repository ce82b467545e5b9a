"""Compare the entries of all listings with their definition, and mend them."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

COLUMNS = "page_id, item_id, facet, locale_id, kind, published_on, expire_at"
DIFFERENCES = f"""
    SELECT found.*, coalesce(page.title, 'the whole site'), coalesce(item.title, 'a deleted item'),
        coalesce(program.title, tag.name)
    FROM (({{one}}) EXCEPT ({{other}})) AS found ({COLUMNS})
    LEFT JOIN wagtailcore_page page ON page.id = found.page_id
    LEFT JOIN wagtailcore_page item ON item.id = found.item_id
    LEFT JOIN wagtailcore_page program ON program.id = found.facet
    LEFT JOIN taggit_tag tag ON tag.id = -found.facet
    ORDER BY found.page_id, found.published_on, found.item_id, found.facet
"""  # noqa: S608 (constants, as all below)
ITEMS = "ARRAY(SELECT page_ptr_id FROM content_contentitem)"
UNFILTERED = COLUMNS.replace("facet", "0 AS facet")
# Of listings, and of filtered ones: what is, and what is to be.
ENTRIES = [
    (f"SELECT {UNFILTERED} FROM content_entry", f"SELECT {UNFILTERED} FROM content_listing({ITEMS})"),  # noqa: S608
    (f"SELECT {COLUMNS} FROM content_facetentry", f"SELECT {COLUMNS} FROM content_facets({ITEMS})"),  # noqa: S608
]
COUNTS = """
    SELECT coalesce(kept.page_id, now.page_id), coalesce(kept.kind, now.kind), coalesce(kept.year, now.year),
        coalesce(kept.number, 0), coalesce(now.number, 0), coalesce(kept.facet, now.facet)
    FROM (
        SELECT page_id, locale_id, 0 AS facet, kind, year, number FROM content_entrycount
        UNION ALL SELECT page_id, locale_id, facet, kind, year, number FROM content_facetcount
    ) AS kept
    FULL JOIN (
        SELECT page_id, locale_id, 0 AS facet, kind, extract(year FROM published_on) AS year,
            count(*) AS number
        FROM content_entry GROUP BY 1, 2, 3, 4, 5
        UNION ALL
        SELECT page_id, locale_id, facet, coalesce(kind, ''), coalesce(extract(year FROM published_on), 0),
            count(*)
        FROM content_facetentry GROUP BY 1, 2, 3, CUBE (kind, extract(year FROM published_on))
    ) AS now USING (page_id, locale_id, facet, kind, year)
    WHERE kept.number IS DISTINCT FROM now.number
    ORDER BY 1, 6, 2, 3
"""
# Behind the lock that every transaction with changes to listings takes last. What is emptied is made anew by
# the functions that keep it, and counted by the triggers.
REBUILD = f"""
    SELECT pg_advisory_xact_lock(hashtext('content_entryqueue'));
    DELETE FROM content_entry;
    DELETE FROM content_facetentry;
    DELETE FROM content_entrycount;
    DELETE FROM content_facetcount;
    SELECT content_list({ITEMS});
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
        for kept, definition in ENTRIES:
            for what, one, other in (("missing", definition, kept), ("wrong", kept, definition)):
                cursor.execute(DIFFERENCES.format(one=one, other=other))
                for *_, published_on, _, page, item, facet in cursor:
                    wrong += 1
                    filtered = f", filtered by “{facet}”" if facet else ""
                    self.stdout.write(f"{what}: “{item}” ({published_on}) on “{page}”{filtered}")
        cursor.execute(COUNTS)
        for page, kind, year, kept, number, facet in cursor:
            wrong += 1
            filtered = f", filtered by {facet}" if facet else ""
            self.stdout.write(
                f"count: {kept} instead of {number} of kind {kind or 'any'} in {year or 'any year'}"
                f" on page {page}{filtered}"
            )
        return wrong
