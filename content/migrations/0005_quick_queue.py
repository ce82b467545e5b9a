"""The queue of listings is worked off in the same time on a large site as on a small one.

Most pages that change are named by no item: only topics, programs and people are. To find out that nothing
refers to a new article, PostgreSQL would read all items where most have the same topic. So it is asked first
which of the pages can be named at all.
"""

from importlib import import_module

from django.db import migrations

WORK_OFF = """
CREATE OR REPLACE FUNCTION content_work_off_queue() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    pages integer[];
    keys uuid[];
    branches varchar[];
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
        array_agg(DISTINCT due.branch), max(due.id)
    INTO pages, keys, branches, worked_to FROM due;
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
    IF branches <> '{NULL}' THEN
        pages := pages || ARRAY(
            SELECT page.id FROM unnest(branches) AS branch JOIN wagtailcore_page page ON page.path LIKE branch || '%'
        );
    END IF;
    PERFORM content_list(ARRAY(SELECT DISTINCT unnest(pages)));
    RETURN NULL;
END $$;
"""
# As it was, without the trigger and the table around it.
_before = import_module("content.migrations.0002_listing").QUEUE
BEFORE = "CREATE OR REPLACE" + _before[_before.index(" FUNCTION content_work_off_queue") : _before.index("-- Deferred:")]


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0004_search'),
    ]

    operations = [
        migrations.RunSQL(WORK_OFF, BEFORE),
    ]
