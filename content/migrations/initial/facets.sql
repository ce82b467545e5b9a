-- The entries of listings by program and by tag, and their numbers.
--
-- They are made of the entries, in the same go (listing.sql). docs/listing.md tells how it works.
--
-- Run once, by 0001_initial: whoever changes a function replaces it in a new migration, with its SET clause.

-- What the facet entries of some items are to be, once their entries are right: each entry once for each
-- program (where the item has an entry on its page) and tag of the item. Pages of people have no filters.
CREATE FUNCTION content_facets(items integer[])
RETURNS TABLE (page_id integer, item_id integer, facet integer, locale_id integer, kind varchar, published_on date, expire_at timestamptz)
LANGUAGE sql STABLE AS $$
    WITH chosen AS (
        SELECT program.item_id, program.page_id AS facet
        FROM content_entry program JOIN topics_programpage ON page_ptr_id = program.page_id
        WHERE program.item_id = ANY(items)
        UNION
        SELECT content_object_id, -tag_id FROM content_itemtag WHERE content_object_id = ANY(items)
    )
    SELECT entry.page_id, entry.item_id, chosen.facet, entry.locale_id, entry.kind, entry.published_on, entry.expire_at
    FROM content_entry entry JOIN chosen ON chosen.item_id = entry.item_id AND chosen.facet <> entry.page_id
    WHERE entry.item_id = ANY(items)
        AND NOT EXISTS (SELECT FROM topics_personpage WHERE page_ptr_id = entry.page_id)
$$;

-- Make the facet entries of some items what they are to be.
CREATE FUNCTION content_list_facets(items integer[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM content_facetentry entry USING (
        SELECT page_id, item_id, facet, locale_id, kind, published_on, expire_at
        FROM content_facetentry WHERE item_id = ANY(items)
        EXCEPT SELECT * FROM content_facets(items)
    ) AS old
    WHERE entry.page_id = old.page_id AND entry.item_id = old.item_id AND entry.facet = old.facet;
    INSERT INTO content_facetentry (page_id, item_id, facet, locale_id, kind, published_on, expire_at)
        SELECT * FROM content_facets(items)
        EXCEPT SELECT page_id, item_id, facet, locale_id, kind, published_on, expire_at
        FROM content_facetentry WHERE item_id = ANY(items);
END $$;

-- Facet entries that come ('1') or go ('-1') are counted as entries are, also over all kinds ('') and all years (0).
CREATE FUNCTION content_count_facets() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO content_facetcount AS kept (page_id, locale_id, facet, kind, year, number)
        SELECT page_id, locale_id, facet, coalesce(kind, ''), coalesce(extract(year FROM published_on), 0),
            TG_ARGV[0]::integer * count(*)
        FROM changed
        GROUP BY page_id, locale_id, facet, CUBE (kind, extract(year FROM published_on))
        ON CONFLICT (page_id, locale_id, facet, kind, year) DO UPDATE SET number = kept.number + excluded.number;
    DELETE FROM content_facetcount
        WHERE number = 0 AND (page_id, locale_id, facet) IN (SELECT page_id, locale_id, facet FROM changed);
    RETURN NULL;
END $$;
CREATE TRIGGER content_count_come AFTER INSERT ON content_facetentry REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION content_count_facets('1');
CREATE TRIGGER content_count_gone AFTER DELETE ON content_facetentry REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION content_count_facets('-1');

-- What facets are called. A program that the public may not see now has no label.
CREATE FUNCTION content_facets_called(facets integer[])
RETURNS TABLE (facet integer, label varchar, slug varchar, until timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT -tag.id, tag.name, tag.slug, NULL FROM taggit_tag tag WHERE tag.id IN (SELECT -unnest(facets))
    UNION ALL
    SELECT page.id, CASE WHEN page.live AND page.alias_of_id IS NULL
        AND (page.expire_at IS NULL OR page.expire_at > statement_timestamp())
        AND NOT EXISTS (
            SELECT FROM wagtailcore_pageviewrestriction restriction
            JOIN wagtailcore_page closed ON closed.id = restriction.page_id
            WHERE starts_with(page.path, closed.path)
        ) THEN page.title END, page.slug, page.expire_at
    FROM wagtailcore_page page WHERE page.id = ANY(facets)
$$;

-- The facets of a listing, or of a kind ('' for all) and year (0 for all) of it, with the numbers of current works, the
-- largest first, tags of a single work left out: a JSON array of arrays, each of facet, number, label, slug and time of
-- expiry.
CREATE FUNCTION content_facets_offered(of_page integer, of_locale integer, of_kind varchar, of_year integer, most integer)
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    programs integer[] := ARRAY(
        SELECT facet FROM content_facetcount
        WHERE page_id = of_page AND locale_id = of_locale AND kind = of_kind AND year = of_year AND facet > 0
        ORDER BY number DESC, facet LIMIT 200
    );
    tags integer[] := ARRAY(
        SELECT facet FROM content_facetcount
        WHERE page_id = of_page AND locale_id = of_locale AND kind = of_kind AND year = of_year AND facet < 0
            AND number > 1
        ORDER BY number DESC, facet LIMIT most
    );
BEGIN
    RETURN coalesce(jsonb_agg(jsonb_build_array(facet, works, label, slug, until) ORDER BY works DESC, facet), '[]')
    FROM (
        SELECT called.*, counted.number - (
            SELECT count(*) FROM content_facetentry entry
            WHERE entry.page_id = of_page AND entry.locale_id = of_locale AND entry.facet = called.facet
                AND of_kind IN ('', entry.kind) AND of_year IN (0, extract(year FROM entry.published_on))
                AND entry.expire_at <= statement_timestamp()
        ) AS works
        FROM content_facets_called(programs || tags) called
        JOIN content_facetcount counted ON counted.facet = called.facet
        WHERE page_id = of_page AND locale_id = of_locale AND kind = of_kind AND year = of_year
    ) AS found;
END $$;

-- The facets that some works of a listing have beside the one it is filtered by, in the same form.
CREATE FUNCTION content_facets_beside(of_page integer, items integer[])
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce(jsonb_agg(jsonb_build_array(facet, works, label, slug, until) ORDER BY works DESC, facet), '[]')
    FROM (
        SELECT facet, count(*) AS works FROM content_facetentry WHERE page_id = of_page AND item_id = ANY(items)
        GROUP BY facet HAVING facet > 0 OR count(*) > 1
    ) AS found
    JOIN content_facets_called(ARRAY(
        SELECT DISTINCT entry.facet FROM content_facetentry entry WHERE page_id = of_page AND item_id = ANY(items)
    )) AS called USING (facet);
END $$;
