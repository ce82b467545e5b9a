"""Words with a slash between them are found each: PostgreSQL takes "HIV/AIDS" for the name of a file."""

from importlib import import_module

from django.db import migrations

_before = import_module("content.migrations.0004_search").TEXTS
BEFORE = "".join(
    f"CREATE OR REPLACE FUNCTION {name}({_before.split(f'CREATE FUNCTION {name}(')[1].split('$$;')[0]}$$;"
    for name in ("content_words_of_files", "content_words", "content_index")
)
PARSED = """
CREATE FUNCTION content_parsed(stemming regconfig, said text) RETURNS tsvector
LANGUAGE sql IMMUTABLE AS $$ SELECT to_tsvector(stemming, translate(said, '/', ' ')) $$;
"""
INDEX_ALL = "SELECT content_index(ARRAY(SELECT id FROM wagtailcore_page))"


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0010_prolonged'),
    ]

    operations = [
        migrations.RunSQL(
            [PARSED, BEFORE.replace("to_tsvector(", "content_parsed("), INDEX_ALL],
            [BEFORE, INDEX_ALL, "DROP FUNCTION content_parsed"],
        ),
    ]
