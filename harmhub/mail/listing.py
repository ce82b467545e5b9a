"""The mails in the admin: where each stands, and neither whom it goes to nor what it says."""

from typing import Any

import django_filters
from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin

from harmhub.mail.dns.page import DnsView
from harmhub.mail.models import Mail
from harmhub.mail.tasks import send_due
from harmhub.records import FormColumn, RecordIndexView, RecordViewSet
from harmhub.waking import wake_after_commit

STATES = [
    ("waiting", gettext_lazy("waiting")),
    ("sent", gettext_lazy("sent")),
    ("failed", gettext_lazy("given up")),
    ("bounced", gettext_lazy("came back")),
]


class MailFilterSet(WagtailFilterSet):
    """State and day."""

    state = django_filters.ChoiceFilter(label=gettext_lazy("State"), choices=STATES, method="in_state")
    created_at = django_filters.DateFromToRangeFilter(
        label=gettext_lazy("Written"), widget=DateRangePickerWidget
    )

    class Meta:
        model = Mail
        fields: list[str] = []

    def in_state(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Return the mails in one state, by the queryset's word for it."""
        return getattr(queryset, value)()


class StateColumn(FormColumn):
    """The state, with a button that sends a mail again that was given up."""

    cell_template_name = "mail/admin/state.html"

    def get_cell_context_data(self, instance: Mail, parent_context: dict[str, Any]) -> dict[str, Any]:
        """Add the button's address for those who may press it."""
        context = super().get_cell_context_data(instance, parent_context)
        may = instance.can_be_tried_again and parent_context["request"].user.has_perm("mail.change_mail")
        context["again"] = reverse("mail:again", args=[instance.pk]) if may else ""
        return context


class QueueView(RecordIndexView):
    """The mails, newest first. Nothing sealed is opened."""

    default_ordering = "-created_at"

    def get_base_queryset(self) -> QuerySet:
        """Return all mails without their content."""
        return super().get_base_queryset().defer("content").select_related("bounce")


class AgainView(PermissionCheckedMixin, View):
    """Put one mail that was given up back into the queue, by POST."""

    model = Mail
    permission_required = "change"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Do it and lead back to the listing."""
        mail = get_object_or_404(Mail.objects.defer("content"), pk=pk)
        if mail.try_again():
            wake_after_commit(send_due)
            messages.success(request, _("The mail is on its way again."))
        else:
            messages.error(request, _("This mail was not given up, or its text is gone."))
        return redirect("mail:index")


class MailViewSet(RecordViewSet):
    """The listing, in the settings menu: one looks at it when something is wrong."""

    model = Mail
    icon = "mail"
    menu_label = gettext_lazy("Mail sent by the site")
    add_to_admin_menu = False
    add_to_settings_menu = True
    inspect_view_enabled = False
    index_view_class = QueueView
    filterset_class = MailFilterSet
    list_display = [
        Column("purpose_in_words", label=gettext_lazy("Purpose"), sort_key="purpose"),
        StateColumn("state", label=gettext_lazy("State")),
        "created_at",
        "due_at",
        "attempts",
        "last_answer",
    ]

    def get_permissions_to_register(self) -> QuerySet[Permission]:
        """Return what the groups' page offers: to look, and to send again."""
        return Permission.objects.filter(content_type__app_label="mail", content_type__model="mail")

    def get_urlpatterns(self) -> list:
        """Return the addresses of the listing, of its button, and of what the DNS says."""
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
            path("again/<uuid:pk>/", AgainView.as_view(), name="again"),
            path("dns/", DnsView.as_view(), name="dns"),
        ]
