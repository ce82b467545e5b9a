"""Lists in the admin: their numbers, now and over time. They name nobody, so looking at them is not logged;
but a number of one tells who has access to subscribers what that one did."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.admin.widgets.button import Button, HeaderButton

from harmhub.days import today
from harmhub.records import QuotedExport, RecordIndexView, RecordViewSet
from newsletter.charts import Chart, grouped, name_of
from newsletter.models import List, Subscription, Suppression
from newsletter.numbers import DAY, WEEK, Span, by_day, by_week

RECENT = timedelta(days=30)


class ListsView(RecordIndexView):
    """The lists that have or had subscribers, the largest first."""

    search_hint = gettext_lazy("Name of a list")
    titled_by = (gettext_lazy("List"), "name")
    default_ordering = "-subscribers"
    export_permission = "view"
    names_people = False

    def get_base_queryset(self) -> QuerySet:
        """Return the lists with their names and numbers."""
        lists = List.objects.ever_followed().named().select_related("page", "program", "tag", "locale")
        return lists.numbered(today() - RECENT).annotate(title=Coalesce("page__title", "organisation"))

    @cached_property
    def columns(self) -> list[Column]:
        """The columns; by the first, lists are sorted as well."""
        first, *others = super().columns
        first.sort_key = "title"
        return [first, *others]

    @property
    def header_buttons(self) -> list[Button]:
        """The way to the numbers of the whole organisation."""
        address = reverse("list:everybody")
        return [HeaderButton(_("Overview"), url=address, icon_name="group")]


class NumbersView(QuotedExport, WagtailAdminTemplateMixin, PermissionCheckedMixin, View):
    """The numbers of one list over time, or, without one, of the people of the whole organisation: as a chart
    with a table, or as a file.

    The query ``of`` says over what time: ``year`` is 52 weeks, anything else 90 days.
    """

    model = List
    any_permission_required = ["view"]
    template_name = "newsletter/admin/numbers.html"
    header_icon = "list-ul"
    http_method_names = ["get", "head", "options"]
    list_export = ["first", "last", "subscribers", "signed_up", "joined", "imported", "left"]
    export_headings = {
        "first": gettext_lazy("From"),
        "last": gettext_lazy("To"),
        "subscribers": gettext_lazy("Subscribers"),
        "signed_up": gettext_lazy("Sign-ups"),
        "joined": gettext_lazy("Confirmed"),
        "imported": gettext_lazy("Imported"),
        "left": gettext_lazy("Left"),
    }
    about: List | None = None

    def get(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """Answer the page, or the file."""
        if pk is not None:
            self.about = get_object_or_404(List.objects.named().select_related("locale"), pk=pk)
        if self.is_export:
            return self.as_spreadsheet(self.spans, request.GET["export"])
        return self.render_to_response(self.get_context_data())

    @property
    def is_year(self) -> bool:
        """Whether a year is looked at."""
        return self.request.GET.get("of") == "year"

    @cached_property
    def spans(self) -> list[Span]:
        """The days or weeks that are known."""
        return by_week(self.about, 52, today()) if self.is_year else by_day(self.about, 90, today())

    @property
    def export_filename(self) -> str:
        """The name of the file; never one that somebody typed."""
        return f"numbers-{self.about.pk if self.about else 'all'}-{today()}"

    def get_page_title(self) -> str:
        """Return what is looked at."""
        return self.about.name if self.about else _("The whole organisation")

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Return the way here."""
        lists = {"url": reverse("list:index"), "label": _("Lists")}
        return [*super().breadcrumbs_items, lists, {"url": "", "label": self.get_page_title()}]

    @property
    def header_buttons(self) -> list[Button]:
        """The way to the subscribers of the list, for who may see them."""
        if not (self.about and self.request.user.has_perm("newsletter.view_subscription")):
            return []
        address = f"{reverse('subscriber:index')}?list={self.about.pk}"
        return [HeaderButton(_("Subscribers"), url=address, icon_name="group")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add chart, table and what is now."""
        slots, length = (52, WEEK) if self.is_year else (90, DAY)
        spans = self.spans
        sums = {name: sum(getattr(each, name) for each in spans) for name in self.list_export[3:]}
        return super().get_context_data(**kwargs) | {
            "about": self.about,
            "is_year": self.is_year,
            "chart": Chart(spans, slots, length) if spans else None,
            "rows": [[name_of(each), *map(grouped, self._told(each))] for each in reversed(spans)],
            "sums": {name: grouped(number) for name, number in sums.items()},
            "has_imports": any(each.imported for each in spans),
            "now": {name: grouped(number) for name, number in self._now().items()},
        }

    def _told(self, span: Span) -> list[int]:
        """Return the numbers of a span in the order of the table."""
        return [getattr(span, name) for name in self.list_export[2:]]

    def _now(self) -> dict[str, int]:
        """Return how many there are now, and how many of them get nothing."""
        theirs = Subscription.objects.filter(list=self.about) if self.about else Subscription.objects.all()
        count = lambda found: found.values("subscriber").distinct().count()  # noqa: E731
        suppressed = Suppression.objects.values("address_digest")
        pending = theirs.pending()
        if not self.about:
            pending = pending.exclude(subscriber__subscriptions__in=theirs.active())
        return {
            "subscribers": count(theirs.active()),
            "pending": count(pending),
            "unreachable": count(theirs.active().filter(subscriber__address_digest__in=suppressed)),
            "paused": count(theirs.active().filter(subscriber__paused_until__gt=timezone.now())),
        }


class ListViewSet(RecordViewSet):
    """The lists."""

    model = List
    icon = "list-ul"
    menu_label = gettext_lazy("Lists")
    index_view_class = ListsView
    index_template_name = "newsletter/admin/lists.html"
    list_display = [
        "__str__",
        Column("language", label=gettext_lazy("Language"), sort_key="locale__language_code"),
        Column("subscribers", label=gettext_lazy("Subscribers"), sort_key="subscribers"),
        Column("pending", label=gettext_lazy("Waiting for confirmation"), sort_key="pending"),
        Column("signed_up", label=gettext_lazy("Sign-ups in 30 days"), sort_key="signed_up"),
        Column("gone", label=gettext_lazy("Left in 30 days"), sort_key="gone"),
    ]
    list_export = ["name", "language", "subscribers", "pending", "signed_up", "gone"]
    export_headings = {
        "name": gettext_lazy("List"),
        "language": gettext_lazy("Language"),
        "subscribers": gettext_lazy("Subscribers"),
        "pending": gettext_lazy("Waiting for confirmation"),
        "signed_up": gettext_lazy("Sign-ups in 30 days"),
        "gone": gettext_lazy("Left in 30 days"),
    }
    export_filename = "lists"

    def get_urlpatterns(self) -> list:
        """Return the addresses of listing and numbers."""
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
            path("all/", NumbersView.as_view(), name="everybody"),
            path("inspect/<int:pk>/", NumbersView.as_view(), name="inspect"),
        ]
