"""The messages in the admin."""

from typing import Any

import django_filters
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import linebreaks_filter
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.log_actions import log

from contact.models import Message
from harmhub.records import RecordHistoryView, RecordIndexView, RecordInspectView, RecordViewSet
from topics.models import TopicPage

STATES = {
    "open": gettext_lazy("Open"),
    "closed": gettext_lazy("Closed"),
    "quarantined": gettext_lazy("Held back"),
}
# What can be done with a message: the model's word for it, its button, and what is said afterwards.
ACTS = {
    "close": (gettext_lazy("Close"), gettext_lazy("Message %s is closed. It will be deleted after 90 days.")),
    "reopen": (gettext_lazy("Open again"), gettext_lazy("Message %s is open again.")),
    "quarantine": (
        gettext_lazy("Hold back as spam"),
        gettext_lazy("Message %s is held back. It will be deleted after 30 days."),
    ),
    "restore": (
        gettext_lazy("Restore"),
        gettext_lazy("Message %s is restored, and the people of its topic are told."),
    ),
}


class MessageFilterSet(WagtailFilterSet):
    """Topic, state and day."""

    topic = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Topic"),
        queryset=lambda request: TopicPage.objects.filter(
            Exists(Message.objects.filter(topic=OuterRef("pk")))
        ).order_by("title"),
    )
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"), choices=[*STATES.items()], method="in_state"
    )
    received_at = django_filters.DateFromToRangeFilter(
        label=gettext_lazy("Received"), widget=DateRangePickerWidget
    )

    class Meta:
        model = Message
        fields: list[str] = []

    def in_state(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Return the messages in one state, by the queryset's word for it."""
        return getattr(queryset, value)()


class InboxView(RecordIndexView):
    """The messages, newest first, without their words."""

    search_hint = gettext_lazy("Reference or e-mail address")

    def get_base_queryset(self) -> QuerySet:
        """Return all messages; only an export opens what is sealed."""
        queryset = (
            super().get_base_queryset().seen_by(self.request.user).select_related("topic", "assigned_to")
        )
        return queryset if self.is_export else queryset.defer("text", "name", "address")


class SeenOnly:
    """Has a view know only the messages that its user may see."""

    def get_object(self, queryset: QuerySet | None = None) -> Message:
        """Return the message. Http404: there is none, or it is for another team."""
        seen = Message.objects.seen_by(self.request.user)  # type: ignore[attr-defined]
        return get_object_or_404(seen, pk=unquote(str(self.kwargs["pk"])))  # type: ignore[attr-defined]


class MessageHistoryView(SeenOnly, RecordHistoryView):
    """Who read a message, and what was done with it."""


class MessageView(SeenOnly, RecordInspectView):
    """One message, opened, with what can be done with it."""

    def get_text_display_value(self) -> SafeString:
        """Return the text with its line ends, escaped."""
        return linebreaks_filter(self.object.text, autoescape=True)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the buttons that fit the state of the message, for those who may press them."""
        held, closed = self.object.quarantined_at, self.object.closed_at
        acts = ["restore"] if held else ["reopen" if closed else "close", "quarantine"]
        buttons = [(act, ACTS[act][0]) for act in acts] if self.user_has_permission("change") else []
        return super().get_context_data(**kwargs) | {"acts": buttons}


class ActView(PermissionCheckedMixin, View):
    """Close, reopen, hold back or restore one message by POST. A GET asks first and changes nothing."""

    model = Message
    permission_required = "change"
    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, pk: int, act: str) -> HttpResponse:
        """Answer a page that asks whether this is meant."""
        message, label = self._find(pk, act)
        return render(request, "contact/admin/confirm.html", {"message": message, "act": act, "label": label})

    def post(self, request: HttpRequest, pk: int, act: str) -> HttpResponse:
        """Do it, note who did it, and lead back to the message."""
        message, _label = self._find(pk, act)
        with transaction.atomic():  # nothing happens to a message without a note of who did it
            getattr(message, act)()
            log(instance=message, action=f"contact.{act}", user=request.user)
        messages.success(request, ACTS[act][1] % message.reference)
        return redirect(reverse("message:inspect", args=[pk]))

    def _find(self, pk: int, act: str) -> tuple[Message, str]:
        if act not in ACTS:
            raise Http404
        seen = Message.objects.seen_by(self.request.user).defer("text", "name", "address")
        return get_object_or_404(seen, pk=pk), str(ACTS[act][0])


class MessageViewSet(RecordViewSet):
    """The inbox."""

    model = Message
    icon = "mail"
    add_to_admin_menu = True
    menu_label = gettext_lazy("Messages")
    menu_order = 250
    index_view_class = InboxView
    inspect_view_class = MessageView
    history_view_class = MessageHistoryView
    filterset_class = MessageFilterSet
    list_display = ["reference", "topic", "received_at", Column("state", label=gettext_lazy("State"))]
    list_export = [
        "reference",
        "topic",
        "language",
        "received_at",
        "state",
        "closed_at",
        "name",
        "address",
        "text",
    ]
    export_headings = {"state": gettext_lazy("State")}
    export_filename = "messages"
    inspect_view_fields = [
        *("received_at", "topic", "name", "address", "text"),
        *("language", "state", "closed_at", "quarantine_reason"),
    ]
    inspect_template_name = "contact/admin/message.html"

    def get_urlpatterns(self) -> list:
        """Add the address under which messages change their state."""
        return [
            *super().get_urlpatterns(),
            path("inspect/<int:pk>/<slug:act>/", ActView.as_view(), name="act"),
        ]
