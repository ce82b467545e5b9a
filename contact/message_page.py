"""One message in the admin: what was said, what is known of it, and what can be done with it."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin.utils import get_user_display_name
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.log_actions import log

from contact import acts, spam
from contact.acts import ActError, Done
from contact.answering import answer
from contact.inbox_forms import FORMS, ActForm, AnswerForm, last_of
from contact.keys import shown_sealed
from contact.models import Message, Turn
from harmhub.records import RecordHistoryView, RecordInspectView

# What can be done: its button, and what is said afterwards.
ACTS = {
    "take": (gettext_lazy("Take"), gettext_lazy("Message %s is yours.")),
    "assign": (gettext_lazy("Assign"), gettext_lazy("Message %s is assigned.")),
    "unassign": (gettext_lazy("Give back"), gettext_lazy("Message %s is nobody’s.")),
    "note": (gettext_lazy("Add note"), gettext_lazy("The note on message %s is kept.")),
    "answer": (
        gettext_lazy("Send answer"),
        gettext_lazy("The answer to message %s leaves in two minutes. Until then you can undo it."),
    ),
    "close": (
        gettext_lazy("Close"),
        gettext_lazy("Message %s is closed. Its address is wiped in two days, unless you open it again."),
    ),
    "reopen": (gettext_lazy("Open again"), gettext_lazy("Message %s is open again.")),
    "quarantine": (
        gettext_lazy("Hold back as spam"),
        gettext_lazy("Message %s is held back. It will be deleted after 30 days."),
    ),
    "restore": (
        gettext_lazy("Restore"),
        gettext_lazy("Message %s is restored, and the people of its topic are told."),
    ),
    "move": (
        gettext_lazy("Move"),
        gettext_lazy("Message %s is moved, and the people of its topic are told in two minutes."),
    ),
    "merge": (gettext_lazy("Merge"), gettext_lazy("Message %s is closed as a double.")),
    "separate": (gettext_lazy("No double"), gettext_lazy("Message %s is a message of its own again.")),
}


# These end something: not without what was said since the page was opened.
ENDING = {"close", "merge", "quarantine"}


def buttons_of(message: Message) -> list[str]:
    """Return the acts that need nothing but a button and fit the state of a message."""
    if message.quarantined_at:
        return ["restore"]
    owning = ["unassign"] if message.assigned_to_id else ["take"]
    double = ["separate"] if message.double_of_id else []
    return [*owning, *double, "reopen" if message.closed_at else "close", "quarantine"]


class SeenOnly:
    """Has a view know only the messages that its user may see."""

    def get_object(self, queryset: QuerySet | None = None) -> Message:
        """Return the message. Http404: there is none, or it is for another team."""
        seen = Message.objects.seen_by(self.request.user)  # type: ignore[attr-defined]
        found = seen.select_related("topic", "assigned_to", "double_of")
        return get_object_or_404(found, pk=unquote(str(self.kwargs["pk"])))  # type: ignore[attr-defined]


class MessageHistoryView(SeenOnly, RecordHistoryView):
    """Who read a message, and what was done with it."""


class MessageView(SeenOnly, RecordInspectView):
    """One message, opened, with what can be done with it."""

    labels = {
        "promised_for": gettext_lazy("Answer promised by"),
        "state": gettext_lazy("State"),
        "deleted_on": gettext_lazy("Will be deleted"),
    }
    status = 200
    shown_form: ActForm | None = None  # one that comes back, with its errors or with a text inserted

    def get_assigned_to_display_value(self) -> str:
        """Return the name."""
        return get_user_display_name(self.object.assigned_to) if self.object.assigned_to else ""

    def get_is_discreet_display_value(self) -> str:
        """Return it in a word, where it is so."""
        return _("Yes: mails to its reader are neutral") if self.object.is_discreet else ""

    def get_quarantine_reason_display_value(self) -> str:
        """Return it in words."""
        return self.object.get_quarantine_reason_display()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what was said, and for those who may change messages the forms and buttons."""
        message, user = self.object, self.request.user
        turns = message.turns.select_related("author", "mail").defer("mail__content")
        seen = Message.objects.seen_by(user).defer("text", "name", "address")
        context = super().get_context_data(**kwargs) | {
            "sealed": shown_sealed(message),
            "turns": [(turn, shown_sealed(turn)) for turn in turns],
            "last": last_of(message) or "",
            "doubles": seen.filter(double_of=message.pk),
            "main": seen.filter(pk=message.double_of_id).first(),
        }
        if not self.user_has_permission("change"):
            return context
        forms = {name: form(message=message, user=user) for name, form in FORMS.items()}
        if self.shown_form:
            forms[self.shown_form.prefix_of_ids] = self.shown_form
        buttons = [(act, ACTS[act][0]) for act in buttons_of(message)]
        return context | {"forms": forms, "buttons": buttons, "broken": self._broken()}

    def _broken(self) -> list[tuple[str, str]]:
        """Return the errors of the form that comes back, each with the id of its field."""
        form = self.shown_form
        if not form or not form.is_bound:
            return []
        place = {"__all__": "text"}
        return [
            (form[place.get(name, name)].id_for_label, str(error))
            for name, errors in form.errors.items()
            for error in errors
        ]

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """Return the page, with the status that fits."""
        return super().render_to_response(context, status=self.status, **kwargs)

    def shown(self, form: ActForm, status: int) -> HttpResponse:
        """Return the page with a form that comes back. It is read once more, which is noted."""
        self.shown_form, self.status = form, status
        return super().get(self.request, *self.args, **self.kwargs)


class ActView(MessageView):
    """Do something with one message, by POST. A GET asks first where a button is enough, and changes
    nothing."""

    any_permission_required = ["change"]
    http_method_names = ["get", "post"]
    act = ""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer a page that asks whether this is meant."""
        act = self._known()
        if act not in acts.PLAIN:
            return redirect("message:inspect", self.object.pk)
        context = {"message": self.object, "act": act, "label": ACTS[act][0]}
        return render(request, "contact/admin/confirm.html", context)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Do it, note who did it, and lead back to the message; 422 where something has to be filled in."""
        act, message = self._known(), self.object
        if act == "answer" and "insert" in request.POST:
            return self.shown(AnswerForm(request.POST, message=message, user=request.user).with_canned(), 200)
        try:
            with transaction.atomic():  # nothing happens to a message without a note of who did it
                seen = Message.objects.seen_by(request.user)
                message = get_object_or_404(acts.locked(seen), pk=message.pk)
                self._refuse_late(act, message)
                form = FORMS[act](request.POST, message=message, user=request.user) if act in FORMS else None
                if form and not self._repeats(act, form) and not form.is_valid():
                    return self.shown(form, 422)
                done = self._done(act, message, form)
                self._note(act, message, done)
        except ActError as problem:
            messages.error(request, told(str(problem)))
            return self._back(message)
        if act == "quarantine":
            spam.remember(message.text)
        said = str(ACTS[act][1]) % message.reference
        messages.success(request, told(said, request, message, done))
        return self._back(message)

    def _refuse_late(self, act: str, message: Message) -> None:
        """ActError: the message is not any more as the page showed it."""
        fits = act not in acts.PLAIN or act in buttons_of(message)
        last = self.request.POST.get("last")
        if not fits or (act in ENDING and last is not None and last != str(last_of(message) or "")):
            raise ActError(_("Meanwhile something happened to the message: look at it again."))

    def _known(self) -> str:
        if (act := self.kwargs["act"]) not in ACTS:
            raise Http404
        return act

    def _repeats(self, act: str, form: ActForm) -> bool:
        """Whether an answer is the one that was just sent: the button was pressed twice."""
        text = form.data.get("text", "").replace("\r\n", "\n").strip()
        answers = Turn.Kind.ANSWER
        return act == "answer" and acts.is_repeated(form.message, self.request.user, answers, text)

    def _done(self, act: str, message: Message, form: ActForm | None) -> Done:
        """Do it with the locked message."""
        user, given = self.request.user, getattr(form, "cleaned_data", {})
        if act in acts.PLAIN:
            return acts.doing(acts.PLAIN[act], message)
        if act == "answer":
            return self._answered(message, given)
        values: dict[str, tuple] = {
            "take": (acts.take, user),
            "assign": (acts.assign, given.get("to")),
            "unassign": (acts.assign, None),
            "note": (acts.note, user, given.get("text")),
            "move": (acts.move, given.get("topic")),
            "merge": (acts.merge, given.get("reference")),
        }
        what, *arguments = values[act]
        return acts.doing(what, message, *arguments)

    def _answered(self, message: Message, given: dict[str, Any]) -> Done:
        """Answer, and close where that is asked for. ActError: it is held back as spam."""
        if message.quarantined_at:
            raise ActError(_("This message is held back: restore it before you answer."))
        if "text" not in given:  # pressed twice
            return Done()
        before = acts.state_of(message)
        chosen = given.get("doubles", Message.objects.none())
        doubles = acts.locked(Message.objects.filter(pk__in=[each.pk for each in chosen])).order_by("pk")
        done = answer(message, self.request.user, given["text"], doubles)
        # What became another team's meanwhile gets no answer from here.
        message.let_doubles_go(Message.objects.seen_by(self.request.user))
        if "close" in self.request.POST:
            message.close()
        done.states[message.pk] = (before, acts.state_of(message))
        return done

    def _note(self, act: str, message: Message, done: Done) -> None:
        """Write to the log what was done, to each message it was done to."""
        if not done:
            return
        data = {"to": get_user_display_name(message.assigned_to)} if act == "assign" else None
        log(instance=message, action=f"contact.{act}", user=self.request.user, data=data)
        others = Message.objects.filter(pk__in=set(done.states) - {message.pk}).only("reference")
        for other in others:
            log(instance=other, action=f"contact.{act}", user=self.request.user)

    def _back(self, message: Message) -> HttpResponseRedirect:
        return back(self.request, message.pk)


class UndoView(PermissionCheckedMixin, View):
    """Undo what was just done, by POST, with what the button holds: signed, for who did it, for an hour.

    It also takes back a message that was moved out of sight, and shows nothing of it.
    """

    model = Message
    permission_required = "change"
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Do it, note who did it, and lead back."""
        pks: list[int] = []
        try:
            done = Done.of_token(request.POST.get("token", ""), request.user)
            pks = list(done.states)
            with transaction.atomic():
                acts.undo(done, request.user)
                for message in Message.objects.filter(pk__in=pks).only("reference"):
                    log(instance=message, action="contact.undo", user=request.user)
            messages.success(request, told(_("Undone.")))
        except ActError as problem:
            messages.error(request, told(str(problem)))
        return back(request, pks[-1] if pks else None)


def told(words: str, request: HttpRequest | None = None, message: Any = None, done: Any = None) -> SafeString:
    """Return what is said after an act, with a button that undoes it where something was done."""
    token = done.token(request.user) if request and done else ""
    context = {"words": words, "token": token, "message": message}
    return render_to_string("contact/admin/told.html", context, request=request)


def back(request: HttpRequest, pk: int | None) -> HttpResponseRedirect:
    """Lead back to a message, or to the inbox where this user does not see it any more."""
    if pk and Message.objects.seen_by(request.user).filter(pk=pk).exists():
        return redirect("message:inspect", pk)
    return redirect(reverse("message:index"))
