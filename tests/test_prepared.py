"""Queries whose SQL is put together once say the same as those that Django makes anew."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet, Value
from django.utils import timezone
from wagtail.models import Page

from harmhub import prepared
from harmhub.pages import all_pages
from harmhub.prepared import Prepared, moment
from tests.factories import TopicFactory, Tree


class Builder:
    """A function that returns a query, and counts how often it was called."""

    def __init__(self, build):
        self.build, self.calls, self.__name__ = build, 0, "builder"

    def __call__(self, *values, **others):
        self.calls += 1
        return self.build(*values, **others)


def pages_of(keys: list[UUID], depth: int, *, newest_first: bool) -> QuerySet[Page]:
    found = all_pages().filter(translation_key__in=keys, depth__gte=depth)
    return found.select_related("locale").order_by("-pk" if newest_first else "pk")


def test_rows_are_those_of_the_query_and_it_is_put_together_once_for_each_shape(tree: Tree):
    builder = Builder(pages_of)
    ask = Prepared(builder)
    chosen = [tree.health, tree.justice, tree.person, tree.program]
    for one, other in pairwise(chosen):
        keys = [one.translation_key, other.translation_key]
        for depth in (1, 4):
            found = ask(keys, depth, newest_first=True)
            assert found == list(pages_of(keys, depth, newest_first=True))
            assert [page.locale.language_code for page in found] == ["en"] * len(found)
    assert builder.calls == 1
    assert ask([tree.health.translation_key], 1, newest_first=True) == [tree.health.page_ptr]
    ask([tree.health.translation_key], 1, newest_first=False)
    assert builder.calls == 3


def test_statements_of_many_shapes_are_not_kept_for_ever(tree: Tree, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prepared, "MOST", 3)
    ask = Prepared(lambda slug, *, depth: all_pages().filter(slug=slug, depth=depth))
    assert [len(ask("health", depth=depth)) for depth in range(1, 9)] == [0, 0, 0, 1, 0, 0, 0, 0]
    assert len(ask._statements) <= 3


def test_beginning_of_a_text_is_taken_as_it_is_written(tree: Tree):
    titles = {"a_b", "axb", "a%b", "a\\b"}
    for number, title in enumerate(titles):
        TopicFactory(parent=tree.topics, title=title, slug=f"a{number}")
    ask = Prepared(lambda start: all_pages().filter(title__startswith=start))
    for start in ("a_", "ax", "a%", "a\\", "a"):
        assert {page.title for page in ask(start)} == {title for title in titles if title.startswith(start)}


def test_each_call_asks_for_its_own_moment(tree: Tree, monkeypatch: pytest.MonkeyPatch):
    tree.health.expire_at = timezone.now() + timedelta(hours=1)
    tree.health.save()
    ask = Prepared(lambda slug: all_pages().public().filter(slug=slug))
    assert ask("health") == [tree.health.page_ptr]
    later = timezone.now() + timedelta(hours=2)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert ask("health") == []
    assert moment() == later


@pytest.mark.parametrize(
    "build",
    [
        lambda value: all_pages(),
        lambda value: all_pages().filter(slug__contains=value),
        lambda value: all_pages().annotate(said=Value(f"“{value}”")),
    ],
    ids=["left out", "within", "made into another"],
)
def test_value_that_does_not_stand_in_the_query_as_it_is_is_refused(db, build):
    with pytest.raises(TypeError):
        Prepared(build)("health")


def test_query_that_can_have_no_rows_is_refused(db):
    with pytest.raises(EmptyResultSet):
        Prepared(lambda slug: all_pages().none().filter(slug=slug))("health")


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_by_its_own_connection(tree: Tree):
    ask = Prepared(lambda slug: all_pages().filter(slug=slug))

    def asked(slug: str) -> list[str]:
        try:
            return [page.title for page in ask(slug) for _ in range(2)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(asked, ["health", "justice"] * 10))
    assert found == [["Health"] * 2, ["Justice"] * 2] * 10
