"""What one person wrote, on her request: given to her as a file, or deleted for good."""

from typing import Any

from django import forms
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.models import ModelLogEntry

from contact.acts import locked
from contact.keeping import WORDS, erase
from contact.models import Message
from contact.models.messages import MessageQuerySet
from harmhub.records import log_each

TIMES = ("received_at", "heard_at", "answered_at", "closed_at", "quarantined_at")


class FindForm(forms.Form):
    """Whose messages are looked for."""

    q = forms.CharField(
        label=gettext_lazy("Reference or e-mail address"),
        help_text=gettext_lazy(
            "By an address, messages are found until it is forgotten, two days after they were closed; by a "
            "reference, as long as they are kept."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class PersonView(PermissionCheckedMixin, WagtailAdminTemplateMixin, TemplateView):
    """Find the messages of one person by a reference, or by the address that she left; GET exports them, POST
    deletes them. Both are in the log, message by message."""

    model = Message
    permission_required = "export"
    http_method_names = ["get", "post", "head", "options"]
    template_name = "contact/admin/person.html"
    page_title = gettext_lazy("Messages of one person")
    header_icon = "user"

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Return the way here."""
        inbox = {"url": reverse("message:index"), "label": gettext_lazy("Messages")}
        return [*super().get_breadcrumbs_items(), inbox, {"url": "", "label": self.page_title}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what was looked for and what was found, without its words."""
        asked = self.request.GET.get("q", "").strip()
        found = self._seen().found_by(asked) if asked else Message.objects.none()
        found = found.select_related("topic").defer(*WORDS)
        return super().get_context_data(**kwargs) | {
            "form": FindForm(initial={"q": asked}),
            "asked": asked,
            "found": found,
        }

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer the page or, with ``export``, the file."""
        return self._export(request) if "export" in request.GET else super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Delete the messages whose references were sent, as they stood on the page, and lead back to it."""
        chosen = self._seen().filter(reference__in=request.POST.getlist("reference"))
        with transaction.atomic():
            number = erase(locked(chosen), "contact.erase", request.user)
        said = ngettext("%d message is deleted for good.", "%d messages are deleted for good.", number)
        messages.success(request, said % number)
        return redirect("message:person")

    def _export(self, request: HttpRequest) -> HttpResponse:
        found = self._seen().filter(reference__in=request.GET.getlist("reference"))
        told = [told_of(message) for message in found.select_related("topic").prefetch_related("turns")]
        log_each(found.defer(*WORDS), "contact.export", request.user)
        name = slugify(told[0]["reference"]) if told else "none"
        answer = JsonResponse(
            {"messages": told},
            encoder=DjangoJSONEncoder,
            json_dumps_params={"indent": 2, "ensure_ascii": False},
        )
        answer["Content-Disposition"] = f'attachment; filename="messages-{name}.json"'
        answer["Cache-Control"] = "no-store"
        return answer

    def _seen(self) -> MessageQuerySet:
        return Message.objects.seen_by(self.request.user)


def told_of(message: Message) -> dict[str, Any]:
    """Return all that is kept of a message, as JSON: its words, what was said after it, what was done with
    it. Who of the team did it is not hers to know."""
    done = ModelLogEntry.objects.for_instance(message).order_by("timestamp")
    return {
        "reference": message.reference,
        "topic": message.topic.title if message.topic else None,
        "language": message.language,
        "state": message.state,
        "answer_by": message.answer_by,
        "is_discreet": message.is_discreet,
        **{name: getattr(message, name) for name in TIMES},
        "name": message.name,
        "address": message.address,
        "text": message.text,
        "turns": [
            {"kind": turn.kind, "written_at": turn.written_at, "text": turn.text}
            for turn in message.turns.all()
        ],
        "log": [{"action": entry.action, "at": entry.timestamp} for entry in done],
    }
