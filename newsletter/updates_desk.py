"""Updates in the admin: what is about to go out, what went, and what an editor sees of it beside her work."""

from datetime import datetime
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.log_actions import log

from content.models import ContentItem
from harmhub.records import FormColumn, RecordIndexView, RecordViewSet
from harmhub.waking import wake_after_commit
from newsletter.audience import readers_by_pace
from newsletter.models import Pace, Run, Update
from newsletter.models.updates import FRESH, NOT_TOLD
from newsletter.tasks import updates
from newsletter.updating import next_run


class UpdatesView(RecordIndexView):
    """The updates that wait for their time, the next one first."""

    is_searchable = False
    default_ordering = "goes_at"

    def get_base_queryset(self) -> QuerySet:
        """Return those that are still to go out, with their works."""
        return super().get_base_queryset().to_come().select_related("item")


class WorkColumn(Column):
    """The work, with the way to its form."""

    cell_template_name = "newsletter/admin/work.html"

    def get_cell_context_data(self, instance: Update, parent_context: dict[str, Any]) -> dict[str, Any]:
        """Add the address of the form."""
        context = super().get_cell_context_data(instance, parent_context)
        return context | {"edit_url": reverse("wagtailadmin_pages:edit", args=[instance.item_id])}


class WhenColumn(FormColumn):
    """When an update goes, with buttons for those who may press them."""

    cell_template_name = "newsletter/admin/when.html"

    def get_cell_context_data(self, instance: Any, parent_context: dict[str, Any]) -> dict[str, Any]:
        """Add the addresses of the buttons."""
        context = super().get_cell_context_data(instance, parent_context)
        may = may_decide(parent_context["request"].user, instance)
        buttons = [
            (each.label, reverse(f"update:{each.name}", args=[instance.pk]))
            for each in (SendNowView, HoldView, DropView)
            if may and (each is not HoldView or instance.goes_at) and (instance.is_wanted or not each.sends)
        ]
        return context | {"update": instance, "buttons": buttons}


def may_decide(user: Any, update: Update) -> bool:
    """Return whether somebody may say what becomes of an update: who publishes its work."""
    return update.item.permissions_for_user(user).can_publish()


class StepView(PermissionCheckedMixin, View):
    """Do one thing with an update that has not gone out, by POST, and lead back."""

    model = Update
    permission_required = "view"
    http_method_names = ["post"]
    name: ClassVar[str]
    sends: ClassVar[bool] = False
    label: ClassVar[Any]
    done: ClassVar[Any]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do it, and note who did."""
        with transaction.atomic():
            update = get_object_or_404(Update.objects.select_for_update(), pk=pk)
            if not may_decide(request.user, update):
                raise PermissionDenied
            if self.sends and not Update.objects.wanted().filter(pk=pk).exists():
                messages.error(request, _("This is not told any more: the work has been changed since."))
            elif update.is_waiting:
                getattr(update, self.name)()
                wake_after_commit(updates)
                log(instance=update.item, action=f"newsletter.{self.name}", user=request.user)
                messages.success(request, self.done)
            else:
                messages.error(request, _("This has gone out already."))
        return redirect("update:index")


class SendNowView(StepView):
    """Let an update go before its time."""

    name = "send_now"
    sends = True
    label = gettext_lazy("Send now")
    done = gettext_lazy("It goes out within a minute.")


class HoldView(StepView):
    """Keep an update back."""

    name = "hold"
    label = gettext_lazy("Hold back")
    done = gettext_lazy("It is held back until somebody sends it.")


class DropView(StepView):
    """Never tell an update."""

    name = "drop"
    label = gettext_lazy("Do not send")
    done = gettext_lazy("Subscribers are not told of this.")


class UpdateViewSet(RecordViewSet):
    """What is about to go out."""

    model = Update
    icon = "time"
    menu_label = gettext_lazy("Updates to come")
    index_view_class = UpdatesView
    inspect_view_enabled = False
    list_display = [
        WorkColumn("item", label=gettext_lazy("Work")),
        # Before what is mostly empty: on a phone, only two columns are in sight.
        WhenColumn("goes_at", label=gettext_lazy("Goes out"), sort_key="goes_at"),
        "note",
    ]
    list_export: list[str] = []

    def get_urlpatterns(self) -> list:
        """Return the addresses of the listing and of its buttons."""
        steps = (SendNowView, HoldView, DropView)
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
            *(path(f"{each.name}/<int:pk>/", each.as_view(), name=each.name) for each in steps),
        ]


def in_words(item: ContentItem, goes_at: datetime | None) -> str:
    """Return how many subscribers a work reaches: ``At once 12, Weekly 340``; a word where it is none.

    goes_at: from when on they are told, where that is known. Then it says when each pace is due, too.
    """
    found = {Pace(pace): number for pace, number in readers_by_pace(item.detail).items()}
    due = {pace: f" ({_short(next_run(pace, goes_at))})" for pace in found} if goes_at else {}
    return ", ".join(f"{pace.label} {found[pace]}{due.get(pace, '')}" for pace in found) or _("Nobody")


def _short(moment: datetime) -> str:
    return date_format(localtime(moment), "SHORT_DATETIME_FORMAT")


def what_subscribers_get(item: ContentItem, user: Any) -> SafeString:
    """Return what an editor reads beside her work: what goes to subscribers, when, and to how many."""
    mine = Update.objects.filter(item=item.pk).order_by("-pk")
    waiting = mine.to_come().first()
    values = {
        "waiting": waiting,
        "told": mine.filter(place__gt=NOT_TOLD).first(),
        "dropped": mine.filter(place=NOT_TOLD, note="").exists(),
        "is_quiet": not item.tell_subscribers,
        "is_old": item.published_on < timezone.localdate() - FRESH,
        "decides": user.has_perm("newsletter.view_update"),
        "readers": in_words(item, waiting.goes_at if waiting else None),
    }
    return SafeString(render_to_string("newsletter/admin/what_subscribers_get.html", values))


class RunsView(RecordIndexView):
    """When updates went out, and to how many."""

    is_searchable = False


class RunViewSet(RecordViewSet):
    """The runs of updates."""

    model = Run
    icon = "mail"
    menu_label = gettext_lazy("Updates sent")
    index_view_class = RunsView
    inspect_view_enabled = False
    list_display = [
        Column("slot", label=gettext_lazy("Due"), accessor="slot", sort_key="slot"),
        Column("pace", label=gettext_lazy("Pace"), accessor="get_pace_display"),
        Column("mails", label=gettext_lazy("Mails"), sort_key="mails"),
        "begun_at",
        "ended_at",
    ]
    list_export: list[str] = []

    def get_urlpatterns(self) -> list:
        """Return the addresses of the listing."""
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
        ]
