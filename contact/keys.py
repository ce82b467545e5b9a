"""Keys of teams in the admin, and what is shown of words that only a team can open."""

from typing import Any

from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin.panels import FieldPanel, HelpPanel
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.models import CreateView, EditView
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.log_actions import log
from wagtail.permission_policies.base import BasePermissionPolicy

from contact.models import Message, TeamKey, Turn
from contact.models.keys import is_sealed
from harmhub.users.models import User


def shown_sealed(words: Message | Turn) -> SafeString:
    """Return HTML for words that lie sealed to a team: them as they are, as a file, and how to open it; for
    others ""."""
    if not words.is_sealed:
        return SafeString()
    message, turn = (words, None) if isinstance(words, Message) else (words.message, words.pk)
    address = reverse("message:sealed", args=[message.pk]) + (f"?turn={turn}" if turn else "")
    name = file_name(message.reference, turn)
    return render_to_string(
        "contact/admin/sealed.html", {"text": words.text, "address": address, "name": name}
    )


def file_name(reference: str, turn: int | None) -> str:
    """Return the name of the file of a sealed message, or of one of the turns after it."""
    return f"{reference}-{turn}.age" if turn else f"{reference}.age"


class SealedFileView(PermissionCheckedMixin, View):
    """A sealed text as a file, for the tool that opens it. Each download is a reading in the log."""

    model = Message
    permission_required = "view"
    http_method_names = ["get"]

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer the armored file. Http404: there is no such message for this user, or it is not sealed."""
        message = get_object_or_404(Message.objects.seen_by(request.user), pk=pk)
        number = request.GET.get("turn", "")
        turn = get_object_or_404(message.turns, pk=number) if number.isdecimal() else None
        text = turn.text if turn else message.text
        if not is_sealed(text):
            raise Http404
        log(instance=message, action="contact.read", user=request.user)
        name = file_name(message.reference, turn.pk if turn else None)
        return HttpResponse(
            text,
            content_type="application/octet-stream",
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )


class TeamKeyPolicy(BasePermissionPolicy):
    """Who may say who is in a team may say which key it has: both decide who reads its messages."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        """Return whether this user may do this with keys."""
        return user.is_active and user.has_perm("auth.change_group")

    def users_with_any_permission(self, actions: Any) -> QuerySet:
        """Return the users who may."""
        return User.objects.with_perm(
            "auth.change_group", backend="django.contrib.auth.backends.ModelBackend"
        )


class _ByWhom:
    """Has a view note whose key it is."""

    request: HttpRequest
    form: ModelForm

    def save_instance(self) -> Any:
        """Save the key with the name of who gave it."""
        self.form.instance.by = self.request.user
        return super().save_instance()  # type: ignore[misc]


class AddKeyView(_ByWhom, CreateView):
    """Give a team a key."""


class ChangeKeyView(_ByWhom, EditView):
    """Give a team another key."""


class TeamKeyViewSet(ModelViewSet):
    """The keys of teams. What is done with them is in Wagtail's log."""

    model = TeamKey
    icon = "key"
    add_to_settings_menu = True
    add_to_reference_index = False
    menu_label = gettext_lazy("Team keys")
    add_view_class = AddKeyView
    edit_view_class = ChangeKeyView
    copy_view_enabled = False
    list_display = [
        "group",
        Column("short", label=gettext_lazy("Public key")),
        "since",
        Column("by", label=gettext_lazy("By")),
    ]
    panels = [
        HelpPanel(
            gettext_lazy(
                "From now on, what readers write to this team is sealed to its key as it comes in, and not "
                "even the server can read it again. Messages that are here already stay as they are."
            )
        ),
        FieldPanel("group"),
        FieldPanel("public_key"),
    ]
