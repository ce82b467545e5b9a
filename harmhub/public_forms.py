"""What the public forms share: spam defence without strangers or scripts, and answers nobody keeps.

A form on a page of the store carries no time; a form page of its own carries a signed one (``opened``).
"""

import secrets
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol

from django import forms
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from harmhub import errors, limits

SOONEST, LATEST = 3, 24 * 3600  # seconds from opening a form page to sending it


class PublicForm(forms.Form):
    """A form that anybody may send. A sprung trap is no error: whoever springs it must not learn of it."""

    website = forms.CharField(required=False)
    opened = forms.CharField(required=False, max_length=200)

    name = "form"
    letter = "f"
    too_many: Any = ""  # what somebody reads who sent too many

    def __init__(self, data: QueryDict | dict | None = None, **kwargs: Any) -> None:
        super().__init__(data, auto_id=f"{self.letter}-%s", **kwargs)

    @classmethod
    def opened_now(cls, initial: dict[str, Any] | None = None, **kwargs: Any) -> "PublicForm":
        """Return an empty form that carries the signed time of its opening."""
        return cls(initial={"opened": cls._opening()} | (initial or {}), **kwargs)

    @classmethod
    def _opening(cls, seconds_ago: int = 0) -> str:
        """Return a signed time. A random part tells the page from others that were opened then."""
        return cls._signer().sign(f"{int(time.time()) - seconds_ago}-{secrets.token_urlsafe(9)}")

    @classmethod
    def _signer(cls) -> Signer:
        return Signer(salt=f"harmhub.public_forms.{cls.name}")

    @property
    def trapped(self) -> bool:
        """Whether the field that people do not see was filled in."""
        return bool(self.cleaned_data.get("website"))

    @property
    def opened_value(self) -> str:
        """The signed time to send again: the one received while it serves, else one that serves at once."""
        received = self["opened"].value() or ""
        if not self.is_bound or not received or self._age(received) in range(LATEST - 3600):
            return received
        return self._opening(SOONEST)

    def _age(self, received: str) -> int | None:
        try:
            return int(time.time()) - int(self._signer().unsign(received).partition("-")[0])
        except (BadSignature, ValueError):
            return None

    def clean(self) -> dict:
        """Refuse a form sent faster than anybody types, after a day, from the future, or forged."""
        received = self.cleaned_data.get("opened")
        if received or "opened" in self.errors:
            age = self._age(received or "")
            if age is not None and 0 <= age < SOONEST:
                if not self.errors:  # who has something to mend is no longer quick
                    quick = _("That was very quick. Please look it over, and press the button again.")
                    self.add_error(None, quick)
            elif age is None or not 0 <= age <= LATEST:
                late = _("This page was open for too long. Nothing is lost: press the button again.")
                self.add_error(None, late)
        return self.cleaned_data


class FormPage(Protocol):
    """A function that answers with the page of a form."""

    def __call__(self, form: PublicForm, status: int) -> HttpResponse:
        """Return the page with what was typed and what is wrong with it."""


def too_many(form: PublicForm, page: FormPage) -> HttpResponse:
    """Answer somebody who sent too many, 429, in the page of the form, which keeps what was typed."""
    minutes = limits.minutes_to_wait()
    again = ngettext(
        "What you wrote is still here. Please send it again in %(minutes)s minute.",
        "What you wrote is still here. Please send it again in %(minutes)s minutes.",
        minutes,
    )
    for words in (form.too_many, again % {"minutes": minutes}):
        form.add_error(None, words)
    response = page(form, status=429)
    response["Retry-After"] = str(60 * minutes)
    return response


def unavailable(request: HttpRequest, form: PublicForm, template: str) -> HttpResponse:
    """Return what was typed, 503, in a page that asks nothing of the database and sends it again."""
    response = render(None, template, {"form": form, "action": request.path}, status=503)
    response["Retry-After"] = str(errors.RETRY_AFTER)
    return response


def unstored(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Make every answer of the view one that nobody keeps and no search engine shows."""

    @wraps(view)
    def answer(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        return response

    return answer
