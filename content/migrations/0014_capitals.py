"""Words that a language drops are found where they mean something: "WHO" in capitals, "Who we are" in titles.

They are kept beside the stemmed words, with a sign before them that no word has: "=WHO" where a text has it in
capitals, "=who" where a title has it in any letters.
"""

from importlib import import_module

from django.db import migrations

CAPITALS = r"""
-- The words in capitals that a language drops, of two letters or more, as they stand.
CREATE FUNCTION content_capitals(stemming regconfig, said text) RETURNS tsvector
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(format('''=%s'':1', word), ' ' ORDER BY word), '')::tsvector
    FROM (SELECT DISTINCT part[1] AS word FROM regexp_matches(said, '\m[[:upper:]]{2,}\M', 'g') AS part) AS capitals
    WHERE to_tsvector(stemming, word) = ''
$$;

-- All words that a language drops, in small letters.
CREATE FUNCTION content_dropped(stemming regconfig, said text) RETURNS tsvector
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(format('''=%s'':1', word), ' ' ORDER BY word), '')::tsvector
    FROM (SELECT DISTINCT lower(part[1]) AS word FROM regexp_matches(said, '[[:alpha:]]+', 'g') AS part) AS words
    WHERE to_tsvector(stemming, word) = ''
$$;

CREATE OR REPLACE FUNCTION content_parsed(stemming regconfig, said text) RETURNS tsvector
LANGUAGE sql IMMUTABLE AS $$
    SELECT to_tsvector(stemming, translate(said, '/', ' ')) || content_capitals(stemming, said)
$$;

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
"""
PARSED = import_module("content.migrations.0011_slashes").PARSED.replace("CREATE", "CREATE OR REPLACE")
TITLE = "own := setweight(content_parsed(stemming, title), 'A')"
_before = import_module("content.migrations.0012_quick_import").before("0004_search", "TEXTS", "content_words")
BEFORE = _before.replace("to_tsvector(", "content_parsed(")
WORDS = BEFORE.replace(TITLE, f"{TITLE} || setweight(content_dropped(stemming, title), 'A')")
# Whoever replaces a function sets anew how it is planned.
SETTING = "ALTER FUNCTION content_words SET plan_cache_mode = auto"
INDEX_ALL = "SELECT content_index(ARRAY(SELECT id FROM wagtailcore_page))"


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0013_small_restrictions'),
    ]

    operations = [
        migrations.RunSQL(
            [CAPITALS, WORDS, SETTING, INDEX_ALL],
            [
                BEFORE,
                SETTING,
                PARSED,
                "DROP FUNCTION content_asked, content_dropped, content_capitals",
                INDEX_ALL,
            ],
        ),
    ]
