"""The report: what is overdue by topic, and numbers over time."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin

from contact.models import Message
from contact.numbers import COUNTED, Month, months, standings
from contact.promise import WORKING_DAYS

LABELS = {
    "received": _("Received"),
    "in_time": _("Answered in time"),
    "late": _("Answered late"),
    "spam": _("Spam"),
}
# Of the drawing, in its own units.
HIGH, WIDE, BAR, LEFT = 140, 60, 11, 4


class NumbersView(PermissionCheckedMixin, WagtailAdminTemplateMixin, TemplateView):
    """A page with numbers of messages, below the inbox, for those who may see messages."""

    model = Message
    permission_required = "view"
    http_method_names = ["get", "head", "options"]

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Return the way here."""
        inbox = {"url": reverse("message:index"), "label": _("Messages")}
        return [*super().get_breadcrumbs_items(), inbox, {"url": "", "label": self.page_title}]


class ReportView(NumbersView):
    """How the messages stand that a user sees."""

    template_name = "contact/admin/report.html"
    page_title = _("Messages overdue")
    header_icon = "history"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the topics, the months and their drawing."""
        user = self.request.user
        shown = months(user)
        return super().get_context_data(**kwargs) | {
            "standings": standings(user),
            "months": shown,
            "labels": LABELS,
            "days": WORKING_DAYS,
            "chart": drawn(shown),
        }


def drawn(shown: list[Month]) -> dict[str, Any]:
    """Return the bars of a drawing, one of each kind a month, and its measures."""
    most = max((getattr(month, name) for month in shown for name in COUNTED), default=0) or 1
    bars = []
    for place, month in enumerate(shown):
        for nth, name in enumerate(COUNTED):
            height = round(HIGH * getattr(month, name) / most)
            left = place * WIDE + LEFT + nth * (BAR + 1)
            bars.append({"name": name, "x": left, "y": 20 + HIGH - height, "height": height})
    names = [{"x": place * WIDE + LEFT, "month": month.begins} for place, month in enumerate(shown)]
    size = {"width": len(shown) * WIDE, "height": HIGH + 40, "base": HIGH + 20, "bar": BAR}
    return {"bars": bars, "names": names, "most": most, **size}


class ReportMenuItem(MenuItem):
    """The way to the report, for those who may see messages."""

    def __init__(self) -> None:
        super().__init__(
            ReportView.page_title, reverse_lazy("message:report"), name="messages-overdue", icon_name="mail"
        )

    def is_shown(self, request: HttpRequest) -> bool:
        """Whether this user may see it."""
        return request.user.has_perm("contact.view_message")
