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
from harmhub.waking import wake_after_commit
from newsletter.models import Pace, SignUp
from newsletter.tasks import sign_ups
from topics.models import TopicPage


def wording(chosen: TopicPage | None, *, on_page: bool = False) -> str:
    """Return what somebody who signs up was shown and agreed to: the sentence of the bar, or question and
    answer of the form's own page. It is made of the same translations as they are."""
    names = {"list": chosen and chosen.title, "organisation": organisation_name()}
    if on_page:
        everything = _("All topics") + " – " + _("Everything from %(organisation)s")
        return _("Send me updates about") + ": " + (chosen.title if chosen else everything % names)
    sentence = (
        _("Sign up to receive updates about our work in <b>%(list)s</b>.")
        if chosen
        else _("Sign up to receive updates from <b>%(organisation)s</b>.")
    )
    return sentence.replace("<b>", "").replace("</b>", "") % names


class SignUpForm(PublicForm):
    """An e-mail address and the list it is for: a topic with a newsletter, in the language of the request, or
    the whole organisation."""

    name = "newsletter"
    letter = "n"
    too_many = gettext_lazy(
        "Many sign-ups came from your connection within the hour, so this one was not taken."
    )

    list = forms.ModelChoiceField(
        queryset=TopicPage.objects.none(),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("Choose one of the lists")},
    )
    email = AddressField()
    pace = forms.ChoiceField(choices=Pace, required=False)  # the bar does not ask
    on_page = forms.BooleanField(required=False)  # sent from the form's own page, not from a bar

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast(forms.ModelChoiceField, self.fields["list"])
        lists = TopicPage.objects.public().filter(has_newsletter=True)
        choice.queryset = lists.filter(locale__language_code=get_language()).order_by("title")

    @property
    def fingerprint(self) -> str:
        """What makes two submissions the same one."""
        chosen = self.cleaned_data["list"]
        told = (chosen.pk if chosen else None, self.cleaned_data["email"], self.cleaned_data["pace"])
        return json.dumps([*told, self.trapped])

    def save(self) -> None:
        """Store the sign-up and wake the worker: one row and one job, whatever is known of the address."""
        chosen = self.cleaned_data["list"]
        SignUp.objects.create(
            address=self.cleaned_data["email"],
            list=chosen,
            pace=self.cleaned_data["pace"],
            language=get_language(),
            wording=wording(chosen, on_page=self.cleaned_data["on_page"]),
            held_at=timezone.now() if self.trapped else None,
        )
        wake_after_commit(sign_ups)
