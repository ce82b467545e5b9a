"""Sites of any size, written by SQL that makes all rows at once.

Triggers are off meanwhile, and what they keep is made afterwards in one go: that is how one loads a million
of anything. Texts are of words of which few are common and many rare, as in any language.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from taggit.models import Tag
from wagtail.models import Page

from content.models import ContentItem
from topics.models import ProgramPage

PARAGRAPHS, WORDS = 2_000, 60
COMMON, RARE = "bread", "zeppelin"  # words of every second item, and of one item in ten thousand; and tags
FEW = 100  # items with the rare tag, in a site of any size: only what is around them is to differ
DAYS = 9_000  # that the work goes back
PARAGRAPH = f"(SELECT said FROM paragraph WHERE id = (n::bigint * 7919) % {PARAGRAPHS})"
BODY = "jsonb_build_array(jsonb_build_object('type', 'text', 'value', '<p>' || {} || '</p>'))"
# The step that treebeard gives the n-th child (MP_Node: four digits, base 36).
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
STEP = " || ".join(
    f"substr('{DIGITS}', (({{last}} + n) / {36**place} % 36) + 1, 1)" for place in (3, 2, 1, 0)
)


def grow(item: ContentItem, number: int, program: ProgramPage) -> None:
    """Write so many copies of an item below its parent, with texts and dates of their own. What refers to the
    item, its topic apart, is not copied; every second has a tag, every fourth a program, FEW another tag."""
    parent = Page.objects.get(pk=item.get_parent().pk)
    last = Page._str2int(parent.get_last_child().path[-Page.steplen :])
    rare = f"CASE WHEN n % 10000 = 77 THEN ' {RARE}' ELSE '' END"
    texts = {
        "path": f"'{parent.path}' || {STEP.format(last=last)}",
        "title": f"source.title || ' ' || n || ' ' || split_part({PARAGRAPH}, ' ', 3)",
        "slug": "source.slug || '-' || n",
        "url_path": f"'{parent.url_path}' || source.slug || '-' || n || '/'",
        "translation_key": "gen_random_uuid()",
        "published_on": f"source.published_on - (n::bigint * {DAYS} / {number})::int",
        "summary": f"left(split_part({PARAGRAPH}, '.', 1), 200) || {rare}",
        "body": BODY.format(PARAGRAPH),
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('wagtailcore_page', 'id'))")
        first = cursor.fetchone()[0]
        with _without_triggers(cursor):
            _write_paragraphs(cursor)
            for model in (Page, *(each for each in type(item)._meta.parents if each is not Page), type(item)):
                _copy(cursor, model, item.pk, first, number, texts)
            cursor.execute(
                "UPDATE wagtailcore_page SET numchild = numchild + %s WHERE id = %s", [number, parent.pk]
            )
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence('wagtailcore_page', 'id'), %s)", [first + number]
            )
            _file(cursor, first, number, program)
        cursor.execute("ANALYZE")
        items = [first, first + number - 1]
        with _without_indexes(cursor, "content_facetentry", "facet_by_day", "facet_by_kind"):
            cursor.execute("SELECT content_list(ARRAY(SELECT generate_series(%s::int, %s::int)))", items)
        with _without_indexes(cursor, "content_searchentry", "search_by_word", "search_other_pages"):
            cursor.execute("SELECT content_index(ARRAY(SELECT generate_series(%s::int, %s::int)))", items)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")  # what is still to be written would be written while we measure


@contextmanager
def _without_indexes(cursor, table: str, *names: str) -> Iterator[None]:
    """Make indexes anew after a block, which is quicker than a row at a time."""
    cursor.execute(
        "SELECT indexdef FROM pg_indexes WHERE tablename = %s AND indexname = ANY(%s)", [table, list(names)]
    )
    definitions = [row[0] for row in cursor.fetchall()]
    cursor.execute(f"DROP INDEX {', '.join(names)}")
    yield
    cursor.execute("SET maintenance_work_mem = '1GB'")
    for definition in definitions:
        cursor.execute(definition)


@contextmanager
def _without_triggers(cursor) -> Iterator[None]:
    cursor.execute("SET session_replication_role = replica")
    yield
    cursor.execute("SET session_replication_role = origin")


def _file(cursor, first: int, number: int, program: ProgramPage) -> None:
    """Give items their tags and their program."""
    for name, step in ((COMMON, 2), (RARE, -(-number // FEW))):
        cursor.execute(
            "INSERT INTO content_itemtag (tag_id, content_object_id)"
            " SELECT %s, generate_series(%s::int, %s::int, %s::int)",
            [Tag.objects.create(name=name).pk, first, first + number - 1, step],
        )
    cursor.execute(
        "INSERT INTO content_contentitem_programs (programpage_id, contentitem_id)"
        " SELECT %s, generate_series(%s::int, %s::int, 4)",
        [program.pk, first, first + number - 1],
    )


def _write_paragraphs(cursor) -> None:
    dice = random.Random(1)
    known = ["".join(dice.choices("abdefghiklmnoprstu", k=dice.randint(4, 10))) for _ in range(20_000)]
    shares = [1 / (place + 10) for place in range(len(known))]
    cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS paragraph (id int PRIMARY KEY, said text)")
    cursor.execute("TRUNCATE paragraph")
    for place in range(PARAGRAPHS):
        words = dice.choices(known, shares, k=WORDS) + [COMMON] * (place % 2)
        dice.shuffle(words)
        said = f"{' '.join(words[:20])}. {' '.join(words[20:])}."
        cursor.execute("INSERT INTO paragraph VALUES (%s, %s)", [place, said])


def _copy(cursor, model: type[Page], source: int, first: int, number: int, texts: dict[str, str]) -> None:
    table, link = model._meta.db_table, model._meta.pk.column
    columns = [field.column for field in model._meta.local_concrete_fields if field.column != link]
    values = [texts.get(column, f"source.{column}") for column in columns]
    cursor.execute(
        f"INSERT INTO {table} ({', '.join([link, *columns])}) SELECT {first} + n - 1, {', '.join(values)}"
        f" FROM {table} source, generate_series(1, {number}) n WHERE source.{link} = {source}"
    )
