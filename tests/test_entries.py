"""The entries of listings are what their definition says, whatever is done to the pages."""

import random
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from wagtail.models import Locale, Page, PageViewRestriction

from content.models import ContentItem, Entry, EntryCount, EventSpeaker, ItemAuthor, VoicesPage
from content.models.entries import EVERYWHERE
from tests.factories import PersonFactory, ProgramFactory, TopicFactory, Tree, copies
from topics.models import PersonPage, ProgramPage, TopicPage

pytestmark = pytest.mark.django_db


def on_topic(topic: TopicPage) -> Q:
    """What a topic lists, said once more, in other words: its pages and those of the topics below it."""
    below = TopicPage.objects.filter(path__startswith=topic.path).values("translation_key")
    subjects = TopicPage.objects.filter(translation_key__in=below)
    links = ContentItem.further_topics.through.objects.filter(
        contentitem=OuterRef("pk"), topicpage__in=subjects
    )
    return Q(primary_topic__in=subjects) | Q(Exists(links))


def of_program(program: ProgramPage) -> Q:
    links = ContentItem.programs.through.objects
    return Q(
        Exists(
            links.filter(
                contentitem=OuterRef("pk"), programpage__translation_key=program.translation_key
            )
        )
    )


def by_person(person: PersonPage) -> Q:
    same = {"person__translation_key": person.translation_key}
    wrote = ItemAuthor.objects.filter(item=OuterRef("pk"), **same)
    return Q(Exists(wrote) | Exists(EventSpeaker.objects.filter(event=OuterRef("pk"), **same)))


def expected() -> dict[int, set[int]]:
    """Return the numbers of the items that each page is to list."""
    public = ContentItem.objects.public()
    places = {TopicPage: on_topic, ProgramPage: of_program, PersonPage: by_person}
    listed = {
        page.pk: set(public.filter(condition(page), locale=page.locale_id).values_list("pk", flat=True))
        for model, condition in places.items()
        for page in model.objects.all()
    }
    listed[EVERYWHERE] = set(public.values_list("pk", flat=True))
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
    for page, locale in EntryCount.objects.values_list("page", "locale").distinct():
        counted = EntryCount.numbers(page, locale)
        kept = [entry for entry in entries if (entry.page_id, entry.locale_id) == (page, locale)]
        assert counted.total() == len(kept)
        for (kind, year), number in counted.items():
            assert number == sum((e.kind, e.published_on.year) == (kind, year) for e in kept)
    assert {page for page, _ in EntryCount.objects.values_list("page", "locale")} >= set(found)


class Desk(RuleBasedStateMachine):
    """Editors, importers and the scheduler, who do anything in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.outer = transaction.atomic()
        self.outer.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.outer.__exit__(None, None, None)

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.tree = tree = Tree()
        self.spanish = Locale.objects.create(language_code="es")
        for number in range(3):
            parent = self.dice.choice(list(TopicPage.objects.all()))
            TopicFactory(parent=parent, title=f"Topic {number}")
        ProgramFactory(parent=tree.programs, title="Second")
        PersonFactory(parent=tree.people, title="Second")
        for make in (tree.voice, tree.event, tree.publication) * 2:
            make()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS content_entries_follow DEFERRED")
