"""The messages in the admin: the listing, and where all pages of the inbox are."""

from datetime import timedelta
from typing import Any

import django_filters
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext, gettext_lazy
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.ui.tables import Column, DateColumn, UserColumn
from wagtail.admin.utils import get_user_display_name
from wagtail.admin.widgets.button import Button

from contact.canned_answers import canned_answers_button
from contact.figures import FiguresView
from contact.keys import SealedFileView
from contact.message_page import ActView, MessageHistoryView, MessageView, UndoView
from contact.models import Message
from contact.person import PersonView
from contact.report import ReportView
from harmhub.records import RecordIndexView, RecordViewSet
from harmhub.templatetags.hub import autonym
from harmhub.users.models import User
from topics.models import TopicPage

# What one sees without asking for anything: what waits. Who searches, searches all.
WAITING, ALL = "waiting", "all"
TABS = {
    "new": gettext_lazy("New"),
    "mine": gettext_lazy("Mine"),
    WAITING: gettext_lazy("Waiting"),
    "answered": gettext_lazy("Answered"),
    "closed": gettext_lazy("Closed"),
    "quarantined": gettext_lazy("Spam"),
    ALL: gettext_lazy("All"),
}
AGES = {
    "overdue": gettext_lazy("Overdue"),
    "7": gettext_lazy("Older than a week"),
    "30": gettext_lazy("Older than a month"),
    "90": gettext_lazy("Older than three months"),
}


def seen(request: HttpRequest) -> QuerySet[Message]:
    """Return the messages of whoever asks."""
    return Message.objects.seen_by(request.user).order_by()


def language_of(message: Message) -> str:
    """Return the name of a message's language."""
    return autonym(message.language)


class AssignedFilter(django_filters.ModelChoiceFilter):
    """Who has messages that this user sees, by name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(queryset=self._assigned, null_label=gettext_lazy("Nobody"), **options)

    def _assigned(self, request: HttpRequest) -> QuerySet[User]:
        return User.objects.filter(pk__in=seen(request).values("assigned_to")).order_by("username")

    @property
    def field(self) -> Any:
        """Return the field, which names people as the rest of the admin does."""
        field = super().field
        field.label_from_instance = lambda user: (
            get_user_display_name(user) if isinstance(user, User) else gettext("Nobody")
        )
        return field


class MessageFilterSet(WagtailFilterSet):
    """State, topic, age, language, and who has it."""

    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"),
        choices=[*TABS.items(), ("open", gettext_lazy("Open"))],
        method="in_state",
        empty_label=None,
    )
    topic = django_filters.ModelChoiceFilter(
        label=gettext_lazy("Topic"),
        queryset=lambda request: TopicPage.objects.filter(
            pk__in=seen(request).values("topic"),
        ).order_by("title"),
    )
    age = django_filters.ChoiceFilter(label=gettext_lazy("Age"), choices=[*AGES.items()], method="of_age")
    language = django_filters.ChoiceFilter(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    assigned_to = AssignedFilter(label=gettext_lazy("Assigned to"))
    received_at = django_filters.DateFromToRangeFilter(
        label=gettext_lazy("Received"), widget=DateRangePickerWidget
    )

    class Meta:
        model = Message
        fields: list[str] = []

    def in_state(self, queryset: Any, name: str, value: str) -> QuerySet:
        """Return the messages in one state, by the queryset's word for it."""
        if value == "mine":
            return queryset.of(self.request.user)
        return queryset if value == ALL else getattr(queryset, value)()

    def of_age(self, queryset: Any, name: str, value: str) -> QuerySet:
        """Return the messages that are overdue, or were received before so many days."""
        if value == "overdue":
            return queryset.overdue()
        return queryset.filter(received_at__lt=timezone.now() - timedelta(days=int(value)))


class DueColumn(Column):
    """The day by which an answer is promised, marked when it is over."""

    cell_template_name = "contact/admin/due_cell.html"


class InboxView(RecordIndexView):
    """The messages, newest first, without their words."""

    search_hint = gettext_lazy("Reference or address")
    template_name = "contact/admin/inbox.html"
    results_template_name = "contact/admin/inbox_results.html"

    def get_base_queryset(self) -> QuerySet:
        """Return all messages; only an export opens what is sealed."""
        queryset = (
            super().get_base_queryset().seen_by(self.request.user).select_related("topic", "assigned_to")
        )
        return queryset if self.is_export else queryset.defer("text", "name", "address")

    @cached_property
    def tab(self) -> str:
        """The state that is shown."""
        return self.request.GET.get("state") or (ALL if self.is_searching else WAITING)

    def filter_queryset(self, queryset: Any) -> QuerySet:
        """Return what the filters leave; of what waits where none is for a state."""
        queryset = super().filter_queryset(queryset)
        return queryset.waiting() if self.tab == WAITING and "state" not in self.request.GET else queryset

    @cached_property
    def active_filters(self) -> list:
        """The filters that are named above the listing: the tabs tell of the state."""
        state = self.filters.form["state"].auto_id if self.filters else "-"
        return [each for each in super().active_filters if each.auto_id != state]

    @property
    def header_more_buttons(self) -> list[Button]:
        """Add the ways to the numbers, to what one person wrote, and to the canned answers."""
        own = [
            Button(gettext_lazy("Overdue and numbers"), url=reverse("message:report"), icon_name="history"),
            Button(FiguresView.page_title, url=reverse("message:figures"), icon_name="table"),
        ]
        if self.user_has_permission("export"):
            own.append(Button(PersonView.page_title, url=reverse("message:person"), icon_name="user"))
        return [*super().header_more_buttons, *own, *canned_answers_button(self.request.user)]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the tabs with their numbers."""
        counts = Message.objects.seen_by(self.request.user).counts(self.request.user)
        counts[ALL] = counts["open"] + counts["closed"] + counts["quarantined"]
        kept = self.request.GET.copy()
        for name in ("state", "p", "q", "export", "_w_filter_fragment"):
            kept.pop(name, None)
        tabs = [
            {
                "label": label,
                "count": counts[name],
                "is_current": name == self.tab,
                "address": f"{reverse('message:index')}?{self._query(kept, name)}",
            }
            for name, label in TABS.items()
        ]
        return super().get_context_data(**kwargs) | {"tabs": tabs}

    def _query(self, kept: Any, state: str) -> str:
        query = kept.copy()
        query["state"] = state
        return query.urlencode()


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
    list_display = [
        "reference",
        "topic",
        Column("language", label=gettext_lazy("Language"), accessor=language_of),
        DateColumn("received_at", label=gettext_lazy("Received"), sort_key="received_at"),
        Column("state", label=gettext_lazy("State")),
        UserColumn("assigned_to", label=gettext_lazy("Assigned to")),
        DueColumn("promised_for", label=gettext_lazy("Answer by"), sort_key="heard_at"),
    ]
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
        *("state", "assigned_to", "promised_for", "topic", "language", "answer_by", "is_discreet"),
        *("name", "address", "received_at", "closed_at", "quarantine_reason", "deleted_on"),
    ]
    inspect_template_name = "contact/admin/message.html"

    def get_urlpatterns(self) -> list:
        """Add the addresses under which messages change their state, and the report."""
        act = self.construct_view(ActView, **self.get_inspect_view_kwargs())
        return [
            *super().get_urlpatterns(),
            path("figures/", FiguresView.as_view(), name="figures"),
            path("person/", PersonView.as_view(), name="person"),
            path("report/", ReportView.as_view(), name="report"),
            path("undo/", UndoView.as_view(), name="undo"),
            path("inspect/<int:pk>/sealed/", SealedFileView.as_view(), name="sealed"),
            path("inspect/<int:pk>/<slug:act>/", act, name="act"),
        ]
