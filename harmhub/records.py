"""Admin pages for what readers left: to be looked at and exported by permission, never typed in.

Reading and exporting are written to Wagtail's log, so a model listed here must not show a reader's words in
``__str__``.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any
from unicodedata import category, normalize

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms.search import SearchForm
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.history import HistoryView
from wagtail.admin.views.generic.models import IndexView, InspectView
from wagtail.admin.views.mixins import Echo, SpreadsheetExportMixin
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import Button
from wagtail.log_actions import get_active_log_context, log
from wagtail.models import ModelLogEntry
from wagtail.permission_policies import ModelPermissionPolicy

FORMULA = "=+-@|%\u2212"  # the signs with which a cell becomes a formula
QUOTES = "\"'`\u00b4\u2018\u2019\u201c\u201d"
UNSEEN = {"Cc", "Cf", "Mn"}  # Unicode's words for control signs, invisible ones, and marks on other signs
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # not in XML 1.0


def inert(value: Any) -> Any:
    """Return the value of a cell so that no spreadsheet executes it.

    Numbers, dates, times, truth values and None stay as they are. All else is text (a topic: its title).
    """
    if value is None or isinstance(value, int | float | Decimal | date | time):
        return value
    text = UNWRITABLE.sub("", str(value))
    return f"'{text}" if _may_be_a_formula(text) else text


def _may_be_a_formula(text: str) -> bool:
    """Whether the first sign that a program may see is one of a formula, in full width too, as East Asian
    spreadsheets take it. Spaces, quotes and what nobody sees are passed over, as such programs may do."""
    skipped = lambda sign: sign.isspace() or sign in QUOTES or category(sign) in UNSEEN  # noqa: E731
    first = next((sign for sign in text if not skipped(sign)), "")
    return text[:1] in ("\t", "\r", "\n") or normalize("NFKC", first)[:1] in tuple(FORMULA)


def log_each(records: QuerySet, action: str, user: Any) -> None:
    """Write one entry to Wagtail's log for each record, as ``log`` would, a thousand in one query."""
    shared = {
        "content_type": ContentType.objects.get_for_model(records.model, for_concrete_model=False),
        "action": action,
        "user": user,
        "uuid": get_active_log_context().uuid,
        "timestamp": timezone.now(),
    }
    entries = (ModelLogEntry(object_id=str(each.pk), label=str(each), **shared) for each in records)
    ModelLogEntry.objects.bulk_create(entries, batch_size=1000)


class DeclaredPermissionPolicy(ModelPermissionPolicy):
    """Allows what the model declares a permission for. Not even a superuser adds what only readers write."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        """Return whether this user may do this with these records."""
        opts = self.model._meta
        declared = {
            *opts.default_permissions,
            *(codename.rpartition("_")[0] for codename, _name in opts.permissions),
        }
        return action in declared and super().user_has_permission(user, action)


class QuotedExport(SpreadsheetExportMixin):
    """An export whose CSV every spreadsheet reads alike."""

    def stream_csv(self, queryset: Any) -> Iterator[bytes]:
        """Yield the lines of a CSV file (RFC 4180), each cell quoted: a semicolon must not start another."""
        writer = csv.DictWriter(Echo(), fieldnames=self.list_export, quoting=csv.QUOTE_ALL)
        yield "\ufeff".encode()
        yield writer.writerow({field: self.get_heading(queryset, field) for field in self.list_export})
        for item in queryset:
            yield self.write_csv_row(writer, self.to_row_dict(item))


class FormColumn(Column):
    """A column with forms in its cells. Their token is made here: Wagtail's tables pass on the request and
    nothing else of the page."""

    def get_cell_context_data(self, instance: Any, parent_context: dict[str, Any]) -> dict[str, Any]:
        """Add the token that a form has to send along."""
        context = super().get_cell_context_data(instance, parent_context)
        return context | {"csrf_token": get_token(context["request"])}


class RecordIndexView(QuotedExport, IndexView):
    """A listing with an export for those who may, written to the log record by record."""

    any_permission_required = ["view"]
    is_searchable = True
    search_hint = _("E-mail address")
    titled_by: tuple[Any, str] | None = (
        None  # label and accessor of the first column, where str() is a number
    )
    export_permission = "export"
    names_people = True  # so whatever is taken out is written to the log

    @cached_property
    def columns(self) -> list[Column]:
        """The columns; the first leads to the record."""
        first, *others = super().columns
        if self.titled_by:
            first.label, first.accessor = self.titled_by
        return [first, *others]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer the listing or the export. PermissionDenied: this user may not have it."""
        if self.is_export and not self.show_export_buttons:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @property
    def show_export_buttons(self) -> bool:
        """Whether to offer the export."""
        return self.user_has_permission(self.export_permission)

    def get_search_form(self) -> SearchForm | None:
        """Return the search box, which says what can be looked for: sealed words cannot."""
        if not self.is_searchable:
            return None
        return SearchForm(self.request.GET if "q" in self.request.GET else None, placeholder=self.search_hint)

    def search_queryset(self, queryset: Any) -> QuerySet:
        """Narrow the records to what ``found_by`` of their queryset finds."""
        return queryset.found_by(self.search_query) if self.is_searching else queryset

    def get_edit_url(self, instance: Model) -> None:
        """Return no address: records are not edited."""
        return None

    def as_spreadsheet(self, queryset: QuerySet, spreadsheet_format: str) -> HttpResponse:
        """Return the file, and note that each of these records was taken out."""
        if self.names_people:
            log_each(queryset, f"{self.model._meta.app_label}.export", self.request.user)
        return super().as_spreadsheet(queryset, spreadsheet_format)


class RecordInspectView(InspectView):
    """One record, opened. Each reading is written to the log."""

    any_permission_required = ["view"]
    history_url_name: str | None = None
    labels: Mapping[str, Any] = {}  # for what is no field of the model

    def get_page_title(self) -> str:
        """Return what kind of record this is."""
        return capfirst(self.model._meta.verbose_name)

    def get_field_label(self, field_name: str, field: Any) -> str:
        """Return the words before a value."""
        return self.labels.get(field_name) or super().get_field_label(field_name, field)

    def get_language_display_value(self) -> str:
        """Return the name of the record's language."""
        return dict(settings.LANGUAGES).get(self.object.language, self.object.language)

    def get_fields_context(self) -> list[dict[str, Any]]:
        """Return what is shown: labels and values, without those that are empty."""
        return [each for each in super().get_fields_context() if each["value"] not in (None, "")]

    @property
    def header_more_buttons(self) -> list[Button]:
        """The way to who read this record, and what was done with it."""
        if not self.history_url_name:
            return []
        address = reverse(self.history_url_name, args=[self.object.pk])
        return [Button(_("History"), url=address, icon_name="history")]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer the page, and note who read it."""
        log(instance=self.object, action=f"{self.object._meta.app_label}.read", user=request.user)
        return super().get(request, *args, **kwargs)


class RecordHistoryView(HistoryView):
    """Who read a record, and what was done with it."""

    any_permission_required = ["view"]
    header_buttons: list = []


class RecordViewSet(ModelViewSet):
    """Listing, detail and history of one model. There are no pages to add, edit, copy or delete."""

    index_view_class = RecordIndexView
    inspect_view_class = RecordInspectView
    history_view_class = RecordHistoryView
    inspect_view_enabled = True
    copy_view_enabled = False
    add_to_reference_index = False
    exclude_form_fields: list[str] = []

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        """Return what all views are made with: no addresses of pages that do not exist."""
        absent = dict.fromkeys(("add_url_name", "edit_url_name", "delete_url_name", "usage_url_name"))
        return super().get_common_view_kwargs(**absent, **kwargs)

    @property
    def url_finder_class(self) -> type:
        """Where Wagtail's log links to a record."""
        return type(
            "RecordURLFinder", (super().url_finder_class,), {"edit_url_name": self.get_url_name("inspect")}
        )

    def get_urlpatterns(self) -> list:
        """Return the addresses of listing, detail and history."""
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
            path("inspect/<int:pk>/", self.inspect_view, name="inspect"),
            path("history/<int:pk>/", self.history_view, name="history"),
            path("history-results/<int:pk>/", self.history_results_view, name="history_results"),
        ]
