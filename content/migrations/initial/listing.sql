-- The entries of listings, their numbers, and the triggers that keep them true.
--
-- How it works, and how to change it, is told in docs/listing.md. In short: a change to anything that decides where an
-- item is listed puts a row into a queue; at the end of the transaction, what is in the queue is worked off in one go,
-- behind a lock that all such transactions take last. So nobody waits for anybody in the middle of a transaction, and of
-- two that change the same thing the later one sees what the earlier one did.
--
-- Functions hold their statements as text, and decide themselves what is a change, so that nothing here stands in the
-- way of later migrations of Wagtail's tables.
--
-- Run once, by 0001_initial: whoever changes a function replaces it in a new migration, with its SET clause.

-- What the entries of some items are to be. Where items are listed is found out once for each page they are filed under:
-- there are few of those, so the time of an import grows with its size, and not with the square of it.
CREATE FUNCTION content_listing(items integer[])
RETURNS TABLE (page_id integer, item_id integer, locale_id integer, kind varchar, published_on date, expire_at timestamptz)
LANGUAGE sql STABLE AS $$
    WITH closed AS MATERIALIZED (
        SELECT page.path FROM wagtailcore_pageviewrestriction restriction
        JOIN wagtailcore_page page ON page.id = restriction.page_id
    ), item AS MATERIALIZED (
        SELECT page.id, page.locale_id, content.kind, content.published_on, page.expire_at, content.primary_topic_id
        FROM unnest(items) AS asked (id)
        JOIN content_contentitem content ON content.page_ptr_id = asked.id
        JOIN wagtailcore_page page ON page.id = asked.id
        WHERE page.live AND page.alias_of_id IS NULL
            AND NOT EXISTS (SELECT FROM closed WHERE starts_with(page.path, closed.path))
    ), filed AS MATERIALIZED (
        -- The pages that editors chose for each.
        SELECT item.*, item.primary_topic_id AS chosen FROM item
        UNION ALL
        SELECT item.*, further.topicpage_id
        FROM item JOIN content_contentitem_further_topics further ON further.contentitem_id = item.id
        UNION ALL
        SELECT item.*, program.programpage_id
        FROM item JOIN content_contentitem_programs program ON program.contentitem_id = item.id
        UNION ALL
        SELECT item.*, author.person_id FROM item JOIN content_itemauthor author ON author.item_id = item.id
        UNION ALL
        SELECT item.*, speaker.person_id FROM item JOIN content_eventspeaker speaker ON speaker.event_id = item.id
    ), version AS MATERIALIZED (
        -- What is chosen stays on the original when an item is translated, so pages are compared by what they
        -- are translations of.
        SELECT original.id AS chosen, page.id, page.locale_id, page.path
        FROM wagtailcore_page original JOIN wagtailcore_page page ON page.translation_key = original.translation_key
        WHERE original.id IN (SELECT filed.chosen FROM filed)
    ), place AS MATERIALIZED (
        -- A topic, and those above it.
        SELECT version.chosen, above.id, above.locale_id
        FROM version
        JOIN topics_topicpage ON topics_topicpage.page_ptr_id = version.id
        JOIN wagtailcore_page above ON above.path = ANY(ARRAY(
            SELECT left(version.path, 4 * step) FROM generate_series(1, length(version.path) / 4) AS step
        ))
        JOIN topics_topicpage topic ON topic.page_ptr_id = above.id
        UNION
        SELECT version.chosen, version.id, version.locale_id
        FROM version JOIN topics_programpage ON topics_programpage.page_ptr_id = version.id
        UNION
        SELECT version.chosen, version.id, version.locale_id
        FROM version JOIN topics_personpage ON topics_personpage.page_ptr_id = version.id
    )
    SELECT 0 /* the whole site */, id, locale_id, kind, published_on, expire_at FROM item
    UNION
    SELECT place.id, filed.id, filed.locale_id, filed.kind, filed.published_on, filed.expire_at
    FROM filed JOIN place ON place.chosen = filed.chosen AND place.locale_id = filed.locale_id
$$;

-- Make the entries of some items what they are to be. Of many, PostgreSQL plans anew: it would keep a plan from the time
-- when its tables were nearly empty, and reading them from end to end cost nothing. To plan takes some milliseconds,
-- which one item is not worth.
CREATE FUNCTION content_list(items integer[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config(
        'plan_cache_mode', CASE WHEN cardinality(items) > 100 THEN 'force_custom_plan' ELSE 'auto' END, true
    );
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
    PERFORM content_list_facets(items);
END $$;

-- What a transaction has changed. page_id: an item, or a page that lists items. translation_key: pages that are, or were,
-- translations of one another. restricted_id: a page that was restricted, or is no more, with all that lies below it.
CREATE TABLE content_entryqueue (
    id bigint GENERATED ALWAYS AS IDENTITY, page_id integer, translation_key uuid, restricted_id integer
);

-- Have all transactions that change what is listed or searched come to their end one after the other. Where one sees
-- nothing but what was there at its begin, it would not see what the one before it did.
CREATE FUNCTION content_take_turns() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RAISE EXCEPTION 'Listings and search follow changes in transactions that are READ COMMITTED, not in this one.'
            USING ERRCODE = 'feature_not_supported', HINT = 'docs/listing.md tells why.';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('content_entryqueue'));
END $$;

-- Make the entries of what a transaction has changed what they are to be. Most pages that change are named by no item: only
-- topics, programs and people are. To find out that nothing refers to a new article, PostgreSQL would read all items where
-- most have the same topic. So it is asked first which of the pages can be named at all.
CREATE FUNCTION content_work_off_queue() RETURNS trigger
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
    PERFORM content_take_turns();
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

-- Deferred: at the end of the transaction, when all that it does has been done.
CREATE CONSTRAINT TRIGGER content_entries_follow AFTER INSERT ON content_entryqueue
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION content_work_off_queue();

-- Triggers note what was changed, never what follows from it: that is asked behind the lock.
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
CREATE TRIGGER content_queue_named AFTER INSERT OR UPDATE OR DELETE ON content_contentitem_further_topics
    FOR EACH ROW EXECUTE FUNCTION content_queue_named(contentitem_id);
CREATE TRIGGER content_queue_named AFTER INSERT OR UPDATE OR DELETE ON content_contentitem_programs
    FOR EACH ROW EXECUTE FUNCTION content_queue_named(contentitem_id);
CREATE TRIGGER content_queue_named AFTER INSERT OR UPDATE OR DELETE ON content_itemauthor
    FOR EACH ROW EXECUTE FUNCTION content_queue_named(item_id);
CREATE TRIGGER content_queue_named AFTER INSERT OR UPDATE OR DELETE ON content_eventspeaker
    FOR EACH ROW EXECUTE FUNCTION content_queue_named(event_id);
CREATE TRIGGER content_queue_named AFTER INSERT OR UPDATE OR DELETE ON content_itemtag
    FOR EACH ROW EXECUTE FUNCTION content_queue_named(content_object_id);
-- A page becomes a topic by its second row. It ends to be one together with its first.
CREATE TRIGGER content_queue_named AFTER INSERT ON topics_topicpage
    FOR EACH ROW EXECUTE FUNCTION content_queue_named(page_ptr_id);
CREATE TRIGGER content_queue_named AFTER INSERT ON topics_programpage
    FOR EACH ROW EXECUTE FUNCTION content_queue_named(page_ptr_id);
CREATE TRIGGER content_queue_named AFTER INSERT ON topics_personpage
    FOR EACH ROW EXECUTE FUNCTION content_queue_named(page_ptr_id);

-- A restriction of a page: it concerns all that lies below.
CREATE FUNCTION content_queue_branch() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO content_entryqueue (restricted_id)
        SELECT DISTINCT page FROM unnest(ARRAY[OLD.page_id, NEW.page_id]) AS page WHERE page IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER content_queue_branch AFTER INSERT OR UPDATE OR DELETE ON wagtailcore_pageviewrestriction
    FOR EACH ROW EXECUTE FUNCTION content_queue_branch();

-- Entries that come ('1') or go ('-1') are counted by page, language, kind and year.
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
