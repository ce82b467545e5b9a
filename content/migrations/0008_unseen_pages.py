"""What public pages show of pages that are not public is told of, too.

A name stays on the work of an author whose page is unpublished; topics below an unpublished one are as
sensitive as it is, and keep messages as long; ties stay on the original when it is unpublished and a translation is
not; a team is named on any of the translations of a topic. As before, functions decide themselves what is a change.
"""

from importlib import import_module

from django.db import migrations

TITLES = """
CREATE OR REPLACE FUNCTION harmhub_page_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    page wagtailcore_page := coalesce(NEW, OLD);
    unseen text[] := ARRAY[
        'latest_revision_id', 'latest_revision_created_at', 'has_unpublished_changes', 'draft_title', 'numchild',
        'locked', 'locked_at', 'locked_by_id', 'go_live_at', 'expired', 'owner_id'
    ];
    comes boolean := true;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(OLD) - unseen = to_jsonb(NEW) - unseen THEN
            RETURN NULL;
        END IF;
        comes := (OLD.live OR NEW.live)
            AND (OLD.live, OLD.path, OLD.url_path, OLD.show_in_menus, OLD.locale_id, OLD.alias_of_id)
            IS DISTINCT FROM
            (NEW.live, NEW.path, NEW.url_path, NEW.show_in_menus, NEW.locale_id, NEW.alias_of_id);
    ELSIF NOT page.live THEN
        RETURN NULL;
    END IF;
    IF comes AND NOT EXISTS (
        SELECT FROM django_content_type kind WHERE kind.id = page.content_type_id AND kind.app_label = 'content'
        AND kind.model IN ('voicespage', 'eventpage', 'publicationpage')
    ) THEN
        PERFORM harmhub_changed('all');
    ELSIF comes THEN
        -- Links in texts lead to the version in the reader's language.
        PERFORM harmhub_changed('page:' || version.id) FROM wagtailcore_page version
            WHERE version.translation_key = page.translation_key AND version.id <> page.id;
        PERFORM harmhub_changed('page:' || page.id);
    ELSE
        PERFORM harmhub_changed('page:' || page.id);
        IF OLD.title IS DISTINCT FROM NEW.title THEN  -- cards carry the names of authors
            PERFORM harmhub_changed('page:' || item_id) FROM content_itemauthor WHERE person_id = page.id;
        END IF;
    END IF;
    RETURN NULL;
END $$;
"""

ROWS = """
CREATE OR REPLACE FUNCTION harmhub_part_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD IS DISTINCT FROM NEW THEN
        PERFORM harmhub_changed('page:' || (to_jsonb(NEW) ->> TG_ARGV[0]));
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION harmhub_tie_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD IS NOT DISTINCT FROM NEW THEN
        RETURN NULL;
    END IF;
    PERFORM harmhub_changed('key:' || page.translation_key) FROM wagtailcore_page page
        WHERE page.id IN (
            SELECT (side ->> named)::integer
            FROM unnest(ARRAY[to_jsonb(OLD), to_jsonb(NEW)]) AS side, unnest(TG_ARGV) AS named
        );
    RETURN NULL;
END $$;
"""

TEAMS = """
CREATE FUNCTION harmhub_team_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) ->> 'team_id' IS DISTINCT FROM to_jsonb(NEW) ->> 'team_id' THEN
        PERFORM harmhub_changed('page:' || version.id)
            FROM wagtailcore_page topic JOIN wagtailcore_page version USING (translation_key)
            WHERE topic.id = coalesce(NEW.page_ptr_id, OLD.page_ptr_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER harmhub_team_changed AFTER INSERT OR UPDATE OR DELETE ON topics_topicpage
    FOR EACH ROW EXECUTE FUNCTION harmhub_team_changed();
"""

# As they were.
_before = import_module("content.migrations.0003_changes").PAGES
UNDO = "".join(
    f"CREATE OR REPLACE FUNCTION {name}" + _before.split(f"CREATE FUNCTION {name}")[1].split("END $$;")[0] + "END $$;"
    for name in ("harmhub_page_changed", "harmhub_part_changed", "harmhub_tie_changed")
)


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0007_telling'),
        ('topics', '0002_teams'),
    ]

    operations = [
        migrations.RunSQL([TITLES, ROWS, TEAMS], [UNDO, "DROP FUNCTION harmhub_team_changed CASCADE"]),
    ]
