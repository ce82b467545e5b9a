-- The triggers that tell page stores what has changed, in the words of harmhub.store.shown.
--
-- docs/page-store.md tells what each tag means. As in listing.sql, functions decide themselves what is a change.
--
-- Run once, by 0001_initial: whoever changes a function replaces it in a new migration, with its SET clause.

-- Tell of a change, and at which place of a stream it is. NOTIFY only wakes; the rows tell.
CREATE FUNCTION harmhub_changed(tag text, place text DEFAULT NULL) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO harmhub_change (tag, place, xact) VALUES (tag, place, pg_current_xact_id()::text::bigint);
    SELECT pg_notify('harmhub_change', '');
$$;

-- Pages

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

-- Whether a page of information at a path lies below another one.
CREATE FUNCTION harmhub_informs_below(page_path text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM wagtailcore_page above JOIN content_infopage ON page_ptr_id = above.id
        WHERE above.path = left(page_path, -4)
    )
$$;

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

-- Tell that a topic, program or person comes or goes, to what it is tied to. That is asked when the change is read: who
-- publishes a person does not see that somebody ties her to a page at the same time.
CREATE FUNCTION harmhub_ties_changed(page wagtailcore_page) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM harmhub_changed('tied:' || page.locale_id || ':' || page.translation_key);
END $$;

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

-- What such a change means when it is read: the tags of the pages that something is tied to, in one language, and of lists
-- of people, which name the program of each. Of one whose ties are many all are meant.
CREATE FUNCTION harmhub_tied_tags(key uuid, locale integer) RETURNS SETOF text
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
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

-- A page that was, is or will be public. What only editors see of it is no change. (It is called for each page, always for
-- the same few rows: hence by index, as for what it calls.)
CREATE FUNCTION harmhub_page_changed() RETURNS trigger
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
    ELSIF kind IN ('content.voicespage', 'content.eventpage', 'content.publicationpage') OR (
        kind = 'content.infopage' AND harmhub_informs_below(page.path)
        AND (TG_OP <> 'UPDATE' OR OLD.path = NEW.path OR harmhub_informs_below(OLD.path))
        AND NOT harmhub_stands_anywhere(page, OLD)
    ) THEN
        -- It is in no list, or in listings alone, whose entries come and go.
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
CREATE TRIGGER harmhub_page_changed AFTER INSERT OR UPDATE OR DELETE ON wagtailcore_page
    FOR EACH ROW EXECUTE FUNCTION harmhub_page_changed();

-- The other rows of a page. Pages that are not public count, too: others may show what they say.
CREATE FUNCTION harmhub_part_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD IS DISTINCT FROM NEW THEN
        PERFORM harmhub_changed('page:' || (to_jsonb(NEW) ->> TG_ARGV[0]));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER harmhub_part_changed AFTER UPDATE ON content_contentitem
    FOR EACH ROW EXECUTE FUNCTION harmhub_part_changed(page_ptr_id);
CREATE TRIGGER harmhub_part_changed AFTER UPDATE ON content_infopage
    FOR EACH ROW EXECUTE FUNCTION harmhub_part_changed(page_ptr_id);
CREATE TRIGGER harmhub_part_changed AFTER UPDATE ON content_voicesindexpage
    FOR EACH ROW EXECUTE FUNCTION harmhub_part_changed(page_ptr_id);
CREATE TRIGGER harmhub_part_changed AFTER UPDATE ON content_eventindexpage
    FOR EACH ROW EXECUTE FUNCTION harmhub_part_changed(page_ptr_id);
CREATE TRIGGER harmhub_part_changed AFTER UPDATE ON content_publicationindexpage
    FOR EACH ROW EXECUTE FUNCTION harmhub_part_changed(page_ptr_id);
CREATE TRIGGER harmhub_part_changed AFTER UPDATE ON topics_topicpage
    FOR EACH ROW EXECUTE FUNCTION harmhub_part_changed(page_ptr_id);
CREATE TRIGGER harmhub_part_changed AFTER UPDATE ON topics_topicindexpage
    FOR EACH ROW EXECUTE FUNCTION harmhub_part_changed(page_ptr_id);
CREATE TRIGGER harmhub_part_changed AFTER UPDATE ON topics_programpage
    FOR EACH ROW EXECUTE FUNCTION harmhub_part_changed(page_ptr_id);
CREATE TRIGGER harmhub_part_changed AFTER UPDATE ON topics_programindexpage
    FOR EACH ROW EXECUTE FUNCTION harmhub_part_changed(page_ptr_id);
CREATE TRIGGER harmhub_part_changed AFTER UPDATE ON topics_personpage
    FOR EACH ROW EXECUTE FUNCTION harmhub_part_changed(page_ptr_id);
CREATE TRIGGER harmhub_part_changed AFTER UPDATE ON topics_personindexpage
    FOR EACH ROW EXECUTE FUNCTION harmhub_part_changed(page_ptr_id);
CREATE TRIGGER harmhub_part_changed AFTER UPDATE ON content_voicespage
    FOR EACH ROW EXECUTE FUNCTION harmhub_part_changed(contentitem_ptr_id);
CREATE TRIGGER harmhub_part_changed AFTER UPDATE ON content_eventpage
    FOR EACH ROW EXECUTE FUNCTION harmhub_part_changed(contentitem_ptr_id);
CREATE TRIGGER harmhub_part_changed AFTER UPDATE ON content_publicationpage
    FOR EACH ROW EXECUTE FUNCTION harmhub_part_changed(contentitem_ptr_id);

-- A row that ties pages together, each named by one of the trigger's columns: its own page shows it.
CREATE FUNCTION harmhub_tie_changed() RETURNS trigger
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
CREATE TRIGGER harmhub_tie_changed AFTER INSERT OR UPDATE OR DELETE ON content_itemauthor
    FOR EACH ROW EXECUTE FUNCTION harmhub_tie_changed(item_id, person_id);
CREATE TRIGGER harmhub_tie_changed AFTER INSERT OR UPDATE OR DELETE ON content_eventspeaker
    FOR EACH ROW EXECUTE FUNCTION harmhub_tie_changed(event_id, person_id);
CREATE TRIGGER harmhub_tie_changed AFTER INSERT OR UPDATE OR DELETE ON content_publicationfile
    FOR EACH ROW EXECUTE FUNCTION harmhub_tie_changed(publication_id);
CREATE TRIGGER harmhub_tie_changed AFTER INSERT OR UPDATE OR DELETE ON content_itemtag
    FOR EACH ROW EXECUTE FUNCTION harmhub_tie_changed(content_object_id);
CREATE TRIGGER harmhub_tie_changed AFTER INSERT OR UPDATE OR DELETE ON content_contentitem_further_topics
    FOR EACH ROW EXECUTE FUNCTION harmhub_tie_changed(contentitem_id);
CREATE TRIGGER harmhub_tie_changed AFTER INSERT OR UPDATE OR DELETE ON content_contentitem_programs
    FOR EACH ROW EXECUTE FUNCTION harmhub_tie_changed(contentitem_id);
CREATE TRIGGER harmhub_tie_changed AFTER INSERT OR UPDATE OR DELETE ON topics_topicperson
    FOR EACH ROW EXECUTE FUNCTION harmhub_tie_changed(topic_id, person_id);
CREATE TRIGGER harmhub_tie_changed AFTER INSERT OR UPDATE OR DELETE ON topics_programpage_topics
    FOR EACH ROW EXECUTE FUNCTION harmhub_tie_changed(programpage_id, topicpage_id);
CREATE TRIGGER harmhub_tie_changed AFTER UPDATE ON topics_personpage
    FOR EACH ROW EXECUTE FUNCTION harmhub_tie_changed(program_id);

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

-- A team is named on any of the translations of a topic.
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

-- An item stands in listings alone, whose entries come and go; it is told of as if it came or went itself.
CREATE FUNCTION harmhub_restriction_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    restricted integer[] := ARRAY[NEW.page_id, OLD.page_id];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD IS NOT DISTINCT FROM NEW THEN
        RETURN NULL;
    END IF;
    IF EXISTS (
        SELECT FROM wagtailcore_page page JOIN django_content_type kind ON kind.id = page.content_type_id
        WHERE page.id = ANY (restricted)
        AND NOT (kind.app_label = 'content' AND kind.model IN ('voicespage', 'eventpage', 'publicationpage'))
    ) THEN
        PERFORM harmhub_changed('all');
    ELSE
        PERFORM harmhub_changed('page:' || version.id)
            FROM wagtailcore_page page JOIN wagtailcore_page version USING (translation_key)
            WHERE page.id = ANY (restricted);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER harmhub_restriction_changed AFTER INSERT OR UPDATE OR DELETE ON wagtailcore_pageviewrestriction
    FOR EACH ROW EXECUTE FUNCTION harmhub_restriction_changed();

-- Items and listings

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

-- The home page lists the events to come.
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
    PERFORM harmhub_changed('counts:' || page_id || ':' || locale_id) FROM changed
        WHERE expire_at IS NOT NULL GROUP BY page_id, locale_id;
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

-- Facet entries that come and go, each at its place, and what is beside them: which facets a listing has, and
-- which others the work of each of them has. After an import it is cheaper to begin anew.
CREATE FUNCTION harmhub_facets_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM changed) > 5000 THEN
        PERFORM harmhub_changed('all');
        RETURN NULL;
    END IF;
    PERFORM harmhub_changed(
        'facet:' || page_id || ':' || locale_id || ':' || facet || part,
        to_char(published_on, 'YYYY-MM-DD') || '/' || lpad(item_id::text, 10, '0')
    ) FROM changed, unnest(ARRAY['', ':' || kind]) AS part;
    PERFORM harmhub_changed('facets:' || page_id || ':' || locale_id || of_facet || of_kind) FROM (
        SELECT page_id, locale_id, kind, '' AS of_facet FROM changed
        UNION
        SELECT page_id, locale_id, kind, ':' || facet FROM changed
        UNION
        SELECT page_id, locale_id, changed.kind, ':' || beside.facet
        FROM changed JOIN content_facetentry beside USING (page_id, item_id, locale_id)
    ) AS touched, unnest(ARRAY['', ':' || kind]) AS of_kind
    GROUP BY page_id, locale_id, of_facet, of_kind;
    PERFORM harmhub_changed('counts:' || page_id || ':' || locale_id || ':' || facet) FROM changed
        WHERE expire_at IS NOT NULL GROUP BY page_id, locale_id, facet;
    RETURN NULL;
END $$;
CREATE TRIGGER harmhub_facets_come AFTER INSERT ON content_facetentry REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION harmhub_facets_changed();
CREATE TRIGGER harmhub_facets_go AFTER DELETE ON content_facetentry REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION harmhub_facets_changed();

-- A kind or a year that a filtered listing begins or ceases to have.
CREATE FUNCTION harmhub_facet_counts_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    counted content_facetcount := coalesce(NEW, OLD);
BEGIN
    IF counted.kind > '' AND counted.year > 0 THEN
        PERFORM harmhub_changed('counts:' || counted.page_id || ':' || counted.locale_id || ':' || counted.facet);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER harmhub_counts_changed AFTER INSERT OR DELETE ON content_facetcount
    FOR EACH ROW EXECUTE FUNCTION harmhub_facet_counts_changed();

-- The name of a tag stands on filters and items.
CREATE FUNCTION harmhub_tag_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (OLD.name, OLD.slug) IS DISTINCT FROM (NEW.name, NEW.slug) THEN
        PERFORM harmhub_changed('tag:' || OLD.id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER harmhub_tag_changed AFTER UPDATE OR DELETE ON taggit_tag
    FOR EACH ROW EXECUTE FUNCTION harmhub_tag_changed();

-- Pictures, documents, and what all pages show

-- A publication's card tells the size of its file.
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
CREATE TRIGGER harmhub_all_changed AFTER INSERT OR UPDATE OR DELETE ON harmhub_sitesettings
    FOR EACH ROW EXECUTE FUNCTION harmhub_all_changed();
CREATE TRIGGER harmhub_all_changed AFTER INSERT OR UPDATE OR DELETE ON wagtailcore_site
    FOR EACH ROW EXECUTE FUNCTION harmhub_all_changed();
CREATE TRIGGER harmhub_all_changed AFTER INSERT OR UPDATE OR DELETE ON wagtailcore_locale
    FOR EACH ROW EXECUTE FUNCTION harmhub_all_changed();
CREATE TRIGGER harmhub_all_changed AFTER INSERT OR UPDATE OR DELETE ON wagtailcore_collectionviewrestriction
    FOR EACH ROW EXECUTE FUNCTION harmhub_all_changed();
-- A folder that is made, or gets another name, changes nothing.
CREATE TRIGGER harmhub_all_changed AFTER UPDATE ON wagtailcore_collection
    FOR EACH ROW WHEN (OLD.path <> NEW.path) EXECUTE FUNCTION harmhub_all_changed();
