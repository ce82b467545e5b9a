-- The words that search looks through, and the triggers that keep them true.
--
-- How it works is told in docs/search.md. As for the entries of listings, what a transaction has changed is put into a
-- queue and worked off at its end, behind the same lock; and functions decide themselves what is a change.
--
-- Run once, by 0001_initial: whoever changes a function replaces it in a new migration, with its SET clause.

-- PostgreSQL's languages, and words without accents found by words with them, and the other way round.
DO $$
DECLARE
    language text;
BEGIN
    FOR language IN
        SELECT cfgname FROM pg_ts_config WHERE cfgnamespace = 'pg_catalog'::regnamespace
    LOOP
        EXECUTE format('CREATE TEXT SEARCH CONFIGURATION %I (COPY = pg_catalog.%I)', 'harmhub_' || language, language);
        EXECUTE format(
            'ALTER TEXT SEARCH CONFIGURATION %I ALTER MAPPING FOR word, hword, hword_part WITH unaccent, %I',
            'harmhub_' || language, CASE language WHEN 'simple' THEN 'simple' ELSE language || '_stem' END
        );
    END LOOP;
END $$;

-- How words of a language (an ISO 639 code, perhaps with a region) are stemmed; not at all where nobody knows.
-- Only a migration changes the answer, and it must be known when a search is planned: hence immutable.
CREATE FUNCTION content_stemming(language text) RETURNS regconfig
LANGUAGE sql IMMUTABLE SET plan_cache_mode = auto AS $$
    SELECT coalesce((
        SELECT config.oid::regconfig
        FROM (VALUES
            ('ar', 'arabic'), ('hy', 'armenian'), ('eu', 'basque'), ('ca', 'catalan'), ('da', 'danish'),
            ('nl', 'dutch'), ('en', 'english'), ('et', 'estonian'), ('fi', 'finnish'), ('fr', 'french'),
            ('de', 'german'), ('el', 'greek'), ('hi', 'hindi'), ('hu', 'hungarian'), ('id', 'indonesian'),
            ('ga', 'irish'), ('it', 'italian'), ('lt', 'lithuanian'), ('ne', 'nepali'), ('nb', 'norwegian'),
            ('nn', 'norwegian'), ('no', 'norwegian'), ('pt', 'portuguese'), ('ro', 'romanian'),
            ('ru', 'russian'), ('sr', 'serbian'), ('es', 'spanish'), ('sv', 'swedish'), ('ta', 'tamil'),
            ('tr', 'turkish'), ('yi', 'yiddish')
        ) AS known (code, name)
        JOIN pg_ts_config config ON config.cfgname = 'harmhub_' || known.name
        WHERE known.code = split_part(lower(language), '-', 1)
        LIMIT 1
    ), 'harmhub_simple'::regconfig)
$$;

-- Texts, and the words in them

-- A text as search asks for it: without soft hyphens, its letters and marks together where they can be (é is one
-- letter).
CREATE FUNCTION content_composed(said text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    -- To look takes a quarter of the time of doing it.
    SELECT CASE WHEN whole IS NFC NORMALIZED THEN whole ELSE normalize(whole, NFC) END
    FROM replace(said, U&'\00AD', '') AS whole
$$;

-- HTML as plain text.
CREATE FUNCTION content_plain(html text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT replace(replace(replace(replace(replace(replace(
        regexp_replace(html, '<(/?[[:alpha:]]|!)[^>]*>', ' ', 'g'),
        '&nbsp;', ' '), '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#x27;', ''''), '&amp;', '&')
$$;

-- What is written in the blocks of a stream, as plain text: only running text, and the text of notes, is HTML. Not what
-- is written of pictures and files: they may be for some people only.
CREATE FUNCTION content_written(stream jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET plan_cache_mode = auto AS $$
    SELECT string_agg(
        CASE WHEN block ->> 'type' = 'text' OR block ->> 'type' = 'callout' AND found = block -> 'value' -> 'text'
        THEN content_plain(found #>> '{}') ELSE found #>> '{}' END, ' '
    )
    FROM jsonb_path_query(stream, 'strict $[*] ? (@.type != "figure" && @.type != "download")', '{}', true) AS block,
        jsonb_path_query(block, 'strict $.value.** ? (@.type() == "string")', '{}', true) AS found
$$;

-- What some pages say. names: of those who made it, and its tags.
CREATE FUNCTION content_texts(pages integer[])
RETURNS TABLE (page_id integer, is_item boolean, locale_id integer, stemming regconfig, title text, summary text, names text, body text)
LANGUAGE sql STABLE AS $$
    SELECT page.id, item.page_ptr_id IS NOT NULL, page.locale_id, content_stemming(locale.language_code), page.title,
        concat_ws(
            ' ', item.summary, voices.standfirst, topic.introduction, program.tagline, program.purpose, person.role,
            info.introduction, topics.introduction, programs.introduction, people.introduction,
            all_voices.introduction, all_events.introduction, all_publications.introduction
        ),
        concat_ws(
            ' ',
            (
                -- In an order, here as below: places of words are kept, too.
                SELECT string_agg(coalesce(author.title, name), ' ' ORDER BY part, sort_order, credit.id) FROM (
                    SELECT 1 AS part, id, sort_order, person_id, name FROM content_itemauthor WHERE item_id = page.id
                    UNION ALL
                    SELECT 2, id, sort_order, person_id, name FROM content_eventspeaker WHERE event_id = page.id
                ) AS credit
                LEFT JOIN wagtailcore_page author ON author.id = credit.person_id
            ),
            (
                SELECT string_agg(tag.name, ' ' ORDER BY tag.name) FROM content_itemtag tagged JOIN taggit_tag tag ON tag.id = tagged.tag_id
                WHERE tagged.content_object_id = page.id
            )
        ),
        concat_ws(
            ' ', voices.kicker,
            content_written(item.body), content_written(info.body), content_written(publication.key_findings),
            content_plain(concat_ws(' ', event.transcript, topic.learn_more, topic.grant_seekers)),
            publication.isbn, publication.doi, event.place, event.town, event.access_notes,
            program.office, person.office, person.biography
        )
    FROM wagtailcore_page page
    JOIN wagtailcore_locale locale ON locale.id = page.locale_id
    LEFT JOIN content_contentitem item ON item.page_ptr_id = page.id
    LEFT JOIN content_voicespage voices ON voices.contentitem_ptr_id = page.id
    LEFT JOIN content_eventpage event ON event.contentitem_ptr_id = page.id
    LEFT JOIN content_publicationpage publication ON publication.contentitem_ptr_id = page.id
    LEFT JOIN content_infopage info ON info.page_ptr_id = page.id
    LEFT JOIN content_voicesindexpage all_voices ON all_voices.page_ptr_id = page.id
    LEFT JOIN content_eventindexpage all_events ON all_events.page_ptr_id = page.id
    LEFT JOIN content_publicationindexpage all_publications ON all_publications.page_ptr_id = page.id
    LEFT JOIN topics_topicpage topic ON topic.page_ptr_id = page.id
    LEFT JOIN topics_topicindexpage topics ON topics.page_ptr_id = page.id
    LEFT JOIN topics_programpage program ON program.page_ptr_id = page.id
    LEFT JOIN topics_programindexpage programs ON programs.page_ptr_id = page.id
    LEFT JOIN topics_personpage person ON person.page_ptr_id = page.id
    LEFT JOIN topics_personindexpage people ON people.page_ptr_id = page.id
    WHERE page.id = ANY(pages) AND page.depth > 1
$$;

-- The words in capitals that a language drops, of two letters or more, as they stand. None is longer than 40 letters;
-- of more than 2,046 bytes, a sequence of genes for example, PostgreSQL can keep none.
CREATE FUNCTION content_capitals(stemming regconfig, said text) RETURNS tsvector
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(format('''=%s'':1', word), ' ' ORDER BY word), '')::tsvector
    FROM (SELECT DISTINCT part[1] AS word FROM regexp_matches(said, '\m[[:upper:]]{2,40}\M', 'g') AS part) AS capitals
    WHERE to_tsvector(stemming, word) = ''
$$;

-- All words that a language drops, in small letters.
CREATE FUNCTION content_dropped(stemming regconfig, said text) RETURNS tsvector
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
CREATE FUNCTION content_parsed(stemming regconfig, said text) RETURNS tsvector
LANGUAGE sql IMMUTABLE AS $$
    SELECT to_tsvector(stemming, translate(composed, '/<', '  ')) || content_capitals(stemming, composed)
    FROM content_composed(said) AS composed
$$;

CREATE AGGREGATE content_all_words(tsvector) (sfunc = tsvector_concat, stype = tsvector, initcond = '');

-- The words of the files of a publication that everybody may have: of the first few, each in its language.
CREATE FUNCTION content_words_of_files(publication integer) RETURNS tsvector
LANGUAGE sql STABLE AS $$
    SELECT content_all_words(content_parsed(content_stemming(file.language), left(file.text, 100000)) ORDER BY file.sort_order, file.id)
    FROM (
        SELECT row.id, row.language, row.sort_order, said.text
        FROM content_publicationfile row
        JOIN harmhub_customdocument document ON document.id = row.document_id
        JOIN wagtailcore_collection folder ON folder.id = document.collection_id
        JOIN harmhub_documenttext said ON said.document_id = document.id
        WHERE row.publication_id = publication AND NOT EXISTS (
            SELECT FROM wagtailcore_collectionviewrestriction restriction
            JOIN wagtailcore_collection closed ON closed.id = restriction.collection_id
            WHERE starts_with(folder.path, closed.path)
        )
        ORDER BY row.sort_order, row.id LIMIT 5
    ) AS file
$$;

-- All words of a page, each part with its weight: title > summary and names > body > files.
CREATE FUNCTION content_words(page integer, stemming regconfig, title text, summary text, names text, body text) RETURNS tsvector
LANGUAGE plpgsql STABLE SET plan_cache_mode = auto AS $$
DECLARE
    own tsvector;
BEGIN
    own := setweight(content_parsed(stemming, title), 'A') || setweight(content_dropped(stemming, title), 'A');
    own := own || setweight(content_parsed(stemming, left(names || ' ' || summary, 20000)), 'B')
        || setweight(content_parsed(stemming, left(body, 100000)), 'C');
    RETURN own || setweight(content_words_of_files(page), 'D');
EXCEPTION WHEN program_limit_exceeded THEN  -- what holds no language, such as long tables of numbers
    RETURN own;
END $$;

-- What is asked for: all words that the language knows, and those in capitals that it drops; where it drops all,
-- the others in titles. Where several words are all in capitals, capitals say nothing.
CREATE FUNCTION content_asked(stemming regconfig, words text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    known tsquery := plainto_tsquery(stemming, words);
    is_shouted boolean := words = upper(words) AND words ~ '[[:alpha:]]\s+[[:alpha:]]';
    others tsquery;
BEGIN
    SELECT string_agg(format('''=%s''', CASE WHEN is_capital THEN word ELSE lower(word) END), ' & ')::tsquery INTO others
    FROM (
        SELECT part[1] AS word, part[1] ~ '^[[:upper:]]{2,}$' AND NOT is_shouted AS is_capital
        FROM regexp_matches(words, '\m[[:alpha:]]+\M', 'g') AS part
    ) AS asked
    WHERE (is_capital OR numnode(known) = 0) AND to_tsvector(stemming, word) = '';
    RETURN CASE WHEN others IS NULL THEN known WHEN numnode(known) = 0 THEN others ELSE known && others END;
END $$;

-- What search knows of some pages, made what it is to be; planned as content_list() is (listing.sql).
CREATE FUNCTION content_index(pages integer[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config(
        'plan_cache_mode', CASE WHEN cardinality(pages) > 100 THEN 'force_custom_plan' ELSE 'auto' END, true
    );
    DELETE FROM content_searchentry WHERE page_id = ANY(pages)
        AND NOT EXISTS (SELECT FROM wagtailcore_page WHERE id = page_id);
    WITH said AS MATERIALIZED (SELECT * FROM content_texts(pages)), entries AS (
        INSERT INTO content_searchentry AS kept (page_id, is_item, words)
            SELECT page_id, is_item, content_words(page_id, stemming, title, summary, names, body) FROM said
            ON CONFLICT (page_id) DO UPDATE SET is_item = excluded.is_item, words = excluded.words
            WHERE (kept.is_item, kept.words) IS DISTINCT FROM (excluded.is_item, excluded.words)
    )
    INSERT INTO content_searchword (locale_id, word)
        SELECT DISTINCT locale_id, lexeme
        FROM said, unnest(content_parsed('simple', left(concat_ws(' ', title, names, summary), 20000)))
        WHERE lexeme ~ '^[[:alpha:]]{4,40}$'
        ORDER BY 1, 2
        ON CONFLICT DO NOTHING;
END $$;

-- The queue

-- What was changed, for pages to be found by. renamed_id: a page, perhaps of a person, with the items that credit it.
-- (A tag and a language need none: as their names are unique, whoever takes one up waits for who renames it.)
CREATE TABLE content_searchqueue (
    id bigint GENERATED ALWAYS AS IDENTITY,
    page_id integer, renamed_id integer, document_id integer, folder_id integer
);

-- Make what search knows of what a transaction has changed what it is to be.
CREATE FUNCTION content_work_off_searchqueue() RETURNS trigger
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
CREATE CONSTRAINT TRIGGER content_words_follow AFTER INSERT ON content_searchqueue
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION content_work_off_searchqueue();

CREATE FUNCTION content_page_said() RETURNS trigger
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
CREATE TRIGGER content_page_said AFTER INSERT OR UPDATE OR DELETE ON wagtailcore_page
    FOR EACH ROW EXECUTE FUNCTION content_page_said();

-- A row of a page, named in the column that the trigger tells.
CREATE FUNCTION content_row_said() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD IS DISTINCT FROM NEW THEN
        INSERT INTO content_searchqueue (page_id)
            SELECT DISTINCT (side ->> TG_ARGV[0])::integer
            FROM unnest(ARRAY[to_jsonb(OLD), to_jsonb(NEW)]) AS side WHERE side IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
-- What ends together with its page needs no telling.
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE ON content_contentitem
    FOR EACH ROW EXECUTE FUNCTION content_row_said(page_ptr_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE ON content_infopage
    FOR EACH ROW EXECUTE FUNCTION content_row_said(page_ptr_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE ON content_voicesindexpage
    FOR EACH ROW EXECUTE FUNCTION content_row_said(page_ptr_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE ON content_eventindexpage
    FOR EACH ROW EXECUTE FUNCTION content_row_said(page_ptr_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE ON content_publicationindexpage
    FOR EACH ROW EXECUTE FUNCTION content_row_said(page_ptr_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE ON topics_topicpage
    FOR EACH ROW EXECUTE FUNCTION content_row_said(page_ptr_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE ON topics_topicindexpage
    FOR EACH ROW EXECUTE FUNCTION content_row_said(page_ptr_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE ON topics_programpage
    FOR EACH ROW EXECUTE FUNCTION content_row_said(page_ptr_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE ON topics_programindexpage
    FOR EACH ROW EXECUTE FUNCTION content_row_said(page_ptr_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE ON topics_personpage
    FOR EACH ROW EXECUTE FUNCTION content_row_said(page_ptr_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE ON topics_personindexpage
    FOR EACH ROW EXECUTE FUNCTION content_row_said(page_ptr_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE ON content_voicespage
    FOR EACH ROW EXECUTE FUNCTION content_row_said(contentitem_ptr_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE ON content_eventpage
    FOR EACH ROW EXECUTE FUNCTION content_row_said(contentitem_ptr_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE ON content_publicationpage
    FOR EACH ROW EXECUTE FUNCTION content_row_said(contentitem_ptr_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE OR DELETE ON content_itemauthor
    FOR EACH ROW EXECUTE FUNCTION content_row_said(item_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE OR DELETE ON content_eventspeaker
    FOR EACH ROW EXECUTE FUNCTION content_row_said(event_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE OR DELETE ON content_itemtag
    FOR EACH ROW EXECUTE FUNCTION content_row_said(content_object_id);
CREATE TRIGGER content_row_said AFTER INSERT OR UPDATE OR DELETE ON content_publicationfile
    FOR EACH ROW EXECUTE FUNCTION content_row_said(publication_id);

CREATE FUNCTION content_locale_said() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.language_code IS DISTINCT FROM NEW.language_code THEN
        INSERT INTO content_searchqueue (page_id) SELECT id FROM wagtailcore_page WHERE locale_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER content_locale_said AFTER UPDATE ON wagtailcore_locale
    FOR EACH ROW EXECUTE FUNCTION content_locale_said();

CREATE FUNCTION content_tag_said() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.name IS DISTINCT FROM NEW.name THEN
        INSERT INTO content_searchqueue (page_id) SELECT content_object_id FROM content_itemtag WHERE tag_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER content_tag_said AFTER UPDATE ON taggit_tag
    FOR EACH ROW EXECUTE FUNCTION content_tag_said();

CREATE FUNCTION content_file_said() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD IS DISTINCT FROM NEW THEN
        INSERT INTO content_searchqueue (document_id)
            SELECT DISTINCT (side ->> TG_ARGV[0])::integer
            FROM unnest(ARRAY[to_jsonb(OLD), to_jsonb(NEW)]) AS side WHERE side IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER content_file_said AFTER INSERT OR UPDATE OR DELETE ON harmhub_documenttext
    FOR EACH ROW EXECUTE FUNCTION content_file_said(document_id);
CREATE TRIGGER content_file_said AFTER UPDATE ON harmhub_customdocument
    FOR EACH ROW EXECUTE FUNCTION content_file_said(id);

-- A folder of files that was closed, opened or moved. Its name is in no text, and how many folders lie in it changes
-- with each that is made.
CREATE FUNCTION content_folder_said() RETURNS trigger
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
CREATE TRIGGER content_folder_said AFTER INSERT OR UPDATE OR DELETE ON wagtailcore_collectionviewrestriction
    FOR EACH ROW EXECUTE FUNCTION content_folder_said(collection_id);
CREATE TRIGGER content_folder_said AFTER UPDATE ON wagtailcore_collection
    FOR EACH ROW EXECUTE FUNCTION content_folder_said(id);

-- The pages that are there already: Wagtail's first ones.
SELECT content_index(ARRAY(SELECT id FROM wagtailcore_page));
