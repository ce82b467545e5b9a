"""Importing subscribers in the admin: a form that takes a file, what would become of it, and the button."""

from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import translation
from django.utils.functional import cached_property
from django.utils.translation import get_language_from_path, gettext_lazy
from django.utils.translation import gettext as _
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.admin.widgets import AdminDateInput
from wagtail.log_actions import log
from wagtail.models import Locale

from harmhub.days import today
from harmhub.mail.composing import organisation_name
from harmhub.memory_uploads import MOST_BYTES, PRIVATE_FIELD
from harmhub.waking import wake_after_commit
from newsletter.bringing_in import start
from newsletter.charts import grouped
from newsletter.import_files import EARLIEST, Contents, Defaults, Problem, read
from newsletter.importing import Outcome, dry_run
from newsletter.listings import list_at
from newsletter.models import Import, List, Pace, Subscription
from newsletter.tasks import imports
from topics.models import TopicPage

MOST_LISTS = 200  # different ones that a file may name: each is looked up as a page would be
SHOWN_IMPORTS = 20


class Lists:
    """The lists that a file may mean: by the address of a listing of the site, or by the name of one that
    has subscribers or is offered."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self._found: dict[str, List | Problem] = {}

    @cached_property
    def known(self) -> dict[str, List]:
        """Those that can be chosen from, by a text that stands for each, A to Z."""
        topics = TopicPage.objects.public().filter(has_newsletter=True).select_related("locale")
        offered = [List(page=each, locale=each.locale) for each in topics]
        whole = [List(page=None, locale=each) for each in Locale.objects.all()]
        followed = List.objects.ever_followed().named().select_related("page", "program", "tag", "locale")
        organisation = organisation_name()
        found = {}
        for each in (*offered, *whole, *followed):
            each.organisation = organisation
            found[" ".join(str(part or "-") for part in each.key)] = each
        return dict(sorted(found.items(), key=lambda item: (item[1].name.casefold(), item[1].language)))

    def __call__(self, cell: str) -> List | Problem:
        """Return the list that a cell means."""
        if cell not in self._found:
            if len(self._found) >= MOST_LISTS:
                return Problem.LIST
            self._found[cell] = self._at(cell) if "/" in cell else self._named(cell)
        return self._found[cell]

    def _named(self, cell: str) -> List | Problem:
        same = [each for each in self.known.values() if each.name.casefold() == cell.casefold()]
        if len(same) > 1:
            return Problem.SEVERAL
        return same[0] if same else Problem.LIST

    def _at(self, cell: str) -> List | Problem:
        try:
            address = urlsplit(cell)
        except ValueError:
            return Problem.LIST
        if address.netloc and address.netloc not in (
            self.request.get_host(),
            urlsplit(settings.PUBLIC_URL).netloc,
        ):
            return Problem.LIST
        with translation.override(get_language_from_path(address.path) or settings.LANGUAGE_CODE):
            return list_at(self.request, address.path) or Problem.LIST


class ImportForm(forms.Form):
    """A file, and what counts for the lines that do not say it themselves."""

    private_file = forms.FileField(
        label=gettext_lazy("CSV file"),
        allow_empty_file=True,  # it is said below that it is
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=gettext_lazy(
            "The first line names the columns: address; and, where not chosen below, list, pace, language, "
            "wording (or source) and day of the consent. At most 50,000 lines and 5 MB, as UTF-8 (or "
            "Windows-1252), with commas, semicolons or tabs."
        ),
    )
    list = forms.ChoiceField(label=gettext_lazy("List"), required=False)
    pace = forms.ChoiceField(label=gettext_lazy("Pace"), choices=Pace, initial=Pace.WEEKLY)
    wording = forms.CharField(
        label=gettext_lazy("What they agreed to, and where"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "The words they saw, or the source: “Paper list at the conference in Lisbon”."
        ),
    )
    day = forms.DateField(
        label=gettext_lazy("On which day they agreed"), required=False, widget=AdminDateInput
    )
    how = forms.ChoiceField(
        label=gettext_lazy("Confirmation"),
        choices=[
            ("ask", gettext_lazy("Ask each of them to confirm; who does not is forgotten after seven days")),
            ("active", gettext_lazy("They have confirmed elsewhere: they get updates from now on")),
        ],
        initial="ask",
        widget=forms.RadioSelect,
    )
    welcomes = forms.BooleanField(
        label=gettext_lazy("Tell them by mail where they are now, and how to leave"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Only for those who have confirmed elsewhere; the others get the question."),
    )

    def __init__(self, *args: Any, lists: Lists, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lists = lists
        labels = [(key, f"{each.name} ({each.language})") for key, each in lists.known.items()]
        self.fields["list"].choices = [("", _("As the column “list” says")), *labels]  # type: ignore[attr-defined]

    def clean_private_file(self) -> bytes:
        """Return the bytes of the file."""
        upload: UploadedFile = self.cleaned_data[PRIVATE_FIELD]
        if (upload.size or 0) > MOST_BYTES:
            raise ValidationError(_("The file is larger than 5 MB. Divide it."))
        return upload.read()

    def clean_day(self) -> Any:
        """Return a day that is not to come."""
        day = self.cleaned_data["day"]
        if day and not EARLIEST <= day <= today():
            raise ValidationError(_("Choose a day between 1990 and today."))
        return day

    def clean(self) -> dict[str, Any]:
        """Read the file by what was chosen beside it."""
        told = super().clean() or self.cleaned_data
        if not self.errors:
            chosen = self.lists.known.get(told["list"])
            defaults = Defaults(chosen, told["pace"], told["wording"].strip(), told["day"], today())
            try:
                told["contents"] = read(told[PRIVATE_FIELD], defaults, self.lists)
            except ValidationError as problem:
                self.add_error(PRIVATE_FIELD, problem)
        return told

    def save(self, user: Any) -> Import:
        """Store what the file says, sealed, for the dry run."""
        told, contents = self.cleaned_data, self.cleaned_data["contents"]
        assert isinstance(contents, Contents)
        asks = told["how"] == "ask"
        return Import.objects.create(
            user=user,
            asks=asks,
            welcomes=told["welcomes"] and not asks,
            content=contents.as_json,
            readers=len(contents.readers),
            list_names=sorted(f"{each.name} ({each.language})" for each in contents.lists),
            problems=contents.problems,
            refused=contents.refused,
            file_kind=contents.kind,
            unknown=contents.unknown,
        )


class ImportPage(WagtailAdminTemplateMixin, PermissionCheckedMixin, View):
    """What the pages of an import share."""

    model = Subscription
    permission_required = "import"
    header_icon = "upload"
    page_title = gettext_lazy("Import")

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Return the way here."""
        subscribers = {"url": reverse("subscriber:index"), "label": _("Subscribers")}
        return [*super().breadcrumbs_items, subscribers, {"url": "", "label": self.get_page_title()}]


class ImportView(ImportPage):
    """Take a file (POST), or show the form and what was imported before (GET). Nothing is imported yet."""

    template_name = "newsletter/admin/import.html"
    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer the form."""
        return self._page(ImportForm(lists=Lists(request)))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Store the file, sealed, and lead to the dry run. 422: what is wrong with it.

        That is noted: of a file with one address, the dry run tells who is on a list.
        """
        form = ImportForm(request.POST, request.FILES, lists=Lists(request))
        if not form.is_valid():
            return self._page(form, status=422)
        with transaction.atomic():
            planned = form.save(request.user)
            told = {"lists": planned.list_names, "addresses": planned.readers}
            log(planned, "newsletter.dry_run", user=request.user, data=told)
        return redirect("subscriber:planned_import", planned.pk)

    def _page(self, form: ImportForm, status: int = 200) -> HttpResponse:
        done = Import.objects.done().select_related("user")[:SHOWN_IMPORTS]
        context = self.get_context_data(form=form, done=[(each, told(each.counts)) for each in done])
        return self.render_to_response(context | {"media": form.media}, status=status)


def told(counts: dict[str, int]) -> list[tuple[str, str]]:
    """Return what became of lines, in words, without what became of none."""
    return [(str(each.label), grouped(counts[each.value])) for each in Outcome if counts.get(each.value)]


class PlannedImportView(ImportPage):
    """Show what would become of a file, or what has (GET); begin to bring it in (POST)."""

    template_name = "newsletter/admin/planned_import.html"
    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer the dry run, as things stand now, or how far it has come."""
        planned = get_object_or_404(Import, pk=pk)
        counts, is_readable = planned.counts, True
        if planned.started_at is None:
            try:
                counts = dry_run(planned)
            except InvalidToken:
                is_readable = False
        context = self.get_context_data(
            planned=planned,
            told=told(counts),
            new=(new := counts.get(Outcome.NEW.value, 0)),
            new_shown=grouped(new),
            refused=grouped(planned.refused),
            is_readable=is_readable,
            problems=[(line, Problem(problem).label) for line, problem in planned.problems],
        )
        return self.render_to_response(context)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Begin, once, and lead back."""
        with transaction.atomic():
            get_object_or_404(Import.objects.defer("content"), pk=pk)
            if start(pk, request.user):
                wake_after_commit(imports)
                messages.success(request, _("The import has begun."))
        return redirect("subscriber:planned_import", pk)


class DropImportView(ImportPage):
    """Delete a file that was not imported, by POST."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Delete it, and lead to the form."""
        deleted, _models = Import.objects.filter(pk=pk, started_at=None).delete()
        if deleted:
            messages.success(request, _("The file is deleted. Nothing was imported."))
        return redirect("subscriber:import")


urlpatterns = [
    path("import/", ImportView.as_view(), name="import"),
    path("import/<int:pk>/", PlannedImportView.as_view(), name="planned_import"),
    path("import/<int:pk>/drop/", DropImportView.as_view(), name="drop_import"),
]
