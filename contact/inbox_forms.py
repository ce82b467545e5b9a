"""The forms on the page of a message in the admin."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.utils import get_user_display_name

from contact.acts import colleagues
from contact.answering import wants_mail
from contact.forms import LONGEST, TextField
from contact.models import CannedAnswer, Message, Turn
from topics.models import TopicPage

TOO_LONG = _("Shorten it to %(limit_value)s characters; it has %(show_value)s")


def last_of(message: Message) -> int | None:
    """Return the number of what was said last, by the reader or to her; None: only the message itself."""
    said = message.turns.exclude(kind=Turn.Kind.NOTE).order_by("-pk")
    return said.values_list("pk", flat=True).first()


class ActForm(forms.Form):
    """A form of one act with one message. Its fields have ids of their own."""

    prefix_of_ids = ""
    data: Any

    def __init__(self, data: Any = None, *, message: Message, user: Any) -> None:
        super().__init__(data, auto_id=f"{self.prefix_of_ids}-%s", label_suffix="")
        self.message, self.user = message, user
        self.prepare()

    def prepare(self) -> None:
        """Fit the fields to the message."""


class UserField(forms.ModelChoiceField):
    """A choice among users, by their names."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the name."""
        return get_user_display_name(obj)


class AssignForm(ActForm):
    """To whom of the team."""

    prefix_of_ids = "assign"
    to = UserField(
        queryset=None,
        label=_("Assign to"),
        empty_label=_("Choose somebody"),
        error_messages={
            "required": _("Choose to whom"),
            "invalid_choice": _("Choose somebody of the team who may see this message"),
        },
    )

    def prepare(self) -> None:
        """Offer the team."""
        self.fields["to"].queryset = colleagues(self.message)  # type: ignore[attr-defined]


class TopicField(forms.ModelChoiceField):
    """A choice among topics, each under the one it lies in."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the title, further in the deeper it lies, and the language."""
        return f"{'– ' * max(0, obj.depth - 4)}{obj.title} ({obj.locale.language_code})"


class MoveForm(ActForm):
    """To which topic."""

    prefix_of_ids = "move"
    topic = TopicField(
        queryset=TopicPage.objects.filter(live=True).select_related("locale").order_by("path"),
        label=_("Move to topic"),
        empty_label=_("Choose a topic"),
        help_text=_("The people of that topic are told. You may not see the message any more."),
        error_messages={"required": _("Choose to which topic")},
    )

    def prepare(self) -> None:
        """Say what becomes of sealed words."""
        if self.message.is_sealed:
            field = self.fields["topic"]
            words = gettext("What was sealed to the key of this team stays so: another team cannot open it.")
            field.help_text = f"{field.help_text} {words}"


class MergeForm(ActForm):
    """Into which message."""

    prefix_of_ids = "merge"
    reference = forms.CharField(
        label=_("Double of"),
        max_length=20,
        help_text=_(
            "The reference of the other message. This one is closed; its reader gets the answers to the "
            "other one from then on, and sees nothing else of it."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Write the reference of the other message")},
    )

    def clean_reference(self) -> Message:
        """Return the message. ValidationError: there is none, as far as this user sees."""
        words = self.cleaned_data["reference"]
        seen = Message.objects.seen_by(self.user).defer("text", "name", "address")
        found = None if "@" in words else seen.found_by(words).first()
        if found is None:
            raise forms.ValidationError(_("There is no message with this reference."))
        return found


class NoteForm(ActForm):
    """Words for the team."""

    prefix_of_ids = "note"
    text = TextField(
        label=_("Note"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For the team. The reader gets it only if she asks for all that is kept of her."),
        error_messages={"required": _("Write your note"), "max_length": TOO_LONG},
    )


class AnswerForm(ActForm):
    """Words for the reader."""

    prefix_of_ids = "answer"
    canned: Any = forms.ModelChoiceField(
        queryset=None, required=False, label=_("Canned answer"), empty_label=_("Choose one")
    )
    text = TextField(
        label=_("Your answer"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": _("Write your answer"), "max_length": TOO_LONG},
    )
    doubles: Any = forms.ModelMultipleChoiceField(
        queryset=None,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("Also to the readers of"),
        help_text=_("They may be other people: write nothing that only one of them told you."),
    )
    last = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def prepare(self) -> None:
        """Offer what can be inserted, and the doubles; remember what was said when the form was shown."""
        self.fields["canned"].queryset = CannedAnswer.objects.for_message(self.message)  # type: ignore[attr-defined]
        seen = Message.objects.seen_by(self.user).filter(quarantined_at=None, double_of=self.message.pk)
        doubles = seen.defer("text", "name").order_by("reference")
        self.fields["doubles"].queryset = doubles  # type: ignore[attr-defined]
        self.fields["text"].widget.attrs |= {"lang": self.message.language, "dir": "auto"}
        self.fields["text"].help_text = self.way
        for name, there in (("canned", self.fields["canned"].queryset), ("doubles", doubles)):  # type: ignore[attr-defined]
            if not there.exists():
                del self.fields[name]
        self.initial = {"last": last_of(self.message) or "", "doubles": list(doubles)}

    @property
    def way(self) -> str:
        """How the answer reaches its reader."""
        if wants_mail(self.message):
            return gettext("It goes to the reader by mail, and stands on the site.")
        if self.message.address and self.message.answer_by == Message.AnswerBy.MAIL:
            return gettext("Her address cannot be read: the answer only stands on the site.")
        return gettext("It stands on the site, where the reader finds it with reference and key.")

    def clean(self) -> dict[str, Any]:
        """ValidationError: something was said that whoever wrote this has not seen."""
        told = super().clean() or {}
        if last_of(self.message) != told.get("last"):
            self.data = self.data.copy()
            self.data["last"] = last_of(self.message) or ""
            raise forms.ValidationError(
                _("Meanwhile something was said: it stands above. Read it before you send your answer.")
            )
        return told

    def with_canned(self) -> "AnswerForm":
        """Return the form with the chosen text after what was typed, to be shown, not yet sent."""
        field, typed = self.fields.get("canned"), self.data.get("text", "").replace("\r\n", "\n").strip()
        try:
            chosen = field.clean(self.data.get("canned")) if field else None
        except forms.ValidationError:
            chosen = None
        form = AnswerForm(message=self.message, user=self.user)
        form.initial["text"] = "\n\n".join(filter(None, [typed, chosen.text if chosen else ""]))
        form.initial["last"] = self.data.get("last", "")
        if "doubles" in form.fields:
            form.initial["doubles"] = self.data.getlist("doubles")
        form.fields["text"].widget.attrs["autofocus"] = True
        return form


FORMS: dict[str, type[ActForm]] = {
    "assign": AssignForm,
    "answer": AnswerForm,
    "note": NoteForm,
    "move": MoveForm,
    "merge": MergeForm,
}
