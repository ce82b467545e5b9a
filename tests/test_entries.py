"""The entries of listings are what their definition says, whatever is done to the pages."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from io import StringIO
from itertools import count
from uuid import UUID

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from taggit.models import Tag
from wagtail.models import Locale, Page, PageViewRestriction

from content.models import (
    ContentItem,
    Entry,
    EntryCount,
    EventPage,
    EventSpeaker,
    FacetCount,
    FacetEntry,
    ItemAuthor,
    ItemTag,
    VoicesPage,
)
from content.models.entries import EVERYWHERE
from harmhub.publishing import UnfinishedError
from tests.factories import TopicFactory, Tree, copies
from tests.fixtures import databases
from tests.fixtures.stateful import run_operations
from topics.models import PersonPage, ProgramPage, TopicPage

pytestmark = pytest.mark.django_db
NUMBER = st.integers(0, 10**6)


def expected() -> dict[int, set[int]]:
    """Return the numbers of the items that each page is to list: the definition, said once more in Python."""
    columns = ("pk", "translation_key", "locale", "path")
    key = {page: key for page, key, _, _ in Page.objects.values_list(*columns)}
    public = dict(ContentItem.objects.public().values_list("pk", "locale"))
    named: dict[int, set[UUID]] = {item: set() for item in public}
    for of, column, rows in (
        ("pk", "primary_topic", ContentItem.objects),
        ("contentitem", "topicpage", ContentItem.further_topics.through.objects),
        ("contentitem", "programpage", ContentItem.programs.through.objects),
        ("item", "person", ItemAuthor.objects),
        ("event", "person", EventSpeaker.objects),
    ):
        for item, page in rows.filter(**{f"{column}__isnull": False}).values_list(of, column):
            if item in named:
                named[item].add(key[page])
    listed = {EVERYWHERE: set(public)}
    topics = list(TopicPage.objects.values_list(*columns))
    for page, _, locale, path in topics:
        below = {other for _, other, _, where in topics if where.startswith(path)}
        listed[page] = {item for item, keys in named.items() if keys & below and public[item] == locale}
    for model in (ProgramPage, PersonPage):
        for page, own, locale, _ in model.objects.values_list(*columns):
            listed[page] = {item for item, keys in named.items() if own in keys and public[item] == locale}
    return {page: items for page, items in listed.items() if items}


def check() -> None:
    """Compare entries, their columns and the counts with what the pages say."""
    found: dict[int, set[int]] = {}
    entries = list(Entry.objects.current().select_related("item"))
    for entry in entries:
        found.setdefault(entry.page_id, set()).add(entry.item_id)
        copied = (entry.kind, entry.published_on, entry.locale_id, entry.expire_at)
        item = entry.item
        assert copied == (item.kind, item.published_on, item.locale_id, item.expire_at)
    assert found == expected()
    counted = Counter(
        (entry.page_id, entry.locale_id, entry.kind, entry.published_on.year) for entry in Entry.objects.all()
    )
    keys = ("page", "locale", "kind", "year", "number")
    assert {tuple(row): number for *row, number in EntryCount.objects.values_list(*keys)} == counted
    check_facets(entries)


def check_facets(entries: list[Entry]) -> None:
    """Compare what stands under programs and tags with the entries, and its counts."""
    programs, people = (
        set(model.objects.values_list("pk", flat=True)) for model in (ProgramPage, PersonPage)
    )
    facets: dict[int, set[int]] = {}
    for item, tag in ItemTag.objects.values_list("content_object", "tag"):
        facets.setdefault(item, set()).add(-tag)
    for entry in entries:
        if entry.page_id in programs:
            facets.setdefault(entry.item_id, set()).add(entry.page_id)
    current = list(FacetEntry.objects.current())
    columns = ("page_id", "item_id", "locale_id", "kind", "published_on", "expire_at")
    assert {(each.facet, *(getattr(each, name) for name in columns)) for each in current} == {
        (facet, *(getattr(entry, name) for name in columns))
        for entry in entries
        if entry.page_id not in people
        for facet in facets.get(entry.item_id, set()) - {entry.page_id}
    }
    counted = Counter(
        (each.page_id, each.locale_id, each.facet, kind, year)
        for each in FacetEntry.objects.all()
        for kind in (each.kind, "")
        for year in (each.published_on.year, 0)
    )
    keys = ("page", "locale", "facet", "kind", "year", "number")
    assert {tuple(row): number for *row, number in FacetCount.objects.values_list(*keys)} == counted


class Desk(RuleBasedStateMachine):
    """Editors, importers and the scheduler, who do anything in any order.

    What they do is one transaction until ``commit()``: the entries follow at its end.
    """

    tree: Tree

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.follow("DEFERRED")
        self.numbers = count()
        self.spanish = Locale.objects.create(language_code="es")
        for make in (self.tree.voice, self.tree.event, self.tree.publication):
            make()

    @staticmethod
    @contextlib.contextmanager
    def form() -> Iterator[None]:
        """Do something as the admin does: what is not valid, such as work without a topic or a change to an
        alias, is refused."""
        with contextlib.suppress(ValidationError, UnfinishedError, RuntimeError), transaction.atomic():
            yield

    def teardown(self) -> None:
        try:
            self.commit()
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    @staticmethod
    def follow(when: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET CONSTRAINTS content_entries_follow {when}")

    @rule()
    def commit(self) -> None:
        self.follow("IMMEDIATE")
        check()
        self.follow("DEFERRED")

    @staticmethod
    def one(model: type, number: int) -> Page | None:
        """Return one of the pages of a kind, whichever it is."""
        found = list(model.objects.order_by("pk").values_list("pk", flat=True))
        return model.objects.get(pk=found[number % len(found)]) if found else None

    @rule(make=st.sampled_from(["voice", "event", "publication"]), topic=NUMBER, live=st.booleans())
    def write(self, make: str, topic: int, live: bool) -> None:
        getattr(self.tree, make)(primary_topic=self.one(TopicPage, topic), live=live)

    @rule(item=NUMBER, number=st.integers(1, 4))
    def import_many(self, item: int, number: int) -> None:
        if found := self.one(VoicesPage, item):
            found.slug = f"import-{next(self.numbers)}"
            copies(found, number)

    @rule(item=NUMBER, topic=NUMBER, days=st.integers(0, 900))
    def edit(self, item: int, topic: int, days: int) -> None:
        ContentItem.objects.filter(pk=getattr(self.one(ContentItem, item), "pk", None)).update(
            primary_topic=self.one(TopicPage, topic), published_on=date(2026, 5, 1) - timedelta(days=days)
        )

    @rule(item=NUMBER, topics=st.lists(NUMBER, max_size=3), programs=st.lists(NUMBER, max_size=2))
    def classify(self, item: int, topics: list[int], programs: list[int]) -> None:
        if found := self.one(ContentItem, item):
            found = found.specific
            found.further_topics = [self.one(TopicPage, topic) for topic in topics]
            found.programs = [self.one(ProgramPage, program) for program in programs]
            with self.form():
                found.save()

    @rule(item=NUMBER, tags=st.lists(st.sampled_from(["prices", "peers", "Röntgen"]), max_size=3))
    def tag(self, item: int, tags: list[str]) -> None:
        if found := self.one(ContentItem, item):
            found = found.specific
            found.tags.set(tags)
            with self.form():
                found.save()

    @rule(tag=st.sampled_from(["prices", "peers", "Röntgen"]))
    def forget_tag(self, tag: str) -> None:
        Tag.objects.filter(name=tag).delete()

    @rule(item=NUMBER, person=NUMBER)
    def credit(self, item: int, person: int) -> None:
        item, person = self.one(ContentItem, item), self.one(PersonPage, person)
        if item and person and not item.authors.filter(person=person).exists():
            ItemAuthor.objects.create(item=item, person=person)

    @rule(event=NUMBER, person=NUMBER)
    def invite(self, event: int, person: int) -> None:
        event, person = self.one(EventPage, event), self.one(PersonPage, person)
        if event and person and not event.speakers.filter(person=person).exists():
            EventSpeaker.objects.create(event=event, person=person)

    @rule(model=st.sampled_from([ItemAuthor, EventSpeaker]), number=NUMBER)
    def forget(self, model: type, number: int) -> None:
        if found := self.one(model, number):
            found.delete()

    @rule(item=NUMBER)
    def publish(self, item: int) -> None:
        if found := self.one(ContentItem, item):
            with self.form():
                found.specific.save_revision().publish()

    @rule(item=NUMBER)
    def unpublish(self, item: int) -> None:
        if found := self.one(ContentItem, item):
            with self.form():
                found.specific.unpublish()

    @rule(item=NUMBER, minutes=st.sampled_from([-1, 60]))
    def expire(self, item: int, minutes: int) -> None:
        ContentItem.objects.filter(pk=getattr(self.one(ContentItem, item), "pk", None)).update(
            expire_at=timezone.now() + timedelta(minutes=minutes)
        )

    @rule(page=NUMBER)
    def close(self, page: int) -> None:
        found = self.one(Page, page)
        if not found.view_restrictions.exists():
            PageViewRestriction.objects.create(page=found, restriction_type=PageViewRestriction.LOGIN)

    @rule(number=NUMBER)
    def open(self, number: int) -> None:
        if found := self.one(PageViewRestriction, number):
            found.delete()

    @rule(topic=NUMBER, place=NUMBER)
    def move_topic(self, topic: int, place: int) -> None:
        topic, target = self.one(TopicPage, topic), self.one(TopicPage, place)
        if not target.path.startswith(topic.path):
            with self.form():
                topic.move(target, pos="last-child")

    @rule(topic=NUMBER)
    def found_topic(self, topic: int) -> None:
        parent = self.one(TopicPage, topic)
        if parent.depth < 8:
            TopicFactory(parent=parent, title="New", slug=f"new-{next(self.numbers)}")

    @rule(page=NUMBER)
    def translate(self, page: int) -> None:
        found = self.one(Page, page)
        if found.depth > 1 and not found.has_translation(self.spanish):
            with self.form():
                found.specific.copy_for_translation(self.spanish, copy_parents=True)
                found.get_translation(self.spanish).specific.save_revision().publish()

    @rule(item=NUMBER)
    def repeat(self, item: int) -> None:
        if found := self.one(VoicesPage, item):
            with self.form():
                found.create_alias(update_slug=f"again-{next(self.numbers)}")

    @rule(model=st.sampled_from([ContentItem, ProgramPage, PersonPage, TopicPage]), number=NUMBER)
    def delete(self, model: type, number: int) -> None:
        below = Page.objects.none()
        if model is TopicPage:
            below = self.one(model, number).get_descendants()
        if model.objects.count() - below.count() > 2:
            self.one(model, number).specific.delete()


def test_entries_equal_their_definition_after_a_thousand_random_operations(tree: Tree):
    run_operations(Desk, tree, steps=40, operations=1_000)


# --- the command


def told(*arguments: str) -> str:
    output = StringIO()
    call_command("check_listing", *arguments, stdout=output)
    return output.getvalue()


@pytest.mark.django_db(transaction=True)
def test_command_names_each_difference_and_mends_them(tree: Tree):
    kept, lost = tree.voice(title="Kept", programs=[tree.program]), tree.voice(title="Lost")
    assert told() == "All entries are as they should be.\n"
    FacetEntry.objects.filter(item=kept, page=tree.health).delete()
    FacetCount.objects.filter(page=tree.harm_reduction, year=0, kind="").update(number=7)
    Entry.objects.filter(item=lost, page=tree.health).delete()
    Entry.objects.filter(item=kept, page=tree.health).update(published_on=date(2020, 1, 1))
    EntryCount.objects.filter(page=tree.harm_reduction).update(number=7)
    output = StringIO()
    with pytest.raises(CommandError, match="differences"):
        call_command("check_listing", stdout=output)
    for line in (
        "missing: “Lost” (2026-05-01) on “Health”",
        "wrong: “Kept” (2020-01-01) on “Health”",
        f"count: 7 instead of 2 of kind voices in 2026 on page {tree.harm_reduction.pk}",
        f"missing: “Kept” (2020-01-01) on “Health”, filtered by “{tree.program.title}”",
        f"count: 7 instead of 1 of kind any in any year on page {tree.harm_reduction.pk}, filtered by",
    ):
        assert line in output.getvalue()
    assert "were put right" in told("--mend")
    assert told() == "All entries are as they should be.\n"
    check()


# --- two at once


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["the article", "the topic"])
def test_article_that_is_published_while_its_topic_moves_is_listed_where_the_topic_is_then(
    tree: Tree, first: str
):
    """Each of two transactions changes something before the other has ended."""
    article = tree.voice(live=False)

    def publish(cursor) -> None:
        cursor.execute("UPDATE wagtailcore_page SET live = true WHERE id = %s", [article.pk])

    def move(cursor) -> None:
        target = f"{tree.justice.path}0001"
        cursor.execute(
            "UPDATE wagtailcore_page SET path = %s || substr(path, %s) WHERE starts_with(path, %s)",
            [target, len(target) + 1, tree.harm_reduction.path],
        )

    works = (publish, move) if first == "the article" else (move, publish)
    address = databases.conninfo(connection.settings_dict["NAME"])
    with psycopg.connect(address) as one, psycopg.connect(address) as other:
        works[0](one)
        works[1](other)
        one.commit()
        other.commit()
    assert Entry.objects.filter(item=article, page=tree.justice).exists()
    assert not Entry.objects.filter(item=article, page=tree.health).exists()
    check()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["article", "section"])
def test_what_is_restricted_while_it_moves_is_listed_nowhere(tree: Tree, what: str):
    article, other = tree.voice(), tree.voice()
    closed, place = {"article": (article, other), "section": (tree.voices, tree.topics)}[what]
    with psycopg.connect(databases.conninfo(connection.settings_dict["NAME"])) as restricting:
        restricting.execute(
            "INSERT INTO wagtailcore_pageviewrestriction (page_id, restriction_type, password)"
            " VALUES (%s, 'login', '')",
            [closed.pk],
        )
        Page.objects.get(pk=closed.pk).move(Page.objects.get(pk=place.pk), pos="right")
        restricting.commit()
    assert not Entry.objects.filter(item=article).exists()
    assert Entry.objects.filter(item=other).exists() == (what == "article")
    check()


def test_restricting_one_of_many_pages_does_not_read_them_all(tree: Tree):
    article = tree.voice()
    copies(article, 1_000)

    def pages_read() -> int:
        cursor.execute("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'wagtailcore_page'")
        return cursor.fetchone()[0]

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS content_entries_follow IMMEDIATE")
        cursor.execute("ANALYZE wagtailcore_page, content_contentitem")
        before = pages_read()
        PageViewRestriction.objects.create(page=article, restriction_type=PageViewRestriction.LOGIN)
        assert not Entry.objects.filter(item=article).exists()
        assert pages_read() - before < 500


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("column", ["live", "title"])
def test_transaction_that_would_not_see_what_others_did_is_refused(tree: Tree, column: str):
    article = tree.voice(title="Van", live=False)
    with psycopg.connect(databases.conninfo(connection.settings_dict["NAME"])) as importing:
        importing.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        value = {"live": "true", "title": "'Zeppelin'"}[column]
        importing.execute(f"UPDATE wagtailcore_page SET {column} = {value} WHERE id = %s", [article.pk])
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="READ COMMITTED"):
            importing.commit()
    article.refresh_from_db()
    assert (article.live, article.title) == (False, "Van")
