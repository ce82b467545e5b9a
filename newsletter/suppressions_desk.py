"""The addresses that get nothing, in the admin: why and since when. Which they are, only who knows one can
ask."""

from typing import Any

import django_filters
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.log_actions import log

from harmhub.records import FormColumn, RecordViewSet
from newsletter.models import Suppression


class SuppressionFilterSet(WagtailFilterSet):
    """Reason and day."""

    reason = django_filters.ChoiceFilter(label=gettext_lazy("Reason"), choices=Suppression.Reason.choices)
    at = django_filters.DateFromToRangeFilter(label=gettext_lazy("Since"), widget=DateRangePickerWidget)

    class Meta:
        model = Suppression
        fields: list[str] = []


class ReasonColumn(FormColumn):
    """Why, with a button for those who may lift it."""

    cell_template_name = "newsletter/admin/reason.html"

    def get_cell_context_data(self, instance: Suppression, parent_context: dict[str, Any]) -> dict[str, Any]:
        """Add the button's address."""
        context = super().get_cell_context_data(instance, parent_context)
        user = parent_context["request"].user
        may = instance.is_liftable and user.has_perm("newsletter.change_suppression")
        context["lift"] = reverse("suppression:lift", args=[instance.pk]) if may else ""
        return context


class LiftView(PermissionCheckedMixin, View):
    """Write to an address again that mail did not arrive at, by POST.

    Only such: who left, had herself erased or complained meant it. The first two take it back by signing up.
    """

    model = Suppression
    permission_required = "change"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do it, note who did, and lead back to the listing."""
        with transaction.atomic():
            suppression = get_object_or_404(Suppression.objects.select_for_update(), pk=pk)
            if suppression.is_liftable:
                log(instance=suppression, action="newsletter.lift", user=request.user)
                suppression.delete()
                messages.success(request, _("Mail goes to this address again."))
            else:
                messages.error(request, _("Only who is written to can take this back."))
        return redirect("suppression:index")


class SuppressionViewSet(RecordViewSet):
    """The addresses that get nothing."""

    model = Suppression
    icon = "no-view"
    menu_label = gettext_lazy("Suppressed addresses")
    inspect_view_enabled = False
    filterset_class = SuppressionFilterSet
    list_display = [
        ReasonColumn(
            "reason", label=gettext_lazy("Reason"), accessor="get_reason_display", sort_key="reason"
        ),
        "at",
    ]
    list_export: list[str] = []

    def get_urlpatterns(self) -> list:
        """Return the addresses of the listing and of its button."""
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
            path("lift/<int:pk>/", LiftView.as_view(), name="lift"),
        ]
