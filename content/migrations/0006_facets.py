"""The entries of listings by program and by tag, and the triggers that keep them and their numbers true.

They are made of the entries, in the same go (see ``0002_listing``), and told of to page stores in the same way
(``0003_changes``). docs/listing.md tells how it works.
"""

from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


DEFINITION = """
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
"""

_before = import_module("content.migrations.0002_listing").DEFINITION
LIST = "CREATE OR REPLACE" + _before[_before.index(" FUNCTION content_list(") :]
LIST_BOTH = LIST.replace("\nEND $$", "\n    PERFORM content_list_facets(items);\nEND $$")

TAGS = """
CREATE TRIGGER content_queue_named AFTER INSERT OR UPDATE OR DELETE ON content_itemtag
    FOR EACH ROW EXECUTE FUNCTION content_queue_named(content_object_id);
"""

COUNTS = """
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
"""

CHANGES = """
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
"""

OFFERED = """
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

-- The facets of a listing, or of a kind ('' for all) and year (0 for all) of it, with the numbers of current
-- works, the largest first, tags of a single work left out: a JSON array of arrays, each of facet, number, label, slug and time of expiry.
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
"""

LIST_ALL = "SELECT content_list_facets(ARRAY(SELECT page_ptr_id FROM content_contentitem))"

UNDO = """
DROP TRIGGER content_queue_named ON content_itemtag;
DROP FUNCTION content_facets_beside, content_facets_offered, content_facets_called, harmhub_tag_changed, harmhub_facet_counts_changed, harmhub_facets_changed, content_count_facets,
    content_list_facets, content_facets CASCADE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0005_quick_queue'),
        ('taggit', '0006_rename_taggeditem_content_type_object_id_taggit_tagg_content_8fc721_idx'),
        ('wagtailcore', '0098_apitoken'),
        migrations.swappable_dependency(settings.WAGTAIL_PAGE_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FacetCount',
            fields=[
                ('year', models.SmallIntegerField()),
                ('number', models.IntegerField()),
                ('pk', models.CompositePrimaryKey('page_id', 'locale_id', 'facet', 'kind', 'year', blank=True, editable=False, primary_key=True, serialize=False)),
                ('facet', models.IntegerField()),
                ('kind', models.CharField(blank=True, choices=[('voices', 'Voices'), ('event', 'Event'), ('publication', 'Publication')], max_length=12)),
                ('locale', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='wagtailcore.locale')),
                ('page', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.WAGTAIL_PAGE_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['page', 'locale', 'kind', 'year', '-number', 'facet'], name='facet_by_number')],
            },
        ),
        migrations.CreateModel(
            name='FacetEntry',
            fields=[
                ('kind', models.CharField(choices=[('voices', 'Voices'), ('event', 'Event'), ('publication', 'Publication')], max_length=12)),
                ('published_on', models.DateField()),
                ('expire_at', models.DateTimeField(null=True)),
                ('pk', models.CompositePrimaryKey('item_id', 'page_id', 'facet', blank=True, editable=False, primary_key=True, serialize=False)),
                ('facet', models.IntegerField()),
                ('item', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='content.contentitem')),
                ('locale', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='wagtailcore.locale')),
                ('page', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.WAGTAIL_PAGE_MODEL)),
            ],
            options={
                'verbose_name_plural': 'facet entries',
                'indexes': [models.Index(fields=['page', 'facet', 'locale', 'published_on', 'item'], name='facet_by_day'), models.Index(fields=['page', 'facet', 'locale', 'kind', 'published_on', 'item'], name='facet_by_kind'), models.Index(condition=models.Q(('expire_at__isnull', False)), fields=['page', 'expire_at'], name='facet_that_expires')],
            },
        ),
        migrations.RunSQL(
            [DEFINITION, LIST_BOTH, TAGS, COUNTS, CHANGES, OFFERED, LIST_ALL],
            [LIST, UNDO],
        ),
    ]
