"""The page of search, the one public page here that is no page of the tree."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from content.search import Search, bounded
from content.search_form import SearchForm
from harmhub import errors, limits
from harmhub.public_forms import unstored
from topics.hub import hub_of
from topics.kinds import Kind

PER_CLIENT, IN_ALL = 600, 50_000  # searches an hour


@unstored
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show the search box, and what is found for ``q``. Others: 429 too many; 503 no answer in time."""
    with bounded():
        form = SearchForm(request.GET, hub_of(request).languages)
        context = {"form": form, "sensitive_topic": True}
        if form.words:
            if not limits.allow("search", request, per_client=PER_CLIENT, in_all=IN_ALL):
                return errors.too_often(request, limits.minutes_to_wait())
            context |= _results(form)
        return render(request, "content/search.html", context)


def _results(form: SearchForm) -> dict:
    """Return what is found, or else what similar words find, and the ways on from there."""
    asked = Search(form.question, form.number)
    corrected = None if form.is_exact or asked.total or asked.pages else asked.corrected()
    found = corrected or asked
    words = found.question.words
    turns = {
        "previous": found.number - 1 if found.number > 1 else None,
        "next": found.number + 1 if found.next_places else None,
    }
    return {
        "search": found,
        "corrected": corrected,
        "exact": form.address(exact=1),
        "wide": form.address(kind=None, topic=None, program=None, year=None),
        "kinds": [
            (
                kind.plural if kind else _("All"),
                form.address(q=words, kind=kind and kind.path),
                kind == form.question.kind,
            )
            for kind in (None, *Kind)
        ],
    } | {turn: number and form.address(q=words, page=number) for turn, number in turns.items()}
