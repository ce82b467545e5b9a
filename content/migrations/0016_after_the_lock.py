"""What two transactions change at once is listed as both of them leave it.

Where something was restricted, its trigger noted the path that it had then. Who moved it meanwhile did not see the
restriction, and who restricted it not the new path: it stayed in listings and in search. Now what was changed is noted,
and which pages that concerns is found out behind the lock, where the later one sees what the earlier one did.

As before, functions decide themselves what is a change.
"""

from importlib import import_module

from django.db import migrations

_quick_import = import_module("content.migrations.0012_quick_import")
before = _quick_import.before

LISTING = """
-- restricted_id: a page that was restricted, or is no more, with all that lies below it.
ALTER TABLE content_entryqueue DROP COLUMN branch, ADD COLUMN restricted_id integer;

CREATE OR REPLACE FUNCTION content_queue_branch() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO content_entryqueue (restricted_id)
        SELECT DISTINCT page FROM unnest(ARRAY[OLD.page_id, NEW.page_id]) AS page WHERE page IS NOT NULL;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION content_work_off_queue() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    pages integer[];
    keys uuid[];
    restricted integer[];
    closed varchar;
    named integer[];
    worked_to bigint;
BEGIN
    -- All rows of a transaction are worked off when the first of them brings us here. The others ask this, and
    -- not the table, where each would look through what the first has deleted.
    IF NEW.id <= coalesce(nullif(current_setting('content.worked_to', true), ''), '0')::bigint THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('content_entryqueue'));
    WITH due AS (DELETE FROM content_entryqueue RETURNING *)
    SELECT array_agg(DISTINCT due.page_id), array_agg(DISTINCT due.translation_key),
        array_agg(DISTINCT due.restricted_id), max(due.id)
    INTO pages, keys, restricted, worked_to FROM due;
    PERFORM set_config('content.worked_to', worked_to::text, true);
    keys := keys || ARRAY(SELECT page.translation_key FROM wagtailcore_page page WHERE page.id = ANY(pages));
    named := ARRAY(
        SELECT page.id FROM wagtailcore_page page
        WHERE page.translation_key = ANY(keys) AND (
            EXISTS (SELECT FROM topics_topicpage WHERE page_ptr_id = page.id)
            OR EXISTS (SELECT FROM topics_programpage WHERE page_ptr_id = page.id)
            OR EXISTS (SELECT FROM topics_personpage WHERE page_ptr_id = page.id)
        )
    );
    IF named <> '{}' THEN
        pages := pages || ARRAY(
            SELECT page_ptr_id FROM content_contentitem WHERE primary_topic_id = ANY(named)
            UNION SELECT contentitem_id FROM content_contentitem_further_topics WHERE topicpage_id = ANY(named)
            UNION SELECT contentitem_id FROM content_contentitem_programs WHERE programpage_id = ANY(named)
            UNION SELECT item_id FROM content_itemauthor WHERE person_id = ANY(named)
            UNION SELECT event_id FROM content_eventspeaker WHERE person_id = ANY(named)
        );
    END IF;
    IF restricted <> '{NULL}' THEN
        -- One by one, and with operators that use the index for LIKE whatever the collation is: so PostgreSQL knows
        -- when it plans how little is meant, and does not read all pages. A tilde stands behind all signs of a path.
        FOR closed IN SELECT path FROM wagtailcore_page WHERE id = ANY(restricted) LOOP
            pages := pages || ARRAY(SELECT id FROM wagtailcore_page WHERE path ~>=~ closed AND path ~<~ (closed || '~'));
        END LOOP;
    END IF;
    PERFORM content_list(ARRAY(SELECT DISTINCT unnest(pages)));
    RETURN NULL;
END $$;
"""
LISTING_BEFORE = f"""
ALTER TABLE content_entryqueue DROP COLUMN restricted_id, ADD COLUMN branch varchar;
{before("0002_listing", "RESTRICTIONS", "content_queue_branch")}
{import_module("content.migrations.0005_quick_queue").WORK_OFF}
"""


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0015_near'),
    ]

    operations = [
        migrations.RunSQL(LISTING, LISTING_BEFORE),
    ]
