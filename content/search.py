"""Search over all public pages: what is asked, what is found, and how it is shown.

Of the work that matches, the newest ``MOST`` are ranked: by where the words stand, how often, and how old the
work is. More would be found for common words only, of which nobody reads so far; and ranking all of them
would take seconds. What is public, and where it is listed, the entries of the listings know. Nothing here
keeps or logs what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from html import escape
from unicodedata import category, normalize

from django.contrib.postgres.search import SearchQuery, SearchRank, TrigramSimilarity
from django.db import connection, transaction
from django.db.models import Exists, F, Func, OuterRef, Q, Value
from django.db.models.functions import Length
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from wagtail.models import Page

from content.cards import cards_of
from content.listing import PAGE_SIZE
from content.models import ContentItem, Entry, SearchEntry, SearchWord
from content.models.entries import EVERYWHERE, EntryQuerySet
from harmhub.pages import PublicPageQuerySet, all_pages
from topics.kinds import Kind

MOST = 2_000  # items are ranked, and counted
MOST_PAGES = 5  # topics, programs, people and other pages are shown
LONGEST, MOST_WORDS = 100, 10  # characters and words are searched for
SHORTEST = 4  # letters of a word that may be mistyped; those of fewer look like too many others
NEAR = 0.35  # how similar a mistyped word is at least (pg_trgm)
MISTYPED = 2  # letters that it has more or less, at most
TRIED = 5  # similar words: the nearest may stand in drafts only, or in pages that are gone
PATIENCE = "2s"  # the longest that a query may take
WEIGHTS = [0.05, 0.2, 0.4, 1.0]  # of files, text, summary and title
HALF_AS_GOOD = 10  # years, after which work counts half as much as new work
# Cut where PostgreSQL cuts texts: not within "3.5", "who.int" and "978-3". Two words with a hyphen are two: a
# text may have a blank between them.
WORD = re.compile(r"(?:[^\W_]\u0301*)+(?:(?:['’.]|-(?=\d))(?:[^\W_]\u0301*)+)*")
# What belongs to the letter before it, beside marks: non-joiner and joiner of Persian and Hindi words.
JOINERS = "\u200c\u200d"
SOFT_HYPHEN = "\u00ad"  # where a word may be broken: it is one word all the same

# What PostgreSQL puts round the words it found, until all else is escaped.
FOUND, FOUND_END = "\x02", "\x03"
MARKED = re.compile(f"{FOUND}([^{FOUND}{FOUND_END}]*){FOUND_END}")
MARKS = f'StartSel="{FOUND}", StopSel="{FOUND_END}"'
WHOLE = f"HighlightAll=true, {MARKS}"
PARTS = f'MaxFragments=2, MinWords=8, MaxWords=22, ShortWord=0, FragmentDelimiter=" … ", {MARKS}'
HEADLINES = """
SELECT page_id, ts_headline(stemming, title, asked, %s),
    ts_headline(stemming, content_composed(left(summary, 2000)), asked, %s),
    ts_headline(stemming, content_composed(left(body, 20000)), asked, %s)
FROM content_texts(%s), plainto_tsquery(content_stemming(%s), %s) AS asked
"""


class AskedFor(SearchQuery):
    """Words as the function ``content_asked`` has PostgreSQL ask for them (``initial/search.sql``)."""

    SEARCH_TYPES = SearchQuery.SEARCH_TYPES | {"plain": "content_asked"}


@dataclass(frozen=True)
class Question:
    """What is searched for.

    words: with blanks between them. language: its code. locale: the number of that language. kind, topic,
    program (numbers of pages), year: what the work is to be of; None leaves it out.
    """

    words: str
    language: str
    locale: int
    kind: Kind | None = None
    topic: int | None = None
    program: int | None = None
    year: int | None = None

    @property
    def query(self) -> SearchQuery:
        """The words as PostgreSQL asks for them: all of them, stemmed; no character is an operator. Those
        that the language drops ("who") are asked for in capitals ("WHO"), or where it drops all."""
        return AskedFor(self.words, config=Func(Value(self.language), function="content_stemming"))

    @property
    def is_narrow(self) -> bool:
        """Whether work of some sort only is asked for."""
        return any((self.kind, self.topic, self.program, self.year))


def words_of(typed: str) -> list[str]:
    """Return the words in the first 100 characters of what was typed."""
    composed = normalize("NFC", typed.strip()[:LONGEST].replace(SOFT_HYPHEN, ""))
    # Marks that are no part of a letter (an Arabic shadda, a Russian stress) are read as one of them.
    read = "".join("\u0301" if category(sign)[0] == "M" or sign in JOINERS else sign for sign in composed)
    return [composed[slice(*word.span())] for word in WORD.finditer(read)]


@contextmanager
def bounded() -> Iterator[None]:
    """Do a search in a block: no query takes longer than PATIENCE (OperationalError), and each is planned for
    the words it asks for, since the way to a rare word is another than to a common one."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true), set_config('plan_cache_mode', %s, true)",
                [PATIENCE, "force_custom_plan"],
            )
        yield


class Search:
    """What is found for a question: one page of it, from 1 on."""

    def __init__(self, question: Question, number: int = 1) -> None:
        self.question = question
        self.number = number

    @cached_property
    def _ranked(self) -> list[int]:
        """The numbers of the items that match, the best first; one more than MOST where there are more."""
        found = SearchEntry.objects.filter(page_id__in=self.candidates.values("item_id")[: MOST + 1])
        rank = SearchRank(F("words"), self.question.query, weights=WEIGHTS, normalization=Value(1))
        rows = found.annotate(rank=rank).values_list("page_id", "rank", "page__contentitem__published_on")
        today = timezone.localdate()
        scored = [(rank * _freshness(day, today), day, pk) for pk, rank, day in rows]
        return [pk for _, _, pk in sorted(scored, reverse=True)]

    @property
    def candidates(self) -> EntryQuerySet:
        """The entries of all items that match, the newest first."""
        question = self.question
        words = SearchEntry.objects.filter(page_id=OuterRef("item_id"), words=question.query)
        entries = Entry.objects.current().filter(
            Exists(words), page=question.topic or question.program or EVERYWHERE, locale=question.locale
        )
        if question.topic and question.program:
            entries = entries.filter(item__in=Entry.objects.filter(page=question.program).values("item_id"))
        if question.kind:
            entries = entries.of_kind(question.kind)
        if question.year:
            entries = entries.filter(published_on__year=question.year)
        return entries.newest_first()

    @property
    def is_more(self) -> bool:
        """Whether more items match than are counted."""
        return len(self._ranked) > MOST

    @property
    def total(self) -> int:
        """The number of items that match, at most MOST."""
        return min(len(self._ranked), MOST)

    @cached_property
    def items(self) -> list[ContentItem]:
        """The items of this page, ready for cards whose titles and summaries are marked HTML."""
        numbers = self._ranked[:MOST][(self.number - 1) * PAGE_SIZE : self.number * PAGE_SIZE]
        cards = {item.pk: item for item in cards_of(numbers, pictures=False)}
        return self._marked(cards[pk] for pk in numbers if pk in cards)

    @cached_property
    def pages(self) -> list[Page]:
        """The topics, programs, people and other pages that match, the best first; on the first page of a
        search for anything. Their ``title`` and ``summary`` are marked HTML."""
        if self.number > 1:
            return []
        words = F("search_entry__words")
        rank = SearchRank(words, self.question.query, weights=WEIGHTS, normalization=Value(1))
        found = self._matching_pages.annotate(
            rank=rank, is_named_so=Q(title__iexact=self.question.words)
        ).order_by("-is_named_so", "-rank", "pk")
        return self._marked(found[:MOST_PAGES])

    @property
    def _matching_pages(self) -> PublicPageQuerySet:
        if self.question.is_narrow:
            return all_pages().none()
        return (
            all_pages()
            .public()
            .filter(
                search_entry__words=self.question.query,
                search_entry__is_item=False,
                locale=self.question.locale,
            )
        )

    def _marked[Shown: Page](self, pages: Iterable[Shown]) -> list[Shown]:
        """Return pages with what was found in their titles and texts marked."""
        shown = list(pages)
        headlines = self._headlines([page.pk for page in shown])
        for page in shown:
            title, summary, parts = headlines.get(page.pk, (page.title, "", ""))
            page.title = marked(title)
            page.summary = marked(summary if FOUND in summary or FOUND not in parts else f"… {parts} …")
        return shown

    def _headlines(self, pages: list[int]) -> dict[int, tuple[str, str, str]]:
        """Return titles, summaries, and the parts of the texts that hold the words."""
        if not pages:
            return {}
        with connection.cursor() as cursor:
            asked = (self.question.language, self.question.words)
            cursor.execute(HEADLINES, [WHOLE, WHOLE, PARTS, pages, *asked])
            return {pk: texts for pk, *texts in cursor.fetchall()}

    @property
    def first(self) -> int:
        """The place of the first item on this page."""
        return (self.number - 1) * PAGE_SIZE + 1

    @property
    def next_places(self) -> tuple[int, int] | None:
        """The places of the first and the last item on the next page; None where there is none."""
        shown = self.number * PAGE_SIZE
        return (shown + 1, min(shown + PAGE_SIZE, self.total)) if shown < self.total else None

    @property
    def finds_something(self) -> bool:
        """Whether anything matches; asked alone, this takes less than what matches."""
        return self.candidates.exists() or self._matching_pages.exists()

    def corrected(self) -> Search | None:
        """Return a search with similar words for those that nothing public holds, if that finds something."""
        words = " ".join(map(self._corrected, self.question.words.split()))
        other = Search(replace(self.question, words=words))
        return other if words != self.question.words and other.finds_something else None

    def _corrected(self, word: str) -> str:
        everywhere = replace(self.question, words=word, kind=None, topic=None, program=None, year=None)
        if len(word) < SHORTEST or Search(everywhere).finds_something:
            return word
        similar = SearchWord.objects.filter(
            locale=self.question.locale, word__trigram_similar=word.lower()
        ).annotate(similarity=TrigramSimilarity("word", word.lower()), letters=Length("word"))
        # A part of a longer word is another word, no mistyped one.
        similar = similar.filter(
            similarity__gte=NEAR, letters__gte=len(word) - MISTYPED, letters__lte=len(word) + MISTYPED
        )
        nearest = similar.order_by("-similarity", "word").values_list("word", flat=True)[:TRIED]
        others = (other for other in nearest if Search(replace(everywhere, words=other)).finds_something)
        return next(others, word)


def marked(text: str) -> SafeString:
    """Return a text as HTML, with what PostgreSQL found in it marked."""
    html = MARKED.sub(r"<mark>\1</mark>", escape(text))
    return mark_safe(html.replace(FOUND, "").replace(FOUND_END, ""))  # noqa: S308 (escaped above)


def _freshness(day: date, today: date) -> float:
    """Return a factor from 1 for new work downwards."""
    return 1 / (1 + max(0, (today - day).days) / (HALF_AS_GOOD * 365.25))
