"""The triggers that tell page stores what has changed, in the words of ``harmhub.store.shown``.

docs/page-store.md tells what each tag means. As in ``0002_listing``, functions decide themselves what is a
change, so that nothing here stands in the way of later migrations.
"""

from django.db import migrations

CHANGED = """
CREATE FUNCTION harmhub_changed(tag text, place text DEFAULT NULL) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO harmhub_change (tag, place, xact) VALUES (tag, place, pg_current_xact_id()::text::bigint);
    SELECT pg_notify('harmhub_change', '');
$$;
"""

PAGES = """
-- A page that was, is or will be public. What only editors see of it is no change. A page that comes, goes or
-- moves may stand in any menu, directory or list, unless it is an item: those are in listings alone.
CREATE FUNCTION harmhub_page_changed() RETURNS trigger
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
        IF NOT OLD.live AND NOT NEW.live OR to_jsonb(OLD) - unseen = to_jsonb(NEW) - unseen THEN
            RETURN NULL;
        END IF;
        comes := (OLD.live, OLD.path, OLD.url_path, OLD.show_in_menus, OLD.locale_id, OLD.alias_of_id)
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
CREATE TRIGGER harmhub_page_changed AFTER INSERT OR UPDATE OR DELETE ON wagtailcore_page
    FOR EACH ROW EXECUTE FUNCTION harmhub_page_changed();

-- The other rows of a page.
CREATE FUNCTION harmhub_part_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD IS DISTINCT FROM NEW THEN
        PERFORM harmhub_changed('page:' || id) FROM wagtailcore_page
            WHERE id = (to_jsonb(NEW) ->> TG_ARGV[0])::integer AND live;
    END IF;
    RETURN NULL;
END $$;

-- A row that ties pages together, each named by one of the trigger's columns: its own page shows it.
CREATE FUNCTION harmhub_tie_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD IS NOT DISTINCT FROM NEW THEN
        RETURN NULL;
    END IF;
    PERFORM harmhub_changed('key:' || page.translation_key) FROM wagtailcore_page page
        WHERE page.live AND page.id IN (
            SELECT (side ->> named)::integer
            FROM unnest(ARRAY[to_jsonb(OLD), to_jsonb(NEW)]) AS side, unnest(TG_ARGV) AS named
        );
    RETURN NULL;
END $$;
"""

PART = """
CREATE TRIGGER harmhub_part_changed AFTER UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION harmhub_part_changed({column});
"""
ITEMS_OF_A_KIND = ["content_voicespage", "content_eventpage", "content_publicationpage"]
PARTS = [
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
]
TIE = """
CREATE TRIGGER harmhub_tie_changed AFTER {events} ON {table}
    FOR EACH ROW EXECUTE FUNCTION harmhub_tie_changed({columns});
"""
ANY_EVENT = "INSERT OR UPDATE OR DELETE"
TIES = [
    ("content_itemauthor", "item_id, person_id", ANY_EVENT),
    ("content_eventspeaker", "event_id, person_id", ANY_EVENT),
    ("content_publicationfile", "publication_id", ANY_EVENT),
    ("content_itemtag", "content_object_id", ANY_EVENT),
    ("content_contentitem_further_topics", "contentitem_id", ANY_EVENT),
    ("content_contentitem_programs", "contentitem_id", ANY_EVENT),
    ("topics_topicperson", "topic_id, person_id", ANY_EVENT),
    ("topics_programpage_topics", "programpage_id, topicpage_id", ANY_EVENT),
    ("topics_personpage", "program_id", "UPDATE"),
]

ITEMS = """
-- Cards carry the first of a publication's files, and the names of authors.
CREATE FUNCTION harmhub_card_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM harmhub_changed('page:' || (side ->> TG_ARGV[0]))
        FROM unnest(ARRAY[to_jsonb(OLD), to_jsonb(NEW)]) AS side WHERE side IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER harmhub_card_changed AFTER INSERT OR UPDATE OR DELETE ON content_itemauthor
    FOR EACH ROW EXECUTE FUNCTION harmhub_card_changed(item_id);
CREATE TRIGGER harmhub_card_changed AFTER INSERT OR UPDATE OR DELETE ON content_publicationfile
    FOR EACH ROW EXECUTE FUNCTION harmhub_card_changed(publication_id);

CREATE FUNCTION harmhub_event_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.starts_at, OLD.status) IS DISTINCT FROM (NEW.starts_at, NEW.status) THEN
        PERFORM harmhub_changed('events:' || locale_id) FROM wagtailcore_page
            WHERE id = NEW.contentitem_ptr_id AND live;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER harmhub_event_changed AFTER UPDATE ON content_eventpage
    FOR EACH ROW EXECUTE FUNCTION harmhub_event_changed();

-- Entries of listings that come and go, each at its place. After an import it is cheaper to begin anew.
CREATE FUNCTION harmhub_entries_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM changed) > 1000 THEN
        PERFORM harmhub_changed('all');
        RETURN NULL;
    END IF;
    PERFORM harmhub_changed(
        'stream:' || page_id || ':' || locale_id || part,
        to_char(published_on, 'YYYY-MM-DD') || '/' || lpad(item_id::text, 10, '0')
    ) FROM changed, unnest(ARRAY['', ':' || kind]) AS part;
    PERFORM harmhub_changed('events:' || locale_id) FROM changed WHERE page_id = 0 AND kind = 'event';
    RETURN NULL;
END $$;
CREATE TRIGGER harmhub_entries_come AFTER INSERT ON content_entry REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION harmhub_entries_changed();
CREATE TRIGGER harmhub_entries_go AFTER DELETE ON content_entry REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION harmhub_entries_changed();

-- A kind or a year that a listing begins or ceases to have.
CREATE FUNCTION harmhub_counts_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    counted content_entrycount := coalesce(NEW, OLD);
BEGIN
    PERFORM harmhub_changed('counts:' || counted.page_id || ':' || counted.locale_id);
    RETURN NULL;
END $$;
CREATE TRIGGER harmhub_counts_changed AFTER INSERT OR DELETE ON content_entrycount
    FOR EACH ROW EXECUTE FUNCTION harmhub_counts_changed();
"""

FILES = """
CREATE FUNCTION harmhub_file_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD IS NOT DISTINCT FROM NEW THEN
        RETURN NULL;
    END IF;
    PERFORM harmhub_changed(TG_ARGV[0] || ':' || OLD.id);
    IF TG_ARGV[0] = 'document' THEN
        PERFORM harmhub_changed('page:' || publication_id) FROM content_publicationfile WHERE document_id = OLD.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER harmhub_file_changed AFTER UPDATE OR DELETE ON harmhub_customimage
    FOR EACH ROW EXECUTE FUNCTION harmhub_file_changed(image);
CREATE TRIGGER harmhub_file_changed AFTER UPDATE OR DELETE ON harmhub_customdocument
    FOR EACH ROW EXECUTE FUNCTION harmhub_file_changed(document);

-- Sizes that were made of a picture are deleted together with it, or to be made anew under another name.
CREATE FUNCTION harmhub_rendition_gone() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM harmhub_changed('image:' || OLD.image_id);
    RETURN NULL;
END $$;
CREATE TRIGGER harmhub_rendition_gone AFTER DELETE ON harmhub_customrendition
    FOR EACH ROW EXECUTE FUNCTION harmhub_rendition_gone();

CREATE FUNCTION harmhub_all_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD IS DISTINCT FROM NEW THEN
        PERFORM harmhub_changed('all');
    END IF;
    RETURN NULL;
END $$;
"""
ALL = """
CREATE TRIGGER harmhub_all_changed AFTER INSERT OR UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION harmhub_all_changed();
"""
SHOWN_BY_ALL = [
    "harmhub_sitesettings",
    "wagtailcore_site",
    "wagtailcore_locale",
    "wagtailcore_pageviewrestriction",
    "wagtailcore_collection",
    "wagtailcore_collectionviewrestriction",
]

UNDO = """
DROP FUNCTION harmhub_all_changed, harmhub_rendition_gone, harmhub_file_changed, harmhub_counts_changed, harmhub_entries_changed,
    harmhub_event_changed, harmhub_card_changed, harmhub_tie_changed, harmhub_part_changed, harmhub_page_changed,
    harmhub_changed CASCADE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0002_listing'),
        ('harmhub', '0002_change'),
        ('topics', '0001_initial'),
        ('wagtailcore', '0098_apitoken'),
    ]

    operations = [
        migrations.RunSQL(
            [
                CHANGED,
                PAGES,
                *(PART.format(table=table, column='page_ptr_id') for table in PARTS),
                *(PART.format(table=table, column='contentitem_ptr_id') for table in ITEMS_OF_A_KIND),
                *(TIE.format(table=table, columns=columns, events=events) for table, columns, events in TIES),
                ITEMS,
                FILES,
                *(ALL.format(table=table) for table in SHOWN_BY_ALL),
            ],
            UNDO,
        ),
    ]
