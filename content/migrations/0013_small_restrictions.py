"""A folder of pictures that is made, and a restriction of one item, are no change to all pages.

As before, functions decide themselves what is a change.
"""

from importlib import import_module

from django.db import migrations

FOLDERS = """
DROP TRIGGER harmhub_all_changed ON wagtailcore_collection;
CREATE TRIGGER harmhub_all_changed AFTER UPDATE ON wagtailcore_collection
    FOR EACH ROW WHEN (OLD.path <> NEW.path) EXECUTE FUNCTION harmhub_all_changed();
"""

RESTRICTIONS = """
-- An item stands in listings alone, whose entries come and go; it is told of as if it came or went itself.
CREATE FUNCTION harmhub_restriction_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    restricted integer[] := ARRAY[NEW.page_id, OLD.page_id];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD IS NOT DISTINCT FROM NEW THEN
        RETURN NULL;
    END IF;
    IF EXISTS (
        SELECT FROM wagtailcore_page page JOIN django_content_type kind ON kind.id = page.content_type_id
        WHERE page.id = ANY (restricted)
        AND NOT (kind.app_label = 'content' AND kind.model IN ('voicespage', 'eventpage', 'publicationpage'))
    ) THEN
        PERFORM harmhub_changed('all');
    ELSE
        PERFORM harmhub_changed('page:' || version.id)
            FROM wagtailcore_page page JOIN wagtailcore_page version USING (translation_key)
            WHERE page.id = ANY (restricted);
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER harmhub_all_changed ON wagtailcore_pageviewrestriction;
CREATE TRIGGER harmhub_restriction_changed AFTER INSERT OR UPDATE OR DELETE ON wagtailcore_pageviewrestriction
    FOR EACH ROW EXECUTE FUNCTION harmhub_restriction_changed();
"""

_all = import_module("content.migrations.0003_changes").ALL
UNDO_FOLDERS = "DROP TRIGGER harmhub_all_changed ON wagtailcore_collection;" + _all.format(table="wagtailcore_collection")
UNDO_RESTRICTIONS = "DROP FUNCTION harmhub_restriction_changed CASCADE;" + _all.format(
    table="wagtailcore_pageviewrestriction"
)


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0012_quick_import'),
    ]

    operations = [
        migrations.RunSQL(FOLDERS, UNDO_FOLDERS),
        migrations.RunSQL(RESTRICTIONS, UNDO_RESTRICTIONS),
    ]
