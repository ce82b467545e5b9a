"""The entries of listings, and the triggers that keep them true.

How it works, and how to change it, is told in docs/listing.md. In short: a change to anything that decides
where an item is listed puts a row into a queue; at the end of the transaction, what is in the queue is worked
off in one go, behind a lock that all such transactions take last. So nobody waits for anybody in the middle of
a transaction, and of two that change the same thing the later one sees what the earlier one did.

Functions hold their statements as text, and decide themselves what is a change, so that nothing here stands
in the way of later migrations of Wagtail's tables.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

DEFINITION = """
-- What the entries of some items are to be.
CREATE FUNCTION content_listing(items integer[])
RETURNS TABLE (page_id integer, item_id integer, locale_id integer, kind varchar, published_on date, expire_at timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT place.id, item.id, item.locale_id, content.kind, content.published_on, item.expire_at
    FROM content_contentitem content
    JOIN wagtailcore_page item ON item.id = content.page_ptr_id
    CROSS JOIN LATERAL (
        SELECT 0 AS id  -- the whole site
        UNION
        -- The topics it is about, and those above them. What is chosen stays on the original when an item is
        -- translated, so topics are compared by what they are translations of.
        SELECT above.id
        FROM (
            SELECT content.primary_topic_id AS id
            UNION ALL
            SELECT further.topicpage_id FROM content_contentitem_further_topics further
            WHERE further.contentitem_id = content.page_ptr_id
        ) AS chosen
        JOIN wagtailcore_page original ON original.id = chosen.id
        JOIN wagtailcore_page version ON version.translation_key = original.translation_key
        JOIN topics_topicpage ON topics_topicpage.page_ptr_id = version.id
        JOIN wagtailcore_page above ON above.path IN (
            SELECT left(version.path, 4 * step) FROM generate_series(1, length(version.path) / 4) AS step
        )
        JOIN topics_topicpage topic ON topic.page_ptr_id = above.id
        WHERE above.locale_id = item.locale_id
        UNION
        SELECT version.id
        FROM content_contentitem_programs chosen
        JOIN wagtailcore_page original ON original.id = chosen.programpage_id
        JOIN wagtailcore_page version ON version.translation_key = original.translation_key
        JOIN topics_programpage ON topics_programpage.page_ptr_id = version.id
        WHERE chosen.contentitem_id = content.page_ptr_id AND version.locale_id = item.locale_id
        UNION
        SELECT version.id
        FROM (
            SELECT person_id AS id FROM content_itemauthor WHERE content_itemauthor.item_id = content.page_ptr_id
            UNION ALL
            SELECT person_id FROM content_eventspeaker WHERE event_id = content.page_ptr_id
        ) AS chosen
        JOIN wagtailcore_page original ON original.id = chosen.id
        JOIN wagtailcore_page version ON version.translation_key = original.translation_key
        JOIN topics_personpage ON topics_personpage.page_ptr_id = version.id
        WHERE version.locale_id = item.locale_id
    ) AS place
    WHERE content.page_ptr_id = ANY(items)
        AND item.live AND item.alias_of_id IS NULL
        AND NOT EXISTS (
            SELECT FROM wagtailcore_pageviewrestriction restriction
            JOIN wagtailcore_page closed ON closed.id = restriction.page_id
            WHERE starts_with(item.path, closed.path)
        )
$$;

-- Make the entries of some items what they are to be.
CREATE FUNCTION content_list(items integer[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM content_entry entry USING (
        SELECT page_id, item_id, locale_id, kind, published_on, expire_at
        FROM content_entry WHERE item_id = ANY(items)
        EXCEPT SELECT * FROM content_listing(items)
    ) AS old
    WHERE entry.page_id = old.page_id AND entry.item_id = old.item_id;
    INSERT INTO content_entry (page_id, item_id, locale_id, kind, published_on, expire_at)
        SELECT * FROM content_listing(items)
        EXCEPT SELECT page_id, item_id, locale_id, kind, published_on, expire_at
        FROM content_entry WHERE item_id = ANY(items);
END $$;
"""

QUEUE = """
-- What a transaction has changed. A page: of an item, or one that lists items. A key: of pages that are, or
-- were, translations of one another. A branch: the path of a part of the tree that was closed or opened.
CREATE TABLE content_entryqueue (
    id bigint GENERATED ALWAYS AS IDENTITY, page_id integer, translation_key uuid, branch varchar
);

CREATE FUNCTION content_work_off_queue() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    pages integer[];
    keys uuid[];
    branches varchar[];
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
    PERFORM content_list(ARRAY(
        SELECT unnest(pages)
        UNION
        SELECT content.page_ptr_id FROM wagtailcore_page page
        JOIN content_contentitem content ON content.primary_topic_id = page.id
        WHERE page.translation_key = ANY(keys)
        UNION
        SELECT further.contentitem_id FROM wagtailcore_page page
        JOIN content_contentitem_further_topics further ON further.topicpage_id = page.id
        WHERE page.translation_key = ANY(keys)
        UNION
        SELECT chosen.contentitem_id FROM wagtailcore_page page
        JOIN content_contentitem_programs chosen ON chosen.programpage_id = page.id
        WHERE page.translation_key = ANY(keys)
        UNION
        SELECT author.item_id FROM wagtailcore_page page
        JOIN content_itemauthor author ON author.person_id = page.id
        WHERE page.translation_key = ANY(keys)
        UNION
        SELECT speaker.event_id FROM wagtailcore_page page
        JOIN content_eventspeaker speaker ON speaker.person_id = page.id
        WHERE page.translation_key = ANY(keys)
        UNION
        SELECT page.id FROM unnest(branches) AS branch
        JOIN wagtailcore_page page ON page.path LIKE branch || '%'
    ));
    RETURN NULL;
END $$;

-- Deferred: at the end of the transaction, when all that it does has been done.
CREATE CONSTRAINT TRIGGER content_entries_follow AFTER INSERT ON content_entryqueue
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION content_work_off_queue();
"""

CHANGES = """
CREATE FUNCTION content_queue_page() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND
        (OLD.live, OLD.expire_at, OLD.path, OLD.locale_id, OLD.alias_of_id, OLD.translation_key)
        IS NOT DISTINCT FROM
        (NEW.live, NEW.expire_at, NEW.path, NEW.locale_id, NEW.alias_of_id, NEW.translation_key)
    THEN
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO content_entryqueue (page_id) VALUES (NEW.id);
    ELSE
        INSERT INTO content_entryqueue (page_id, translation_key) VALUES (OLD.id, OLD.translation_key);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER content_queue_page AFTER INSERT OR UPDATE OR DELETE ON wagtailcore_page
    FOR EACH ROW EXECUTE FUNCTION content_queue_page();

CREATE FUNCTION content_queue_item() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR (OLD.kind, OLD.published_on, OLD.primary_topic_id)
        IS DISTINCT FROM (NEW.kind, NEW.published_on, NEW.primary_topic_id)
    THEN
        INSERT INTO content_entryqueue (page_id) VALUES (NEW.page_ptr_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER content_queue_item AFTER INSERT OR UPDATE ON content_contentitem
    FOR EACH ROW EXECUTE FUNCTION content_queue_item();

-- A row that names a page, in the column that the trigger tells.
CREATE FUNCTION content_queue_named() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO content_entryqueue (page_id) VALUES ((to_jsonb(OLD) ->> TG_ARGV[0])::integer);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO content_entryqueue (page_id) VALUES ((to_jsonb(NEW) ->> TG_ARGV[0])::integer);
    END IF;
    RETURN NULL;
END $$;
"""

NAMED = """
CREATE TRIGGER content_queue_named AFTER {events} ON {table}
    FOR EACH ROW EXECUTE FUNCTION content_queue_named({column});
"""
NAMING = [
    ("content_contentitem_further_topics", "contentitem_id", "INSERT OR UPDATE OR DELETE"),
    ("content_contentitem_programs", "contentitem_id", "INSERT OR UPDATE OR DELETE"),
    ("content_itemauthor", "item_id", "INSERT OR UPDATE OR DELETE"),
    ("content_eventspeaker", "event_id", "INSERT OR UPDATE OR DELETE"),
    # A page becomes a topic by its second row. It ends to be one together with its first.
    ("topics_topicpage", "page_ptr_id", "INSERT"),
    ("topics_programpage", "page_ptr_id", "INSERT"),
    ("topics_personpage", "page_ptr_id", "INSERT"),
]

RESTRICTIONS = """
CREATE FUNCTION content_queue_branch() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO content_entryqueue (branch)
        SELECT path FROM wagtailcore_page
        WHERE (TG_OP <> 'INSERT' AND id = OLD.page_id) OR (TG_OP <> 'DELETE' AND id = NEW.page_id);
    RETURN NULL;
END $$;
CREATE TRIGGER content_queue_branch AFTER INSERT OR UPDATE OR DELETE ON wagtailcore_pageviewrestriction
    FOR EACH ROW EXECUTE FUNCTION content_queue_branch();
"""

COUNTS = """
CREATE FUNCTION content_count() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO content_entrycount AS kept (page_id, locale_id, kind, year, number)
        SELECT page_id, locale_id, kind, extract(year FROM published_on), TG_ARGV[0]::integer * count(*)
        FROM changed GROUP BY 1, 2, 3, 4
        ON CONFLICT (page_id, locale_id, kind, year) DO UPDATE SET number = kept.number + excluded.number;
    DELETE FROM content_entrycount WHERE number = 0 AND page_id IN (SELECT page_id FROM changed);
    RETURN NULL;
END $$;
CREATE TRIGGER content_count_come AFTER INSERT ON content_entry REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION content_count('1');
CREATE TRIGGER content_count_gone AFTER DELETE ON content_entry REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION content_count('-1');
"""

LIST_ALL = "SELECT content_list(ARRAY(SELECT page_ptr_id FROM content_contentitem))"

UNDO = """
DROP TABLE content_entryqueue;
DROP FUNCTION content_count, content_queue_branch, content_queue_named, content_queue_item, content_queue_page,
    content_work_off_queue, content_list, content_listing CASCADE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0001_initial'),
        ('topics', '0001_initial'),
        ('wagtailcore', '0098_apitoken'),
        migrations.swappable_dependency(settings.WAGTAIL_PAGE_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='EntryCount',
            fields=[
                ('pk', models.CompositePrimaryKey('page_id', 'locale_id', 'kind', 'year', blank=True, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('voices', 'Voices'), ('event', 'Event'), ('publication', 'Publication')], max_length=12)),
                ('year', models.SmallIntegerField()),
                ('number', models.IntegerField()),
                ('locale', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='wagtailcore.locale')),
                ('page', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.WAGTAIL_PAGE_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('pk', models.CompositePrimaryKey('page_id', 'item_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('voices', 'Voices'), ('event', 'Event'), ('publication', 'Publication')], max_length=12)),
                ('published_on', models.DateField()),
                ('expire_at', models.DateTimeField(null=True)),
                ('item', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='content.contentitem')),
                ('locale', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='wagtailcore.locale')),
                ('page', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='entries', to=settings.WAGTAIL_PAGE_MODEL)),
            ],
            options={
                'verbose_name_plural': 'entries',
                'indexes': [models.Index(fields=['page', 'locale', 'published_on', 'item'], name='entry_by_day'), models.Index(fields=['page', 'locale', 'kind', 'published_on', 'item'], name='entry_by_kind'), models.Index(condition=models.Q(('expire_at__isnull', False)), fields=['page', 'expire_at'], name='entry_that_expires')],
            },
        ),
        migrations.RunSQL(
            [
                DEFINITION,
                QUEUE,
                CHANGES,
                *(NAMED.format(events=events, table=table, column=column) for table, column, events in NAMING),
                RESTRICTIONS,
                COUNTS,
                LIST_ALL,
            ],
            UNDO,
        ),
    ]
