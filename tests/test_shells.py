"""A page on which only cards have changed is made of what stood around them, and of those cards anew."""

from collections.abc import Hashable

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from content.models import ContentItem
from harmhub.store import parts, shown
from harmhub.store.shown import Changes, Shown, address_tag
from tests.factories import ImageFactory, Tree

TOPIC = "/topics/health/harm-reduction/"

pytestmark = pytest.mark.django_db


class Process:
    """What a web process keeps of the pages that it renders."""

    def __init__(self) -> None:
        self.parts = parts.Parts()
        self.made: set[Hashable] = set()  # at the last rendering

    def get(self, path: str) -> tuple[HttpResponse, Shown, int]:
        """Return a page, what it shows, and in how many queries it was made."""
        with (
            CaptureQueriesContext(connection) as queries,
            shown.noting_page() as seen,
            parts.using(self.parts) as rendering,
        ):
            answer = Client().get(path)
        assert answer.status_code == 200
        self.made = {key for key, _ in rendering.made}
        for key, part in rendering.made:
            self.parts.add(key, part)
        return answer, seen, len(queries)

    def hear(self, *tags: str) -> None:
        self.parts.drop(Changes((tag, None) for tag in tags))


@pytest.fixture
def items(tree: Tree) -> list[ContentItem]:
    return [tree.voice(title=f"Article {number}", image=ImageFactory()) for number in range(15)]


@pytest.mark.parametrize("path", [TOPIC, "/", "/voices/", f"{TOPIC}voices/"])
def test_only_the_card_that_has_changed_is_asked_for(items: list[ContentItem], path: str):
    process, newest = Process(), items[-1]
    before, first, _ = process.get(path)
    ContentItem.objects.filter(pk=newest.pk).update(summary="Changed since.")
    process.hear(f"page:{newest.pk}")
    after, again, queries = process.get(path)
    assert queries == 1
    fresh = Client().get(path)
    assert after.content == fresh.content != before.content
    assert after.headers == fresh.headers
    assert again.tags >= first.tags
    assert (again.spans, again.is_page) == (first.spans, True)


def test_page_with_a_query_behind_its_address_is_the_same_page(items: list[ContentItem]):
    process = Process()
    page, _, _ = process.get(TOPIC)
    again, _, queries = process.get(f"{TOPIC}?utm_source=somewhere")
    assert (again.content, queries) == (page.content, 0)


def test_what_stands_around_the_cards_is_made_anew_when_it_changes(tree: Tree, items: list[ContentItem]):
    process = Process()
    process.get(TOPIC)
    tree.harm_reduction.introduction = "Changed since."
    tree.harm_reduction.save()
    process.hear(f"page:{tree.harm_reduction.pk}")
    assert process.get(TOPIC)[0].content == Client().get(TOPIC).content


def test_page_that_is_dropped_by_its_address_is_made_anew(items: list[ContentItem]):
    process = Process()
    process.get(TOPIC)
    process.hear(address_tag(TOPIC))
    process.get(TOPIC)
    assert process.made == {("en", "shell", TOPIC)}


def test_where_nothing_is_kept_of_a_page_nothing_is_noted_apart(items: list[ContentItem]):
    with shown.noting() as seen, parts.using(None):
        Client().get(TOPIC)
    assert f"page:{items[-1].pk}" in seen.tags
