"""The sign-up."""

import json
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from harmhub.addresses import AddressField
from harmhub.mail.composing import organisation_name
from harmhub.public_forms import PublicForm
from newsletter.models import SignUp
from newsletter.tasks import wake_after_commit
from topics.models import TopicPage


def wording(chosen: TopicPage | None) -> str:
    """Return the sentence that stands beside the form: what somebody who signs up agrees to."""
    if chosen:
        return _("Sign up to receive updates about our work in %(list)s.") % {"list": chosen.title}
    return _("Sign up to receive updates from %(organisation)s.") % {"organisation": organisation_name()}


class SignUpForm(PublicForm):
    """An e-mail address and the list it is for: a topic with a newsletter, or the whole organisation."""

    name = "newsletter"
    letter = "n"

    list = forms.ModelChoiceField(
        queryset=TopicPage.objects.none(),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("Choose one of the lists")},
    )
    email = AddressField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast(forms.ModelChoiceField, self.fields["list"])
        choice.queryset = TopicPage.objects.public().filter(has_newsletter=True).order_by("title")

    @property
    def fingerprint(self) -> str:
        """What makes two submissions the same one."""
        chosen = self.cleaned_data["list"]
        return json.dumps([chosen.pk if chosen else None, self.cleaned_data["email"]])

    def save(self) -> None:
        """Store the sign-up and wake the worker: one row and one job, whatever is known of the address."""
        chosen = self.cleaned_data["list"]
        SignUp.objects.create(
            address=self.cleaned_data["email"],
            list=chosen,
            language=get_language(),
            wording=wording(chosen),
            held_at=timezone.now() if self.trapped else None,
        )
        wake_after_commit()
