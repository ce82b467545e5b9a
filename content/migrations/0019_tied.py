"""What a topic, program or person that comes or goes is tied to is asked when the change is read, not when it is
written.

Who publishes a person does not see that somebody ties her to a page at the same time. Where the page was tied first,
it was made without her, and stayed so. When the change is read, the ties of both are there.

As before, functions decide themselves what is a change.
"""

from importlib import import_module

from django.db import migrations

TOLD = """
CREATE OR REPLACE FUNCTION harmhub_ties_changed(page wagtailcore_page) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM harmhub_changed('tied:' || page.locale_id || ':' || page.translation_key);
END $$;

-- What such a change means now: the tags of the pages that something is tied to, in one language, and of lists of
-- people, which name the program of each. Of one whose ties are many all are meant.
CREATE FUNCTION harmhub_tied_tags(key uuid, locale integer) RETURNS SETOF text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    tied integer[] := ARRAY(SELECT harmhub_tied_to(key));
BEGIN
    IF cardinality(tied) > 1000 THEN
        RETURN NEXT 'all';
        RETURN;
    END IF;
    RETURN QUERY SELECT 'ties:' || version.id
        FROM wagtailcore_page original JOIN wagtailcore_page version USING (translation_key)
        WHERE original.id = ANY (tied) AND version.locale_id = locale;
    RETURN QUERY SELECT 'member:' || version.id
        FROM wagtailcore_page program
        JOIN topics_personpage person ON person.program_id = program.id
        JOIN wagtailcore_page original ON original.id = person.page_ptr_id
        JOIN wagtailcore_page version ON version.translation_key = original.translation_key
        WHERE program.translation_key = key AND version.locale_id = locale;
END $$;
"""
before = import_module("content.migrations.0017_expiring").before


class Migration(migrations.Migration):

    dependencies = [('content', '0018_work')]

    operations = [
        migrations.RunSQL(
            TOLD,
            before("0015_near", "NEAR", "harmhub_ties_changed") + "DROP FUNCTION harmhub_tied_tags;",
        ),
    ]
