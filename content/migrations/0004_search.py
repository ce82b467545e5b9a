"""The words that search looks through, and the triggers that keep them true.

How it works is told in docs/search.md. As for the entries of listings, what a transaction has changed is put
into a queue and worked off at its end, behind the same lock; and functions decide themselves what is a
change, so that nothing here stands in the way of later migrations of Wagtail's tables.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations, models

LANGUAGES = """
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
LANGUAGE sql IMMUTABLE AS $$
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
"""

TEXTS = """
CREATE FUNCTION content_plain(html text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT replace(replace(replace(replace(replace(replace(
        regexp_replace(html, '<[^>]*>', ' ', 'g'),
        '&nbsp;', ' '), '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#x27;', ''''), '&amp;', '&')
$$;

-- What is written in the blocks of a stream. Not that of pictures and files: they may be for some people only.
CREATE FUNCTION content_written(stream jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(found #>> '{}', ' ')
    FROM jsonb_path_query(stream, 'strict $[*] ? (@.type != "figure" && @.type != "download").value.** ? (@.type() == "string")', '{}', true) AS found
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
            content_plain(concat_ws(
                ' ', content_written(item.body), content_written(info.body), content_written(publication.key_findings),
                event.transcript, topic.learn_more, topic.grant_seekers
            )),
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

CREATE AGGREGATE content_all_words(tsvector) (sfunc = tsvector_concat, stype = tsvector, initcond = '');

-- The words of the files of a publication that everybody may have: of the first few, each in its language.
CREATE FUNCTION content_words_of_files(publication integer) RETURNS tsvector
LANGUAGE sql STABLE AS $$
    SELECT content_all_words(to_tsvector(content_stemming(file.language), left(file.text, 100000)) ORDER BY file.sort_order, file.id)
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

CREATE FUNCTION content_words(page integer, stemming regconfig, title text, summary text, names text, body text) RETURNS tsvector
LANGUAGE plpgsql STABLE AS $$
DECLARE
    own tsvector;
BEGIN
    own := setweight(to_tsvector(stemming, title), 'A');
    own := own || setweight(to_tsvector(stemming, left(names || ' ' || summary, 20000)), 'B')
        || setweight(to_tsvector(stemming, left(body, 100000)), 'C');
    RETURN own || setweight(content_words_of_files(page), 'D');
EXCEPTION WHEN program_limit_exceeded THEN  -- what holds no language, such as long tables of numbers
    RETURN own;
END $$;

-- What search knows of some pages, made what it is to be.
CREATE FUNCTION content_index(pages integer[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
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
        FROM said, unnest(to_tsvector('simple', left(concat_ws(' ', title, names, summary), 20000)))
        WHERE lexeme ~ '^[[:alpha:]]{4,40}$'
        ORDER BY 1, 2
        ON CONFLICT DO NOTHING;
END $$;
"""

QUEUE = """
CREATE TABLE content_searchqueue (id bigint GENERATED ALWAYS AS IDENTITY, page_id integer);

CREATE FUNCTION content_work_off_searchqueue() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    pages integer[];
    worked_to bigint;
BEGIN
    IF NEW.id <= coalesce(nullif(current_setting('content.indexed_to', true), ''), '0')::bigint THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('content_entryqueue'));
    WITH due AS (DELETE FROM content_searchqueue RETURNING *)
    SELECT array_agg(DISTINCT due.page_id), max(due.id) INTO pages, worked_to FROM due;
    PERFORM set_config('content.indexed_to', worked_to::text, true);
    PERFORM content_index(pages);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER content_words_follow AFTER INSERT ON content_searchqueue
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION content_work_off_searchqueue();
"""

CHANGES = """
CREATE FUNCTION content_page_said() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO content_searchqueue (page_id) VALUES (OLD.id);
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO content_searchqueue (page_id) VALUES (NEW.id);
    ELSIF (OLD.title, OLD.locale_id) IS DISTINCT FROM (NEW.title, NEW.locale_id) THEN
        INSERT INTO content_searchqueue (page_id)
            SELECT NEW.id
            UNION SELECT item_id FROM content_itemauthor WHERE person_id = NEW.id
            UNION SELECT event_id FROM content_eventspeaker WHERE person_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER content_page_said AFTER INSERT OR UPDATE OR DELETE ON wagtailcore_page
    FOR EACH ROW EXECUTE FUNCTION content_page_said();

-- A row of a page, in the column that the trigger names.
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
CREATE TRIGGER content_tag_said AFTER UPDATE ON taggit_tag FOR EACH ROW EXECUTE FUNCTION content_tag_said();

CREATE FUNCTION content_file_said() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD IS DISTINCT FROM NEW THEN
        INSERT INTO content_searchqueue (page_id)
            SELECT publication_id FROM content_publicationfile
            WHERE document_id IN ((to_jsonb(OLD) ->> TG_ARGV[0])::integer, (to_jsonb(NEW) ->> TG_ARGV[0])::integer);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER content_file_said AFTER INSERT OR UPDATE OR DELETE ON harmhub_documenttext
    FOR EACH ROW EXECUTE FUNCTION content_file_said(document_id);
CREATE TRIGGER content_file_said AFTER UPDATE ON harmhub_customdocument
    FOR EACH ROW EXECUTE FUNCTION content_file_said(id);

-- A folder of files that was closed, opened or moved: what lies below it now.
CREATE FUNCTION content_folder_said() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO content_searchqueue (page_id)
        SELECT row.publication_id
        FROM wagtailcore_collection changed
        JOIN wagtailcore_collection folder ON starts_with(folder.path, changed.path)
        JOIN harmhub_customdocument document ON document.collection_id = folder.id
        JOIN content_publicationfile row ON row.document_id = document.id
        WHERE changed.id IN ((to_jsonb(OLD) ->> TG_ARGV[0])::integer, (to_jsonb(NEW) ->> TG_ARGV[0])::integer);
    RETURN NULL;
END $$;
CREATE TRIGGER content_folder_said AFTER INSERT OR UPDATE OR DELETE ON wagtailcore_collectionviewrestriction
    FOR EACH ROW EXECUTE FUNCTION content_folder_said(collection_id);
CREATE TRIGGER content_folder_said AFTER UPDATE ON wagtailcore_collection
    FOR EACH ROW EXECUTE FUNCTION content_folder_said(id);
"""

ROW = """
CREATE TRIGGER content_row_said AFTER {events} ON {table} FOR EACH ROW EXECUTE FUNCTION content_row_said({column});
"""
# What ends together with its page needs no telling.
ROWS = [
    *(
        (table, column, "INSERT OR UPDATE")
        for column, tables in {
            "page_ptr_id": (
                "content_contentitem",
                "content_infopage",
                "content_voicesindexpage",
                "content_eventindexpage",
                "content_publicationindexpage",
                "topics_topicpage",
                "topics_topicindexpage",
                "topics_programpage",
                "topics_programindexpage",
                "topics_personpage",
                "topics_personindexpage",
            ),
            "contentitem_ptr_id": ("content_voicespage", "content_eventpage", "content_publicationpage"),
        }.items()
        for table in tables
    ),
    ("content_itemauthor", "item_id", "INSERT OR UPDATE OR DELETE"),
    ("content_eventspeaker", "event_id", "INSERT OR UPDATE OR DELETE"),
    ("content_itemtag", "content_object_id", "INSERT OR UPDATE OR DELETE"),
    ("content_publicationfile", "publication_id", "INSERT OR UPDATE OR DELETE"),
]

INDEX_ALL = "SELECT content_index(ARRAY(SELECT id FROM wagtailcore_page))"

UNDO = """
DROP TABLE content_searchqueue;
DROP FUNCTION content_folder_said, content_file_said, content_tag_said, content_locale_said, content_row_said, content_page_said,
    content_work_off_searchqueue, content_index, content_words, content_words_of_files CASCADE;
DROP AGGREGATE content_all_words(tsvector);
DROP FUNCTION content_texts, content_written, content_plain, content_stemming;
DO $$
DECLARE
    config regconfig;
BEGIN
    FOR config IN SELECT oid FROM pg_ts_config WHERE cfgname LIKE 'harmhub_%' LOOP
        EXECUTE format('DROP TEXT SEARCH CONFIGURATION %s', config);
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0003_changes'),
        ('harmhub', '0003_documenttext'),
        ('wagtailcore', '0098_apitoken'),
    ]

    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        migrations.CreateModel(
            name='SearchEntry',
            fields=[
                ('page', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='search_entry', serialize=False, to=settings.WAGTAIL_PAGE_MODEL)),
                ('is_item', models.BooleanField()),
                ('words', django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                'verbose_name_plural': 'search entries',
                'indexes': [django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=['words'], name='search_by_word'), django.contrib.postgres.indexes.GinIndex(condition=models.Q(('is_item', False)), fastupdate=False, fields=['words'], name='search_other_pages')],
            },
        ),
        migrations.CreateModel(
            name='SearchWord',
            fields=[
                ('pk', models.CompositePrimaryKey('locale_id', 'word', blank=True, editable=False, primary_key=True, serialize=False)),
                ('word', models.CharField(max_length=40)),
                ('locale', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='wagtailcore.locale')),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(models.F('word'), 'gin_trgm_ops'), fastupdate=False, name='search_word_by_trigram')],
            },
        ),
        migrations.RunSQL(
            [
                LANGUAGES,
                TEXTS,
                QUEUE,
                CHANGES,
                *(ROW.format(table=table, column=column, events=events) for table, column, events in ROWS),
                INDEX_ALL,
            ],
            UNDO,
        ),
    ]
