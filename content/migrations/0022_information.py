"""A page of information below another one that comes, goes or moves is no change to all pages any more, but to those
that lead to it. Those right below the home page stand in the menu or the footer of all.

As before, functions decide themselves what is a change.
"""

from importlib import import_module

from django.db import migrations

BELOW = """
-- Whether a page of information at a path lies below another one.
CREATE FUNCTION harmhub_informs_below(page_path text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM wagtailcore_page above JOIN content_infopage ON page_ptr_id = above.id
        WHERE above.path = left(page_path, -4)
    )
$$;
"""
OF_ITEMS = "kind IN ('content.voicespage', 'content.eventpage', 'content.publicationpage')"
OF_BOTH = OF_ITEMS + """ OR (
        kind = 'content.infopage' AND harmhub_informs_below(page.path)
        AND (TG_OP <> 'UPDATE' OR OLD.path = NEW.path OR harmhub_informs_below(OLD.path))
        AND NOT harmhub_stands_anywhere(page, OLD)
    )"""
OF_LISTINGS = "-- It is in listings alone, whose entries come and go."
OF_NOTHING_ELSE = "-- It is in no list, or in listings alone, whose entries come and go."

before = import_module("content.migrations.0012_quick_import").before
PAGES = before("0015_near", "PAGES", "harmhub_page_changed")


class Migration(migrations.Migration):

    dependencies = [('content', '0021_tied_by_index')]

    operations = [
        migrations.RunSQL(
            BELOW + PAGES.replace(OF_ITEMS, OF_BOTH).replace(OF_LISTINGS, OF_NOTHING_ELSE),
            PAGES + "DROP FUNCTION harmhub_informs_below;",
        ),
    ]
