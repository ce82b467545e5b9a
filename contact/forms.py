"""The contact box."""

import json

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from contact import spam
from contact.models import Message
from contact.models.keys import sealed_words
from contact.references import key_digest
from harmhub.addresses import AddressField
from harmhub.public_forms import PublicForm
from harmhub.sealing import address_digest
from topics.models import TopicPage

LONGEST = 10_000


class TextField(forms.CharField):
    """A text of several lines. Browsers send each line end as two characters; here it is one. A text of which
    nothing can be seen is none."""

    def to_python(self, value: str | None) -> str:
        """Return the text with plain line ends."""
        text = (super().to_python(value) or "").replace("\r\n", "\n")
        return text if any(sign.isprintable() and not sign.isspace() for sign in text) else ""


def text_of_a_message() -> TextField:
    """Return the field for what a reader writes."""
    return TextField(
        max_length=LONGEST,
        error_messages={
            "required": _("Write your message"),
            "max_length": _("Shorten your message to %(limit_value)s characters; it has %(show_value)s"),
        },
    )


class ContactForm(PublicForm):
    """A message to the people of a topic. Only the message is required."""

    name = "contact"
    letter = "c"
    too_many = _("Many messages came from your connection within the hour, so this one was not sent.")

    message = text_of_a_message()
    sender = forms.CharField(
        required=False,
        max_length=200,
        error_messages={"max_length": _("Shorten your name to %(limit_value)s characters")},
        validators=[
            RegexValidator(
                r"[\r\n\v\f\x85\u2028\u2029]", _("Write your name on one line"), inverse_match=True
            )
        ],
    )
    email = AddressField(required=False)
    answer_by = forms.ChoiceField(choices=Message.AnswerBy.choices, required=False)
    discreet = forms.BooleanField(required=False)
    ticket = forms.CharField(required=False)
    work = forms.CharField(required=False)

    waiting = ""  # the ticket of somebody who has to wait, see contact.rush

    def clean(self) -> dict:
        """Refuse to answer by mail where there is no address."""
        typed = super().clean()
        if typed.get("answer_by") == Message.AnswerBy.MAIL and not typed.get("email", "?"):
            self.add_error("email", _("Write the e-mail address to which we may answer"))
        return self.cleaned_data

    @property
    def fingerprint(self) -> str:
        """What makes two submissions the same one."""
        fields = ("message", "sender", "email", "answer_by", "discreet")
        return json.dumps([self.trapped, *(self.cleaned_data[field] for field in fields)])

    def save(self, topic: TopicPage) -> tuple[Message, str]:
        """Store the message and, unless it is held back, post the notices. Call it in a transaction. Return
        the message and its key, which is nowhere else."""
        typed = self.cleaned_data
        by_mail = Message.AnswerBy.MAIL if typed["email"] else Message.AnswerBy.SITE
        message = Message(
            topic=topic,
            language=topic.locale.language_code,
            address=typed["email"],
            address_digest=address_digest(typed["email"]) if typed["email"] else None,
            answer_by=typed["answer_by"] or by_mail,
            is_discreet=typed["discreet"],
            quarantine_reason=Message.Reason.TRAP
            if self.trapped
            else spam.doubt(typed["message"], typed["sender"], typed["email"]),
        )
        message.text, message.name = sealed_words(message, typed["message"], typed["sender"])
        message.quarantined_at = message.received_at if message.quarantine_reason else None
        key = message.issue_secret()
        message.save()
        if not message.quarantined_at:
            message.tell_people()
        return message, key


class OpenForm(PublicForm):
    """Reference and key, which together open a message."""

    name = "contact-look-up"
    letter = "k"
    too_many = _("Many tries came from your connection within the hour.")

    reference = forms.CharField(max_length=100, error_messages={"required": _("Write the reference")})
    key = forms.CharField(max_length=200, error_messages={"required": _("Write the key")})

    @property
    def names_one(self) -> bool:
        """Whether reference and key were written, whatever else is wrong."""
        return self.is_valid() or not {"reference", "key"} & self.errors.keys()

    @property
    def pair(self) -> tuple[str, str]:
        """Reference and key."""
        return self.cleaned_data["reference"], self.cleaned_data["key"]

    @property
    def pair_typed(self) -> list[tuple[str, str]]:
        """Both with their names, for the hidden fields of the buttons."""
        return [(name, self[name].value() or "") for name in ("reference", "key")]


class WriteForm(OpenForm):
    """Further words to a message that reference and key open."""

    message = text_of_a_message()

    @property
    def fingerprint(self) -> str:
        """What makes two submissions the same one."""
        return f"{key_digest(*self.pair).hex()} {self.cleaned_data['message']}"


class DeleteForm(OpenForm):
    """The wish to delete a message; ``sure`` is set by the page that asks."""

    sure = forms.CharField(required=False, max_length=10)
