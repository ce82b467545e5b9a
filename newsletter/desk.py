"""Subscribers and held sign-ups in the admin."""

from typing import Any

import django_filters
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.admin.viewsets.model import ModelViewSetGroup
from wagtail.admin.widgets.button import Button, HeaderButton
from wagtail.log_actions import log

from harmhub.records import RecordIndexView, RecordInspectView, RecordViewSet
from harmhub.waking import wake_after_commit
from newsletter import import_desk
from newsletter.lists_desk import ListViewSet
from newsletter.mailings_desk import MailingViewSet
from newsletter.models import List, SignUp, Subscription
from newsletter.subscribing import erase
from newsletter.suppressions_desk import SuppressionViewSet
from newsletter.tasks import sign_ups
from newsletter.updates_desk import RunViewSet, UpdateViewSet

STATES = {
    "active": gettext_lazy("Confirmed"),
    "pending": gettext_lazy("Waiting for confirmation"),
    "left": gettext_lazy("Left"),
}


class SubscriptionFilterSet(WagtailFilterSet):
    """List, state and days."""

    list = django_filters.ModelChoiceFilter(
        label=gettext_lazy("List"),
        queryset=lambda request: (
            List.objects.exclude(subscriptions=None)
            .named()
            .order_by(F("page__title").asc(nulls_first=True), "pk")
        ),
    )
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"), choices=[*STATES.items()], method="in_state"
    )
    confirmed_at = django_filters.DateFromToRangeFilter(
        label=gettext_lazy("Confirmed"), widget=DateRangePickerWidget
    )
    left_at = django_filters.DateFromToRangeFilter(label=gettext_lazy("Left"), widget=DateRangePickerWidget)

    class Meta:
        model = Subscription
        fields: list[str] = []

    def in_state(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Return the subscriptions in one state, by the queryset's word for it."""
        return getattr(queryset, value)()


class SubscribersView(RecordIndexView):
    """Who is on which list, one line for each address and list."""

    titled_by = (gettext_lazy("E-mail address"), "subscriber.address")

    @property
    def header_buttons(self) -> list[Button]:
        """The way to an import, for who may do one."""
        if not self.user_has_permission("import"):
            return []
        return [HeaderButton(_("Import"), url=reverse("subscriber:import"), icon_name="upload")]

    def get_base_queryset(self) -> QuerySet:
        """Return all subscriptions with their addresses."""
        return super().get_base_queryset().select_related("subscriber").named()


class SubscriberView(RecordInspectView):
    """One address with one of its lists, and what was agreed to."""

    labels = {"list_name": gettext_lazy("List")}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add consent and further lists, and whether this user may erase the address."""
        others = self.object.subscriber.subscriptions.exclude(pk=self.object.pk).named()
        consents = self.object.consents.exclude(day=None).order_by("day")
        more = {"consents": consents, "others": others, "may_erase": self.user_has_permission("erase")}
        return super().get_context_data(**kwargs) | more


class EraseView(PermissionCheckedMixin, View):
    """Erase an address with all its lists by POST. A GET asks first and changes nothing."""

    model = Subscription
    permission_required = "erase"
    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer a page that asks whether this is meant."""
        subscription = get_object_or_404(Subscription.objects.select_related("subscriber"), pk=pk)
        return render(request, "newsletter/admin/erase.html", {"subscription": subscription})

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Erase, note who did it, and lead back to the listing."""
        subscription = get_object_or_404(Subscription.objects.select_related("subscriber"), pk=pk)
        with transaction.atomic():
            log(instance=subscription, action="newsletter.erase", user=request.user)
            erase(subscription.subscriber)
        messages.success(request, _("The address is erased."))
        return redirect(reverse("subscriber:index"))


class SubscriberViewSet(RecordViewSet):
    """The subscribers."""

    model = Subscription
    icon = "group"
    menu_label = gettext_lazy("Subscribers")
    index_view_class = SubscribersView
    inspect_view_class = SubscriberView
    inspect_template_name = "newsletter/admin/subscriber.html"
    filterset_class = SubscriptionFilterSet
    list_display = [
        "__str__",
        Column("list", label=gettext_lazy("List"), accessor="list_name"),
        Column("state", label=gettext_lazy("State")),
        "confirmed_at",
        "left_at",
    ]
    list_export = ["subscriber.address", "list_name", "pace", "state", "asked_at", "confirmed_at", "left_at"]
    export_headings = {
        "subscriber.address": gettext_lazy("E-mail address"),
        "list_name": gettext_lazy("List"),
        "state": gettext_lazy("State"),
    }
    export_filename = "subscribers"
    inspect_view_fields = ["list_name", "pace", "state", "asked_at", "confirmed_at", "left_at"]

    def get_urlpatterns(self) -> list:
        """Add the address under which an address is erased."""
        return [
            *super().get_urlpatterns(),
            *import_desk.urlpatterns,
            path("inspect/<int:pk>/erase/", EraseView.as_view(), name="erase"),
        ]


class HeldSignUpsView(RecordIndexView):
    """The sign-ups that sprang the trap."""

    titled_by = (gettext_lazy("E-mail address"), "address")

    def get_base_queryset(self) -> QuerySet:
        """Return the held ones only; the others live for seconds."""
        return super().get_base_queryset().held().named()


class RestoreView(PermissionCheckedMixin, View):
    """Let a held sign-up through, by POST."""

    model = SignUp
    permission_required = "change"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Restore it, note who did it, and lead back to the listing."""
        sign_up = get_object_or_404(SignUp.objects.held(), pk=pk)
        with transaction.atomic():
            sign_up.restore()
            wake_after_commit(sign_ups)
            log(instance=sign_up, action="newsletter.restore", user=request.user)
        messages.success(request, _("The sign-up goes its way: a mail asks for confirmation."))
        return redirect(reverse("held_sign_up:index"))


class HeldSignUpViewSet(RecordViewSet):
    """The held sign-ups."""

    model = SignUp
    icon = "warning"
    menu_label = gettext_lazy("Held sign-ups")
    index_view_class = HeldSignUpsView
    inspect_template_name = "newsletter/admin/held_sign_up.html"
    list_display = [
        "__str__",
        Column("lists", label=gettext_lazy("Lists"), accessor="list_names"),
        "received_at",
    ]
    list_export: list[str] = []
    inspect_view_fields = ["address", "list_names", "language", "wording", "received_at", "held_at"]

    def get_urlpatterns(self) -> list:
        """Add the address under which a sign-up is let through."""
        return [
            *super().get_urlpatterns(),
            path("inspect/<int:pk>/restore/", RestoreView.as_view(), name="restore"),
        ]


class NewsletterGroup(ModelViewSetGroup):
    """The newsletter in the admin's menu."""

    menu_label = gettext_lazy("Newsletter")
    menu_icon = "mail"
    menu_order = 260
    items = (
        SubscriberViewSet("subscriber", url_prefix="subscribers"),
        ListViewSet("list", url_prefix="lists"),
        UpdateViewSet("update", url_prefix="updates"),
        RunViewSet("run_of_updates", url_prefix="runs-of-updates"),
        MailingViewSet(),
        HeldSignUpViewSet("held_sign_up", url_prefix="held-sign-ups"),
        SuppressionViewSet("suppression", url_prefix="suppressions"),
    )
