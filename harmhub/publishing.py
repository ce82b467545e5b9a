"""What a draft may lack and a public page may not.

Autosave keeps pages that are half filled in. The editing form refuses to publish them, but a moderator's
approval, a schedule and the publishing of several pages at once ask no form: they all end in
``HubPage.publish``, which asks here.
"""

from collections.abc import Callable
from functools import partial

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from modelcluster.fields import ParentalKey
from modelcluster.models import get_all_child_relations
from wagtail.admin import messages
from wagtail.admin.admin_url_finder import AdminURLFinder
from wagtail.fields import StreamField
from wagtail.models import Orderable, Page


class Row(Orderable):
    """A row below a page: an author, a file. Stored with a draft, it may be half filled in, too.

    What must be unique among rows is so at the end of a transaction (``DEFERRED``): rows are stored one after
    the other, so where two change places, one is for a moment what the other still is.
    """

    class Meta(Orderable.Meta):
        abstract = True

    def clean_to_publish(self) -> None:
        """Raise ValidationError while the row lacks something."""
        self.full_clean(exclude={field.name for field in self._meta.fields if isinstance(field, ParentalKey)})


class UnfinishedError(Exception):
    """Something was to be published that lacks something. ``draft``: a page, or whatever else has drafts, as
    it was to be."""

    def __init__(self, draft: Model, faults: list[str]):
        self.draft = draft
        title = draft.get_admin_display_title() if isinstance(draft, Page) else str(draft)
        super().__init__(
            _("“%(title)s” was not published. Please look at: %(faults)s.")
            % {"title": title, "faults": ", ".join(faults)}
        )


def faults_of(page: Model) -> list[str]:
    """Return what keeps a page (or what else has drafts) from being published as it is: names of fields and
    rows, sentences; none if it is whole.

    What only a public page may not is asked of its ``clean_to_publish()``, where it has one.
    """
    checks: list[tuple[str, Callable[[], object]]] = [
        (str(field.verbose_name), partial(field.stream_block.clean, getattr(page, field.name)))
        for field in page._meta.fields
        if isinstance(field, StreamField)
    ]
    for relation in get_all_child_relations(type(page)):
        if issubclass(relation.related_model, Row):
            name = str(relation.related_model._meta.verbose_name_plural)
            rows = getattr(page, relation.get_accessor_name()).all()
            checks += [(name, row.clean_to_publish) for row in rows]
    faults = _faults_of_fields(page) + [name for name, check in checks if not _passes(check)]
    return list(dict.fromkeys(faults))


def _faults_of_fields(page: Model) -> list[str]:
    found: dict[str, list[str]] = {}
    for check in (page.full_clean, getattr(page, "clean_to_publish", None)):
        try:
            check and check()
        except ValidationError as error:
            found |= error.message_dict
    sentences = [sentence.rstrip(".") for sentence in found.pop(NON_FIELD_ERRORS, [])]
    names = {field.name: str(field.verbose_name) for field in page._meta.fields}
    return [names[name] for name in found] + sentences


def _passes(check: Callable[[], object]) -> bool:
    try:
        check()
    except ValidationError:
        return False
    return True


def _saved_meanwhile(request: HttpRequest, problem: Exception) -> Page | None:
    """Return the draft that Wagtail's autosave made while the same new page was sent by a button: the second
    to come finds its address taken. None: something else is wrong."""
    match = request.resolver_match
    if match is None or match.view_name != "wagtailadmin_pages:add":
        return None
    if not isinstance(problem, IntegrityError) and "slug" not in getattr(problem, "error_dict", {}):
        return None
    children = Page.objects.child_of(Page.objects.get(pk=match.kwargs["parent_page_id"]))
    same = children.filter(owner=request.user, live=False, draft_title=request.POST.get("title", ""))
    return same.order_by("-latest_revision_created_at").first()


class UnfinishedPageMiddleware:
    """Take an editor who would publish an unfinished page to its form, and say there what it lacks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer of what stands behind."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        """Return the way to the form; to a dialog of the admin, in the words that it understands."""
        if isinstance(problem, UnfinishedError):
            draft, words = problem.draft, str(problem)
        elif page := _saved_meanwhile(request, problem):
            draft = page
            words = _("A draft of this page was just being saved. Please press the button again.")
        else:
            return None
        messages.error(request, words)
        form = AdminURLFinder().get_edit_url(draft)
        if request.headers.get("x-requested-with") == "XMLHttpRequest":
            return JsonResponse({"step": "success", "redirect": form})
        return redirect(form)
