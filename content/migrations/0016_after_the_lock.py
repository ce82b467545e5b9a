"""What two transactions change at once is listed as both of them leave it.

Where something was restricted, its trigger noted the path that it had then. Who moved it meanwhile did not see the
restriction, and who restricted it not the new path: it stayed in listings and in search. Now what was changed is noted,
and which pages that concerns is found out behind the lock, where the later one sees what the earlier one did.

As before, functions decide themselves what is a change.
"""

from importlib import import_module

from django.db import migrations

before = import_module("content.migrations.0012_quick_import").before

LISTING = """
-- restricted_id: a page that was restricted, or is no more, with all that lies below it.
ALTER TABLE content_entryqueue DROP COLUMN branch, ADD COLUMN restricted_id integer;

-- Have all transactions that change what is listed or searched come to their end one after the other. Where a transaction
-- sees nothing but what was there at its begin, it would not see what the one before it did.
CREATE FUNCTION content_take_turns() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RAISE EXCEPTION 'Listings and search follow changes in transactions that are READ COMMITTED, not in this one.'
            USING ERRCODE = 'feature_not_supported', HINT = 'docs/listing.md tells why.';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('content_entryqueue'));
END $$;

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
"""
LISTING_BEFORE = f"""
ALTER TABLE content_entryqueue DROP COLUMN restricted_id, ADD COLUMN branch varchar;
{before("0002_listing", "RESTRICTIONS", "content_queue_branch")}
{import_module("content.migrations.0005_quick_queue").WORK_OFF}
DROP FUNCTION content_take_turns;
"""

SEARCH = """
-- What was changed, for pages to be found by. renamed_id: a page, perhaps of a person, with the items that credit it.
-- (A tag and a language need none: as their names are unique, whoever takes one up waits for who renames it.)
ALTER TABLE content_searchqueue
    ADD COLUMN renamed_id integer, ADD COLUMN document_id integer, ADD COLUMN folder_id integer;

CREATE OR REPLACE FUNCTION content_work_off_searchqueue() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    pages integer[];
    renamed integer[];
    documents integer[];
    folders integer[];
    worked_to bigint;
BEGIN
    IF NEW.id <= coalesce(nullif(current_setting('content.indexed_to', true), ''), '0')::bigint THEN
        RETURN NULL;
    END IF;
    PERFORM content_take_turns();
    WITH due AS (DELETE FROM content_searchqueue RETURNING *)
    SELECT array_agg(DISTINCT due.page_id), array_agg(DISTINCT due.renamed_id),
        array_agg(DISTINCT due.document_id), array_agg(DISTINCT due.folder_id), max(due.id)
    INTO pages, renamed, documents, folders, worked_to FROM due;
    PERFORM set_config('content.indexed_to', worked_to::text, true);
    IF renamed <> '{NULL}' THEN
        pages := pages || ARRAY(
            SELECT item_id FROM content_itemauthor WHERE person_id = ANY(renamed)
            UNION SELECT event_id FROM content_eventspeaker WHERE person_id = ANY(renamed)
        );
    END IF;
    IF folders <> '{NULL}' THEN  -- with what lies below them now
        documents := documents || ARRAY(
            SELECT document.id FROM wagtailcore_collection changed
            JOIN wagtailcore_collection folder ON starts_with(folder.path, changed.path)
            JOIN harmhub_customdocument document ON document.collection_id = folder.id
            WHERE changed.id = ANY(folders)
        );
    END IF;
    IF documents <> '{NULL}' THEN
        pages := pages || ARRAY(SELECT publication_id FROM content_publicationfile WHERE document_id = ANY(documents));
    END IF;
    PERFORM content_index(ARRAY(SELECT DISTINCT unnest(pages)));
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION content_page_said() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO content_searchqueue (page_id) VALUES (OLD.id);
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO content_searchqueue (page_id) VALUES (NEW.id);
    ELSIF (OLD.title, OLD.locale_id) IS DISTINCT FROM (NEW.title, NEW.locale_id) THEN
        INSERT INTO content_searchqueue (page_id, renamed_id) VALUES (NEW.id, NEW.id);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION content_file_said() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD IS DISTINCT FROM NEW THEN
        INSERT INTO content_searchqueue (document_id)
            SELECT DISTINCT (side ->> TG_ARGV[0])::integer
            FROM unnest(ARRAY[to_jsonb(OLD), to_jsonb(NEW)]) AS side WHERE side IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;

-- A folder of files that was closed, opened or moved. Its name is in no text, and how many folders lie in it changes
-- with each that is made.
CREATE OR REPLACE FUNCTION content_folder_said() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    unsaid text[] := ARRAY['name', 'numchild'];
BEGIN
    IF to_jsonb(OLD) - unsaid = to_jsonb(NEW) - unsaid THEN
        RETURN NULL;
    END IF;
    INSERT INTO content_searchqueue (folder_id)
        SELECT DISTINCT (side ->> TG_ARGV[0])::integer
        FROM unnest(ARRAY[to_jsonb(OLD), to_jsonb(NEW)]) AS side WHERE side IS NOT NULL;
    RETURN NULL;
END $$;
"""
_said = ("content_page_said", "content_file_said", "content_folder_said")
SEARCH_BEFORE = "".join([
    """
ALTER TABLE content_searchqueue DROP COLUMN renamed_id, DROP COLUMN document_id, DROP COLUMN folder_id;
""",
    before("0004_search", "QUEUE", "content_work_off_searchqueue"),
    *(before("0004_search", "CHANGES", function) for function in _said),
])
TEXTS = r"""
-- A text whose letters and marks stand together where they can (é is one letter), as search asks for them.
CREATE FUNCTION content_composed(said text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    -- To look takes a quarter of the time of doing it.
    SELECT CASE WHEN said IS NFC NORMALIZED THEN said ELSE normalize(said, NFC) END
$$;

-- The words in capitals that a language drops, of two letters or more, as they stand. None is longer than 40 letters;
-- of more than 2,046 bytes, a sequence of genes for example, PostgreSQL can keep none.
CREATE OR REPLACE FUNCTION content_capitals(stemming regconfig, said text) RETURNS tsvector
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(format('''=%s'':1', word), ' ' ORDER BY word), '')::tsvector
    FROM (SELECT DISTINCT part[1] AS word FROM regexp_matches(said, '\m[[:upper:]]{2,40}\M', 'g') AS part) AS capitals
    WHERE to_tsvector(stemming, word) = ''
$$;

-- All words that a language drops, in small letters.
CREATE OR REPLACE FUNCTION content_dropped(stemming regconfig, said text) RETURNS tsvector
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(format('''=%s'':1', word), ' ' ORDER BY word), '')::tsvector
    FROM (
        SELECT DISTINCT lower(part[1]) AS word
        FROM regexp_matches(content_composed(said), '[[:alpha:]]+', 'g') AS part
    ) AS words
    WHERE length(word) <= 40 AND to_tsvector(stemming, word) = ''
$$;

-- Neither a slash nor a sign of less stands within a word: PostgreSQL takes the one for the name of a file, the other
-- for the begin of a tag, whose words it leaves out.
CREATE OR REPLACE FUNCTION content_parsed(stemming regconfig, said text) RETURNS tsvector
LANGUAGE sql IMMUTABLE AS $$
    SELECT to_tsvector(stemming, translate(composed, '/<', '  ')) || content_capitals(stemming, composed)
    FROM content_composed(said) AS composed
$$;

-- HTML as plain text.
CREATE OR REPLACE FUNCTION content_plain(html text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT replace(replace(replace(replace(replace(replace(
        regexp_replace(html, '<(/?[[:alpha:]]|!)[^>]*>', ' ', 'g'),
        '&nbsp;', ' '), '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#x27;', ''''), '&amp;', '&')
$$;

-- What is written in the blocks of a stream, as plain text: only running text, and the text of notes, is HTML. Not what
-- is written of pictures and files: they may be for some people only.
CREATE OR REPLACE FUNCTION content_written(stream jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET plan_cache_mode = auto AS $$
    SELECT string_agg(
        CASE WHEN block ->> 'type' = 'text' OR block ->> 'type' = 'callout' AND found = block -> 'value' -> 'text'
        THEN content_plain(found #>> '{}') ELSE found #>> '{}' END, ' '
    )
    FROM jsonb_path_query(stream, 'strict $[*] ? (@.type != "figure" && @.type != "download")', '{}', true) AS block,
        jsonb_path_query(block, 'strict $.value.** ? (@.type() == "string")', '{}', true) AS found
$$;
"""
_texts = before("0004_search", "TEXTS", "content_texts")
_body = """content_plain(concat_ws(
                ' ', content_written(item.body), content_written(info.body), content_written(publication.key_findings),
                event.transcript, topic.learn_more, topic.grant_seekers
            )),"""
BODY = _texts.replace(
    _body,
    """content_written(item.body), content_written(info.body), content_written(publication.key_findings),
            content_plain(concat_ws(' ', event.transcript, topic.learn_more, topic.grant_seekers)),""",
)
TEXTS_BEFORE = "".join([
    *(before("0014_capitals", "CAPITALS", name) for name in ("content_capitals", "content_dropped", "content_parsed")),
    *(before("0004_search", "TEXTS", name) for name in ("content_plain", "content_written")),
    "ALTER FUNCTION content_written SET plan_cache_mode = auto;",
    _texts,
    "DROP FUNCTION content_composed;",
])
INDEX_ALL = "SELECT content_index(ARRAY(SELECT id FROM wagtailcore_page))"


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0015_near'),
    ]

    operations = [
        migrations.RunSQL(LISTING, LISTING_BEFORE),
        migrations.RunSQL(SEARCH, SEARCH_BEFORE),
        migrations.RunSQL([TEXTS, BODY, INDEX_ALL], [TEXTS_BEFORE, INDEX_ALL]),
    ]
