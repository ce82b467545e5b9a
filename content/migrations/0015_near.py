"""A topic, a program or a person that comes, goes or moves is no change to all pages any more, but to those that
list what lies below the same page, the directory of topics, its translations, and what it is tied to.

As before, functions decide themselves what is a change.
"""

from importlib import import_module

from django.db import migrations

NEAR = """
-- Whether any page may show that a topic, program or person comes, goes or moves: one that the settings name, that
-- changes its language, or that lies or lay in a part of the tree that is not for everybody.
CREATE FUNCTION harmhub_stands_anywhere(page wagtailcore_page, was wagtailcore_page) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coalesce(page.locale_id <> was.locale_id, false) OR EXISTS (
        SELECT FROM harmhub_sitesettings settings JOIN wagtailcore_page named
            ON named.id IN (settings.safety_page_id, settings.help_page_id, settings.privacy_page_id)
        WHERE named.translation_key = page.translation_key
    ) OR EXISTS (
        SELECT FROM wagtailcore_pageviewrestriction restriction
        JOIN wagtailcore_page closed ON closed.id = restriction.page_id
        WHERE starts_with(page.path, closed.path) OR starts_with(was.path, closed.path)
    )
$$;

-- The pages that show that they are tied to a topic, program or person, or a translation of it; of many, more than
-- a thousand.
CREATE FUNCTION harmhub_tied_to(key uuid) RETURNS SETOF integer
LANGUAGE sql STABLE AS $$
    WITH version AS MATERIALIZED (SELECT id FROM wagtailcore_page WHERE translation_key = key)
    SELECT item_id FROM content_itemauthor WHERE person_id IN (SELECT id FROM version)
    UNION ALL SELECT event_id FROM content_eventspeaker WHERE person_id IN (SELECT id FROM version)
    UNION ALL SELECT topic_id FROM topics_topicperson WHERE person_id IN (SELECT id FROM version)
    UNION ALL SELECT person_id FROM topics_topicperson WHERE topic_id IN (SELECT id FROM version)
    UNION ALL SELECT program_id FROM topics_personpage WHERE page_ptr_id IN (SELECT id FROM version)
    UNION ALL SELECT page_ptr_id FROM topics_personpage WHERE program_id IN (SELECT id FROM version)
    UNION ALL SELECT programpage_id FROM topics_programpage_topics WHERE topicpage_id IN (SELECT id FROM version)
    UNION ALL SELECT topicpage_id FROM topics_programpage_topics WHERE programpage_id IN (SELECT id FROM version)
    UNION ALL SELECT page_ptr_id FROM content_contentitem WHERE primary_topic_id IN (SELECT id FROM version)
    UNION ALL SELECT contentitem_id FROM content_contentitem_further_topics WHERE topicpage_id IN (SELECT id FROM version)
    LIMIT 1001
$$;

-- Tell that a topic, program or person comes or goes: to what it is tied to, in its own language, and to lists of
-- people, which name the program of each. Of one whose ties are many all are told.
CREATE FUNCTION harmhub_ties_changed(page wagtailcore_page) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    tied integer[] := ARRAY(SELECT harmhub_tied_to(page.translation_key));
BEGIN
    IF cardinality(tied) > 1000 THEN
        PERFORM harmhub_changed('all');
        RETURN;
    END IF;
    PERFORM harmhub_changed('ties:' || version.id)
        FROM wagtailcore_page original JOIN wagtailcore_page version USING (translation_key)
        WHERE original.id = ANY (tied) AND version.locale_id = page.locale_id;
    PERFORM harmhub_changed('member:' || version.id)
        FROM wagtailcore_page program
        JOIN topics_personpage person ON person.program_id = program.id
        JOIN wagtailcore_page original ON original.id = person.page_ptr_id
        JOIN wagtailcore_page version ON version.translation_key = original.translation_key
        WHERE program.translation_key = page.translation_key AND version.locale_id = page.locale_id;
END $$;

-- The list of people of a program.
CREATE FUNCTION harmhub_member_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM harmhub_changed('key:' || program.translation_key)
        FROM wagtailcore_page person JOIN wagtailcore_page program ON program.id = coalesce(NEW.program_id, OLD.program_id)
        WHERE person.id = coalesce(NEW.page_ptr_id, OLD.page_ptr_id) AND person.live;
    RETURN NULL;
END $$;
CREATE TRIGGER harmhub_member_changed AFTER INSERT OR DELETE ON topics_personpage
    FOR EACH ROW EXECUTE FUNCTION harmhub_member_changed();

-- Tell that a version of something in a language comes, goes or moves: pages lead to those of their own, and links in
-- texts to that in the reader's language.
CREATE FUNCTION harmhub_version_changed(page wagtailcore_page) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM harmhub_changed('versions:' || page.translation_key);
    PERFORM harmhub_changed('link:' || version.id || ':' || locale.language_code)
        FROM wagtailcore_page version JOIN wagtailcore_locale locale ON locale.id = page.locale_id
        WHERE version.translation_key = page.translation_key AND version.id <> page.id;
END $$;

-- Tell that a topic, program or person comes, goes or moves.
CREATE FUNCTION harmhub_near_changed(page wagtailcore_page, was wagtailcore_page) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM harmhub_version_changed(page);
    PERFORM harmhub_changed('page:' || page.id);
    PERFORM harmhub_changed('below:' || left(page.path, -4));
    IF was.path <> page.path THEN
        PERFORM harmhub_changed('below:' || left(was.path, -4));
    END IF;
    PERFORM harmhub_changed('directory:' || locale.language_code)
        FROM wagtailcore_locale locale, django_content_type kind
        WHERE locale.id = page.locale_id AND kind.id = page.content_type_id AND kind.model = 'topicpage';
END $$;
"""

PAGES = """
CREATE OR REPLACE FUNCTION harmhub_page_changed() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    page wagtailcore_page := coalesce(NEW, OLD);
    unseen text[] := ARRAY[
        'latest_revision_id', 'latest_revision_created_at', 'has_unpublished_changes', 'draft_title', 'numchild',
        'locked', 'locked_at', 'locked_by_id', 'go_live_at', 'expired', 'owner_id'
    ];
    kind text;
    comes boolean := true; -- or goes
    moves boolean := false;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(OLD) - unseen = to_jsonb(NEW) - unseen THEN
            RETURN NULL;
        END IF;
        comes := (OLD.live OR NEW.live) AND (OLD.live, OLD.alias_of_id) IS DISTINCT FROM (NEW.live, NEW.alias_of_id)
            OR NEW.live AND coalesce(OLD.expire_at <= statement_timestamp(), false)
            AND coalesce(NEW.expire_at > statement_timestamp(), true);
        moves := (OLD.live OR NEW.live) AND (OLD.path, OLD.url_path, OLD.show_in_menus, OLD.locale_id)
            IS DISTINCT FROM (NEW.path, NEW.url_path, NEW.show_in_menus, NEW.locale_id);
    ELSIF NOT page.live THEN
        RETURN NULL;
    END IF;
    IF comes OR moves THEN
        SELECT app_label || '.' || model INTO kind FROM django_content_type WHERE id = page.content_type_id;
    END IF;
    IF NOT (comes OR moves) THEN
        PERFORM harmhub_changed('page:' || page.id);
    ELSIF kind IN ('content.voicespage', 'content.eventpage', 'content.publicationpage') THEN
        -- It is in listings alone, whose entries come and go.
        PERFORM harmhub_version_changed(page);
        PERFORM harmhub_changed('page:' || page.id);
    ELSIF kind NOT IN ('topics.topicpage', 'topics.programpage', 'topics.personpage')
        OR harmhub_stands_anywhere(page, OLD)
    THEN
        PERFORM harmhub_changed('all');
    ELSE
        PERFORM harmhub_near_changed(page, OLD);
        IF comes THEN
            PERFORM harmhub_ties_changed(page);
        END IF;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.title IS DISTINCT FROM NEW.title THEN
        PERFORM harmhub_changed('name:' || page.id); -- which cards carry, without the page
    END IF;
    RETURN NULL;
END $$;
"""

_before = import_module("content.migrations.0010_prolonged").PROLONGED
UNDO = """
ALTER FUNCTION harmhub_page_changed SET enable_seqscan = off;
DROP FUNCTION harmhub_member_changed, harmhub_near_changed, harmhub_version_changed, harmhub_ties_changed, harmhub_tied_to, harmhub_stands_anywhere CASCADE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0014_capitals'),
    ]

    operations = [
        migrations.RunSQL([NEAR, PAGES], [_before, UNDO]),
    ]
