"""The search form. It only asks, so it refuses nothing: what it cannot understand, it leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from wagtail.models import Locale

from content.listing import PAGE_SIZE
from content.models import EntryCount
from content.models.entries import EVERYWHERE
from content.search import LONGEST, MOST, MOST_WORDS, Question, words_of
from topics.kinds import Kind
from topics.models import ProgramPage, TopicPage
from topics.paths import labels_of

if TYPE_CHECKING:
    from harmhub.pages import PublicPageQuerySet

Choices = list[tuple[Any, Any]]


class SearchForm(forms.Form):
    """What is searched for, and in which part of the work.

    query: that of the request. languages: the codes and names of those that the site has pages in.
    """

    kind = forms.TypedChoiceField(
        required=False,
        coerce=Kind.from_path,
        empty_value=None,
        choices=[(kind.path, kind.path) for kind in Kind],
    )
    topic = forms.TypedChoiceField(label=_("Topic"), required=False, coerce=int, empty_value=None)
    program = forms.TypedChoiceField(label=_("Program"), required=False, coerce=int, empty_value=None)
    year = forms.TypedChoiceField(label=_("Year"), required=False, coerce=int, empty_value=None)
    language = forms.ChoiceField(label=_("Language"), required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=MOST // PAGE_SIZE + 1)
    exact = forms.BooleanField(required=False)

    narrowing = ("topic", "program", "year", "language")

    def __init__(self, query: QueryDict, languages: dict[str, str]) -> None:
        asked = (query.get("language"), get_language(), *languages)
        code = next(code for code in asked if code in languages)
        super().__init__(query.dict() | {"language": code}, auto_id="s-%s")
        self.locale = Locale.objects.get(language_code=code)
        for name, choices in self._choices(languages):
            self.fields[name].choices = choices  # type: ignore[attr-defined]
            if len(choices) < 2:
                del self.fields[name]
        self.full_clean()

    def _choices(self, languages: dict[str, str]) -> Iterator[tuple[str, Choices]]:
        of_all = ("", _("Any"))
        for name, model in (("topic", TopicPage), ("program", ProgramPage)):
            yield name, [of_all, *_labelled(model.objects.public().filter(locale=self.locale))]
        years = EntryCount.objects.filter(page=EVERYWHERE, locale=self.locale, number__gt=0)
        numbers = years.order_by("-year").values_list("year", flat=True).distinct()
        yield "year", [of_all, *((year, year) for year in numbers)]
        yield "language", [*languages.items()]

    @property
    def typed(self) -> str:
        """What was typed, for the box: no more of it than is read, and nothing that no page may hold."""
        return "".join(sign for sign in self.data.get("q", "")[:LONGEST] if sign.isprintable())

    @property
    def words(self) -> str:
        """What is searched for."""
        return " ".join(words_of(self.data.get("q", ""))[:MOST_WORDS])

    @property
    def is_cut(self) -> bool:
        """Whether more was typed than is searched for."""
        typed = self.data.get("q", "")
        return len(typed.strip()) > LONGEST or len(words_of(typed)) > MOST_WORDS

    @property
    def question(self) -> Question:
        """The search as it was understood."""
        chosen = {name: self.cleaned_data.get(name) for name in ("kind", "topic", "program", "year")}
        return Question(self.words, self.locale.language_code, self.locale.pk, **chosen)

    @property
    def number(self) -> int:
        """The page of results that is asked for."""
        return self.cleaned_data.get("page") or 1

    @property
    def is_exact(self) -> bool:
        """Whether these very words are meant."""
        return bool(self.cleaned_data.get("exact"))

    @property
    def is_narrowed(self) -> bool:
        """Whether something was chosen below the box."""
        return any(self.cleaned_data.get(name) for name in ("topic", "program", "year"))

    @property
    def selects(self) -> Iterator[forms.BoundField]:
        """The fields below the box, as far as there is something to choose."""
        return (self[name] for name in self.narrowing if name in self.fields)

    def address(self, **changes: Any) -> str:
        """Return the query of the same search with some changes; None takes a part away."""
        kept = {name: self.data[name] for name in ("kind", *self.narrowing) if self.cleaned_data.get(name)}
        if self.locale.language_code == get_language():
            kept.pop("language", None)
        parts = {"q": self.words} | kept | ({"exact": 1} if self.is_exact else {}) | changes
        return "?" + urlencode({name: value for name, value in parts.items() if value is not None})


def _labelled(pages: PublicPageQuerySet) -> Choices:
    """Return pages by number, with labels that say where they lie, A to Z."""
    found = list(pages.order_by("path").only("path", "title"))
    labels = labels_of({page.path: page.title for page in found})
    return sorted(((page.pk, labels[page.path]) for page in found), key=lambda choice: choice[1].casefold())
