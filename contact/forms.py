"""The contact box."""

import json
import re

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from contact.models import Message
from harmhub.addresses import AddressField
from harmhub.public_forms import PublicForm
from harmhub.sealing import address_digest
from topics.models import TopicPage

LONGEST = 10_000
MOST_LINKS = 3
LINK = re.compile(r"\bhttps?://|\bwww\.", re.IGNORECASE)


class TextField(forms.CharField):
    """A text of several lines. Browsers send each line end as two characters; here it is one."""

    def to_python(self, value: str | None) -> str:
        """Return the text with plain line ends."""
        return (super().to_python(value) or "").replace("\r\n", "\n")


class ContactForm(PublicForm):
    """A message to the people of a topic. Only the message is required."""

    name = "contact"
    letter = "c"
    too_many = _("Many messages came from your connection within the hour, so this one was not sent.")

    message = TextField(
        max_length=LONGEST,
        error_messages={
            "required": _("Write your message"),
            "max_length": _("Shorten your message to %(limit_value)s characters; it has %(show_value)s"),
        },
    )
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

    @property
    def fingerprint(self) -> str:
        """What makes two submissions the same one."""
        return json.dumps(
            [self.trapped, *(self.cleaned_data[field] for field in ("message", "sender", "email"))]
        )

    @property
    def doubt(self) -> str:
        """The reason to hold the message back, or ""."""
        if self.trapped:
            return Message.Reason.TRAP
        too_many = len(LINK.findall(self.cleaned_data["message"])) > MOST_LINKS
        return Message.Reason.LINKS if too_many else ""

    def save(self, topic: TopicPage) -> Message:
        """Store the message and, unless it is held back, post the notices. Call it in a transaction."""
        typed = self.cleaned_data
        message = Message(
            topic=topic,
            language=topic.locale.language_code,
            text=typed["message"],
            name=typed["sender"],
            address=typed["email"],
            address_digest=address_digest(typed["email"]) if typed["email"] else None,
            quarantine_reason=self.doubt,
        )
        message.quarantined_at = message.received_at if message.quarantine_reason else None
        message.save()
        if not message.quarantined_at:
            message.tell_people()
        return message
