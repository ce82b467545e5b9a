"""The time of an import grows with its size, and no longer with the square of it.

Where items are listed is found out once for each page they are filed under: there are few of those. And PostgreSQL
keeps no plan from the time when its tables were nearly empty, and reading them from end to end cost nothing.
"""

from importlib import import_module

from django.db import migrations

LISTING = """
-- What the entries of some items are to be.
CREATE OR REPLACE FUNCTION content_listing(items integer[])
RETURNS TABLE (page_id integer, item_id integer, locale_id integer, kind varchar, published_on date, expire_at timestamptz)
LANGUAGE sql STABLE AS $$
    WITH closed AS MATERIALIZED (
        SELECT page.path FROM wagtailcore_pageviewrestriction restriction
        JOIN wagtailcore_page page ON page.id = restriction.page_id
    ), item AS MATERIALIZED (
        SELECT page.id, page.locale_id, content.kind, content.published_on, page.expire_at, content.primary_topic_id
        FROM unnest(items) AS asked (id)
        JOIN content_contentitem content ON content.page_ptr_id = asked.id
        JOIN wagtailcore_page page ON page.id = asked.id
        WHERE page.live AND page.alias_of_id IS NULL
            AND NOT EXISTS (SELECT FROM closed WHERE starts_with(page.path, closed.path))
    ), filed AS MATERIALIZED (
        -- The pages that editors chose for each.
        SELECT item.*, item.primary_topic_id AS chosen FROM item
        UNION ALL
        SELECT item.*, further.topicpage_id
        FROM item JOIN content_contentitem_further_topics further ON further.contentitem_id = item.id
        UNION ALL
        SELECT item.*, program.programpage_id
        FROM item JOIN content_contentitem_programs program ON program.contentitem_id = item.id
        UNION ALL
        SELECT item.*, author.person_id FROM item JOIN content_itemauthor author ON author.item_id = item.id
        UNION ALL
        SELECT item.*, speaker.person_id FROM item JOIN content_eventspeaker speaker ON speaker.event_id = item.id
    ), version AS MATERIALIZED (
        -- What is chosen stays on the original when an item is translated, so pages are compared by what they
        -- are translations of.
        SELECT original.id AS chosen, page.id, page.locale_id, page.path
        FROM wagtailcore_page original JOIN wagtailcore_page page ON page.translation_key = original.translation_key
        WHERE original.id IN (SELECT filed.chosen FROM filed)
    ), place AS MATERIALIZED (
        -- A topic, and those above it.
        SELECT version.chosen, above.id, above.locale_id
        FROM version
        JOIN topics_topicpage ON topics_topicpage.page_ptr_id = version.id
        JOIN wagtailcore_page above ON above.path = ANY(ARRAY(
            SELECT left(version.path, 4 * step) FROM generate_series(1, length(version.path) / 4) AS step
        ))
        JOIN topics_topicpage topic ON topic.page_ptr_id = above.id
        UNION
        SELECT version.chosen, version.id, version.locale_id
        FROM version JOIN topics_programpage ON topics_programpage.page_ptr_id = version.id
        UNION
        SELECT version.chosen, version.id, version.locale_id
        FROM version JOIN topics_personpage ON topics_personpage.page_ptr_id = version.id
    )
    SELECT 0 /* the whole site */, id, locale_id, kind, published_on, expire_at FROM item
    UNION
    SELECT place.id, filed.id, filed.locale_id, filed.kind, filed.published_on, filed.expire_at
    FROM filed JOIN place ON place.chosen = filed.chosen AND place.locale_id = filed.locale_id
$$;
"""
# To plan takes some milliseconds, which one item is not worth.
PLAN = """
BEGIN
    PERFORM set_config(
        'plan_cache_mode', CASE WHEN cardinality(%s) > 100 THEN 'force_custom_plan' ELSE 'auto' END, true
    );
"""
SETTINGS = {
    # They are called for each page, always for the same few rows. (Whoever replaces one sets it anew.)
    "harmhub_page_changed": "enable_seqscan = off",
    "content_words": "plan_cache_mode = auto",
    "content_written": "plan_cache_mode = auto",
    "content_stemming": "plan_cache_mode = auto",
}


def before(migration: str, name: str, function: str) -> str:
    """Return a function as an earlier migration makes it."""
    text = getattr(import_module(f"content.migrations.{migration}"), name)
    begin = text.index(f" FUNCTION {function}(")
    return "CREATE OR REPLACE" + text[begin : text.index("$$;", begin) + 3]


def planned(function: str, items: str) -> str:
    """Return a function that first says how it is to be planned."""
    return function.replace("\nBEGIN\n", PLAN % items, 1)


LIST = before("0006_facets", "LIST_BOTH", "content_list")
INDEX = before("0004_search", "TEXTS", "content_index").replace("to_tsvector(", "content_parsed(")


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0011_slashes'),
    ]

    operations = [
        migrations.RunSQL(LISTING, before("0002_listing", "DEFINITION", "content_listing")),
        migrations.RunSQL(planned(LIST, "items"), LIST),
        migrations.RunSQL(planned(INDEX, "pages"), INDEX),
        *(
            migrations.RunSQL(f"ALTER FUNCTION {name} SET {setting}", f"ALTER FUNCTION {name} RESET ALL")
            for name, setting in SETTINGS.items()
        ),
    ]
