"""The forms of subscribers: signing up, asking for a link, choosing, moving."""

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, cast

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from harmhub.addresses import AddressField
from harmhub.mail.composing import organisation_name
from harmhub.public_forms import PublicForm
from harmhub.sealing import address_digest
from harmhub.waking import wake_after_commit
from newsletter import managing
from newsletter.listings import list_at
from newsletter.models import LinkRequest, List, Pace, SignUp, Subscriber
from newsletter.tasks import sign_ups
from topics.kinds import Kind
from topics.models import TopicPage


def wording(lists: Iterable[List], *, on_page: bool = False) -> str:
    """Return what somebody who signs up was shown and agreed to: the sentence of the bar, or question and
    answers of the form's own page. It is made of the same translations as they are."""
    chosen = list(lists)
    if on_page:
        names = (each.name if each.page else _everything(each) for each in chosen)
        return _("Send me updates about") + ": " + ", ".join(names)
    [only] = chosen
    sentence = (
        _("Sign up to receive updates about our work in <b>%(list)s</b>.")
        if only.page
        else _("Sign up to receive updates from <b>%(organisation)s</b>.")
    )
    names_in = {"list": only.page and only.page.title, "organisation": organisation_name()}
    return sentence.replace("<b>", "").replace("</b>", "") % names_in


def _everything(chosen: List) -> str:
    names = {"organisation": organisation_name()}
    kind = f" ({Kind(chosen.kind).plural})" if chosen.kind else ""
    return _("All topics") + " – " + _("Everything from %(organisation)s") % names + kind


def offered_topics(language: str) -> Any:
    """Return the topics with a newsletter in a language, A to Z."""
    topics = TopicPage.objects.public().filter(has_newsletter=True)
    return topics.filter(locale__language_code=language).order_by("title")


class SignUpForm(PublicForm):
    """An e-mail address and what it is for: topics with a newsletter in the language of the request, cut to
    some kinds, a listing of the site, or everything."""

    name = "newsletter"
    letter = "n"
    too_many = gettext_lazy(
        "Many sign-ups came from your connection within the hour, so this one was not taken."
    )

    topic = forms.ModelMultipleChoiceField(
        queryset=TopicPage.objects.none(),
        required=False,
        error_messages={
            name: gettext_lazy("Choose one of the lists") for name in ("invalid_choice", "invalid_pk_value")
        },
    )
    everything = forms.BooleanField(required=False)
    of = forms.CharField(required=False, max_length=1_000)  # the path of a listing
    kind = forms.MultipleChoiceField(choices=Kind, required=False)
    email = AddressField()
    pace = forms.ChoiceField(choices=Pace, required=False)  # the bar does not ask
    discreet = forms.BooleanField(required=False)
    on_page = forms.BooleanField(required=False)  # sent from the form's own page, not from a bar

    request: HttpRequest | None = None  # it knows the site whose listing is named

    def __init__(self, *args: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        choice = cast(forms.ModelMultipleChoiceField, self.fields["topic"])
        choice.queryset = offered_topics(get_language())

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """The kinds to choose from, with their words for many."""
        return [(kind.value, kind.plural) for kind in Kind]

    @cached_property
    def listing(self) -> List | None:
        """The listing of the site that is to be followed, where one is named."""
        path = self["of"].value()
        return list_at(self.request, path) if path and self.request else None

    def clean(self) -> dict:
        """Refuse what names no list, and a listing that is not there."""
        super().clean()
        told = self.cleaned_data
        if told.get("of") and not self.listing:
            self.add_error(
                "topic", _("What you wanted to follow is not there any more. Choose one of the lists")
            )
        nothing = not (told.get("topic") or told.get("everything") or told.get("of"))
        if nothing and told.get("on_page") and "topic" not in self.errors:
            self.add_error("topic", _("Choose what you want to hear about"))
        return told

    @property
    def chosen(self) -> list[List]:
        """The lists that are asked for, not saved."""
        told, language = self.cleaned_data, get_language()
        wanted = [List.about(topic) for topic in told["topic"]]
        if told["everything"] or not (wanted or self.listing):
            wanted.append(List.about(None, language))
        kinds = told["kind"] if 0 < len(told["kind"]) < len(Kind) else [""]
        cut = [List(page=each.page, locale_id=each.locale_id, kind=kind) for each in wanted for kind in kinds]
        found = {each.key: each for each in [*cut, *([self.listing] if self.listing else [])]}
        return [*found.values()]

    @property
    def fingerprint(self) -> str:
        """What makes two submissions the same one."""
        lists = sorted(map(str, (each.key for each in self.chosen)))
        told = (self.cleaned_data["email"], self.cleaned_data["pace"], self.cleaned_data["discreet"])
        return json.dumps([lists, *told, self.trapped])

    def save(self) -> None:
        """Store the sign-up and wake the worker: one row and one job, whatever is known of the address."""
        chosen = self.chosen
        sign_up = SignUp.objects.create(
            address=self.cleaned_data["email"],
            pace=self.cleaned_data["pace"],
            is_discreet=self.cleaned_data["discreet"],
            language=get_language(),
            wording=wording(chosen, on_page=self.cleaned_data["on_page"]),
            held_at=timezone.now() if self.trapped else None,
        )
        sign_up.lists.set([List.objects.kept(each) for each in chosen])
        wake_after_commit(sign_ups)


class AskForLinkForm(PublicForm):
    """An e-mail address to which to send a link by which one manages one's subscriptions."""

    name = "newsletter-link"
    letter = "l"
    too_many = gettext_lazy("Many links were asked for from your connection within the hour.")

    email = AddressField()

    @property
    def fingerprint(self) -> str:
        """What makes two submissions the same one."""
        return json.dumps(self.cleaned_data["email"])

    def save(self) -> None:
        """Store the wish and wake the worker, as for a sign-up. Its page has no trap: at most, somebody
        gets a link to what is hers."""
        LinkRequest.objects.create(address=self.cleaned_data["email"], language=get_language())
        wake_after_commit(sign_ups)


class AddressForm(PublicForm):
    """The address to which updates are to move."""

    name = "newsletter-move"
    letter = "a"
    too_many = gettext_lazy("Many wishes came from your connection within the hour.")

    email = AddressField()

    def __init__(self, subscriber: Subscriber, data: Any = None) -> None:
        super().__init__(data)
        self.subscriber = subscriber

    def clean_email(self) -> str:
        """Return an address that is not the subscriber's own."""
        email = self.cleaned_data["email"]
        if address_digest(email) == bytes(self.subscriber.address_digest):
            raise forms.ValidationError(_("Your updates come to this address already"))
        return email


class PaceField(forms.ChoiceField):
    """The pace at which a list is wanted; "" for not at all."""

    def __init__(self, about: List, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.about = about


class ManageForm(forms.Form):
    """What a subscriber gets: each list with its pace, the language, neutral subjects, a pause.

    Offered are the lists that she follows, the topics with a newsletter in her language, and everything.
    """

    language = forms.ChoiceField(required=False)
    discreet = forms.BooleanField(required=False)
    # As it was shown: who goes on with an old page moves no pause.
    pause = forms.ChoiceField(
        required=False,
        choices=[("", ""), ("0", gettext_lazy("Not any more")), *((str(n), "") for n in range(1, 7))],
    )

    def __init__(self, subscriber: Subscriber, languages: Mapping[str, str], data: Any = None) -> None:
        initial = {"language": subscriber.language, "discreet": subscriber.is_discreet}
        super().__init__(data, auto_id="m-%s", initial=initial)
        self.subscriber = subscriber
        cast(forms.ChoiceField, self.fields["language"]).choices = [*languages.items()]
        followed = subscriber.subscriptions.active().named()
        self.followed = [
            self._row(f"s{each.pk}", each.list, each.pace)
            for each in sorted(followed, key=lambda each: each.list_name.casefold())
        ]
        theirs = {each.list.key for each in followed}
        others = [List.about(topic) for topic in offered_topics(subscriber.language)]
        others.append(List.about(None, subscriber.language))
        self.others = [
            self._row(f"t{each.page_id or 0}", each, "") for each in others if each.key not in theirs
        ]

    def _row(self, name: str, about: List, pace: str) -> forms.BoundField:
        nothing = ("", _("Not at all"))
        choices = [*Pace.choices, nothing]
        self.fields[name] = PaceField(about, choices=choices, required=False, initial=pace, label=about.name)
        return self[name]

    @property
    def paces(self) -> list[tuple[List, str]]:
        """The pace that was chosen for each list, "" for none; lists that an old page did not show are left
        out."""
        rows = [row for row in (*self.followed, *self.others) if row.html_name in self.data]
        return [(cast(PaceField, row.field).about, self.cleaned_data[row.name]) for row in rows]

    def save(self) -> None:
        """Have what was chosen count. In the caller's transaction, with the subscriber locked."""
        told, subscriber = self.cleaned_data, self.subscriber
        managing.choose(subscriber, self.paces)
        if told["language"] and told["language"] != subscriber.language:
            managing.speak(subscriber, told["language"])
        if told["pause"]:
            managing.pause(subscriber, int(told["pause"]))
        subscriber.is_discreet = told["discreet"]
        subscriber.save(update_fields=["is_discreet"])
