"""Mailings in the admin: written like a page, approved by a second person, sent by publishing, told of."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, ProtectedError, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import DetailView, View
from wagtail.admin import messages
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, HelpPanel, MultipleChooserPanel, ObjectList
from wagtail.admin.ui.tables import Column, DateColumn
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.log_actions import log
from wagtail.models import ModelLogEntry, Revision
from wagtail.snippets.views.snippets import DeleteView, EditView, IndexView, SnippetViewSet, UnpublishView

from harmhub import mail
from harmhub.waking import wake_after_commit
from newsletter.links import sender_of
from newsletter.mailing_text import TEMPLATE, sample_context
from newsletter.mailings import report_on
from newsletter.models import List, Mailing, Subscription
from newsletter.tasks import updates

TESTED, MOST_TESTS = "newsletter.test", 20  # an hour


class ListsField(forms.ModelMultipleChoiceField):
    """The lists, each with its language and how many follow it."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        """Return what stands beside the box."""
        number = ngettext("%d subscriber", "%d subscribers", obj.followers) % obj.followers
        return f"{obj.name} ({obj.locale.get_display_name()}) – {number}"


def choosable(chosen: list[int]) -> QuerySet[List]:
    """Return the lists that somebody follows, and those that were chosen when somebody did."""
    active = Subscription.objects.active().filter(list=OuterRef("pk"))
    now = Q(subscriptions__confirmed_at__isnull=False, subscriptions__left_at=None)
    found = List.objects.filter(Exists(active) | Q(pk__in=chosen)).named().select_related("locale")
    return found.annotate(followers=Count("subscriptions", filter=now)).order_by("-followers", "pk")


class MailingForm(WagtailAdminModelForm):
    """The form, which offers the lists that somebody follows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["lists"]
        chosen = [each.pk for each in self.instance.lists.all()] if self.instance.pk else []
        self.fields["lists"] = ListsField(
            choosable(chosen),
            label=field.label,
            help_text=_("Who follows several of them gets one mail."),
            required=field.required,
        )
        self.fields["go_live_at"].label = _("When")
        self.fields["go_live_at"].help_text = _(
            "Empty: ten minutes after it is published, and until then it can be taken back. "
            "24-hour clock, time zone %s (see your account)."
        ) % (timezone.get_current_timezone())
        self.fields["go_live_at"].error_messages["invalid"] = _("Write day and time like 2027-03-28 18:30.")

    def clean_lists(self) -> QuerySet[List]:
        """Return the lists. ValidationError: they are in several languages, and a mail is in one."""
        chosen = self.cleaned_data["lists"]
        if len({each.locale_id for each in chosen}) > 1:
            raise forms.ValidationError(_("A mail is in one language: choose lists in one."))
        return chosen


def state_of(mailing: Mailing) -> str:
    """Return where a mailing stands, in a few words."""
    if mailing.settled_at:
        return _("Sent")
    if mailing.begun_at:
        return _("On its way")
    if mailing.goes_at:
        return _("Goes out by itself")
    return _("In moderation") if mailing.workflow_in_progress else _("Draft")


class MailingsView(IndexView):
    """The mailings, the newest first."""

    def get_base_queryset(self) -> QuerySet:
        """Return them with what their states need."""
        return super().get_base_queryset().with_states()


class MailingEditView(EditView):
    """The form of a mailing. Who changes it there and approves it at once has it saved, and no more."""

    def workflow_action_action(self) -> HttpResponse | None:
        """Do what a moderator decided; lead back to the form where she may not decide it any more."""
        try:
            return super().workflow_action_action()
        except PermissionDenied:
            messages.warning(self.request, _("Your changes are saved. It was not approved."))
            return redirect("mailing:edit", self.object.pk)


class MailingUnpublishView(UnpublishView):
    """Take a mailing back that has not gone out."""

    @transaction.atomic
    def unpublish(self) -> HttpResponse | None:
        """Do it; return the way to what became of it where it has gone."""
        if self.object.has_gone():
            messages.error(self.request, _("This mail has gone out already."))
            return redirect("mailing:sending", self.object.pk)
        return super().unpublish()


class MailingDeleteView(DeleteView):
    """Delete a mailing that has not gone out."""

    def form_valid(self, form: forms.Form) -> HttpResponse:
        """Do it; lead to what became of it where it is just going."""
        try:
            with transaction.atomic():
                return super().form_valid(form)
        except ProtectedError:
            messages.error(self.request, _("This mail has gone out already."))
            return redirect("mailing:sending", self.object.pk)


class SendingView(PermissionCheckedMixin, WagtailAdminTemplateMixin, DetailView):
    """Who gets a mailing, and, once it goes out, what became of it. Nobody is told who opened it: we do not
    know."""

    model = Mailing
    permission_required = "view"
    template_name = "newsletter/admin/sending.html"
    page_title = gettext_lazy("Sending")
    header_icon = "mail"

    def get_page_subtitle(self) -> str:
        """Return its subject."""
        return str(self.object)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Return the way here."""
        return [
            *self.breadcrumbs_items,
            {"url": reverse("mailing:list"), "label": _("Mailings")},
            {"url": reverse("mailing:edit", args=[self.object.pk]), "label": str(self.object)},
            {"url": "", "label": self.page_title, "sublabel": str(self.object)},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what would go as things stand, its readers, its report, and what this user may do."""
        mailing = self.object
        version = version_to_send(mailing)
        chosen = {each.pk for each in version.lists.all()}
        before = not mailing.begun_at
        may_publish = self.user_has_permission("publish") and before
        return super().get_context_data(**kwargs) | {
            "mailing": mailing,
            "version": version,
            "state": state_of(mailing),
            "has_newer": before and mailing.goes_at and not_in(version, mailing.latest_revision),
            "lists": [each for each in choosable([*chosen]) if each.pk in chosen],
            "readers": version.readers.count() if before else 0,
            "faults": version.faults() if before else [],
            "unshown": unshown(version) if before else [],
            "report": None if before else report_on(mailing),
            "may_test": self.user_has_permission("change") and before,
            "may_send": may_publish and mailing.live,
            "scheduled": mailing.scheduled_revision if may_publish and not mailing.live else None,
            "address": address_of(self.request),
        }


def version_to_send(mailing: Mailing) -> Mailing:
    """Return a mailing as it goes out, as things stand: as it was published or scheduled, else as it was
    written last."""
    if mailing.live or mailing.begun_at:
        return mailing
    return mailing.get_scheduled_revision_as_object() or mailing.get_latest_revision_as_object()


def not_in(version: Mailing, latest: Revision | None) -> bool:
    """Return whether the newest draft says something else than the version that goes out."""
    return latest is not None and said(latest.as_object()) != said(version)


def said(mailing: Mailing) -> tuple:
    """Return what a version of a mailing says, and to which lists."""
    works = [row.item_id for row in mailing.items.all()]
    return mailing.subject, mailing.body, works, {each.pk for each in mailing.lists.all()}


def address_of(request: HttpRequest) -> str:
    """Return the e-mail address of who is logged in; "" where none is known."""
    return getattr(request.user, "email", "")


def unshown(mailing: Mailing) -> list[str]:
    """Return the titles of chosen works that are not public now, so that no mail shows them."""
    shown = {work.pk for work in sample_context(mailing)[1]["works"]}
    return [row.item.title for row in mailing.items.all() if row.item_id and row.item_id not in shown]


class MailingStepView(PermissionCheckedMixin, View):
    """Do one thing with a mailing, by POST, and lead back."""

    model = Mailing
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do it."""
        mailing = get_object_or_404(Mailing, pk=pk)
        if mailing.begun_at:
            messages.error(request, _("This mail has gone out already."))
        else:
            self.step(mailing)
        return redirect("mailing:sending", mailing.pk)

    def step(self, mailing: Mailing) -> None:
        """Do it with one that has not gone out."""
        raise NotImplementedError


class TestView(MailingStepView):
    """Send the newest draft to the one who asks."""

    permission_required = "change"

    @transaction.atomic
    def step(self, mailing: Mailing) -> None:
        """Post it. No link in it does anything."""
        address = address_of(self.request)
        if not address:
            messages.error(self.request, _("Your account has no e-mail address."))
            return
        lately = ModelLogEntry.objects.filter(action=TESTED, user=self.request.user)
        if lately.filter(timestamp__gt=timezone.now() - timedelta(hours=1)).count() >= MOST_TESTS:
            messages.error(self.request, _("You have had many tests within the hour. Please wait a while."))
            return
        language, context = sample_context(mailing.get_latest_revision_as_object())
        mail.post(
            purpose="mailing-test",
            to=address,
            template=TEMPLATE,
            context=context | {"is_test": True},
            language=language,
            sender=sender_of(False, language),
        )
        log(instance=mailing, action=TESTED, user=self.request.user)
        messages.success(self.request, _("A test is on its way to %(address)s.") % {"address": address})


class NowView(MailingStepView):
    """Have a mailing that was published go out before its time."""

    permission_required = "publish"

    @transaction.atomic
    def step(self, mailing: Mailing) -> None:
        """Begin it, and note who did."""
        mailing.begin()
        if not mailing.begun_at:
            messages.error(self.request, _("It is not published: nobody gets it."))
            return
        log(instance=mailing, action="newsletter.send_mailing", user=self.request.user)
        wake_after_commit(updates)
        messages.success(self.request, _("It goes out within a minute."))


class MailingViewSet(SnippetViewSet):
    """The mailings."""

    model = Mailing
    icon = "mail"
    menu_label = gettext_lazy("Mailings")
    url_prefix = "mailings"
    admin_url_namespace = "mailing"
    base_url_path = "mailings"
    index_view_class = MailingsView
    edit_view_class = MailingEditView
    unpublish_view_class = MailingUnpublishView
    delete_view_class = MailingDeleteView
    copy_view_enabled = False
    list_display = [
        "__str__",
        Column("state", label=gettext_lazy("State"), accessor=state_of),
        DateColumn("begun_at", label=gettext_lazy("Sent"), sort_key="begun_at"),
        Column("mails", label=gettext_lazy("Mails"), sort_key="mails"),
    ]
    list_filter: list[str] = []
    search_fields = ["subject"]
    edit_handler = ObjectList(
        [
            FieldPanel("subject"),
            FieldPanel("body"),
            MultipleChooserPanel(
                "items", chooser_field_name="item", heading=gettext_lazy("Works"), label=gettext_lazy("Work")
            ),
            FieldPanel("lists", required_on_save=False),
            FieldPanel("go_live_at"),
            HelpPanel(template="newsletter/admin/before_sending.html", heading=gettext_lazy("Sending")),
        ],
        base_form_class=MailingForm,
    )

    def register_chooser_viewset(self) -> None:
        """Have none: nothing refers to a mailing, and it would show subjects to everybody in the admin."""

    def get_menu_item_is_registered(self) -> bool:
        """Return that they stand in a menu of their own: under Newsletter."""
        return True

    def get_urlpatterns(self) -> list:
        """Add the page that tells who gets it, and its buttons."""
        return [
            *super().get_urlpatterns(),
            path("sending/<int:pk>/", SendingView.as_view(), name="sending"),
            path("test/<int:pk>/", TestView.as_view(), name="test"),
            path("now/<int:pk>/", NowView.as_view(), name="now"),
        ]
