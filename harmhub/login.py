"""Logging in to the admin, slowed down for those who guess, without letting a stranger lock an editor out.

``harmhub.users.tries`` counts what was wrong.
"""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from wagtail.admin.forms.auth import LoginForm as WagtailLoginForm
from wagtail.admin.forms.auth import PasswordResetForm as WagtailPasswordResetForm
from wagtail.documents.views import serve
from wagtail.views import authenticate_with_password

from harmhub import errors, limits, mail
from harmhub.users import tries

TRIES_OF_CLIENT = 30  # an hour, at shared passwords
# Over an onion service clients cannot be told apart. This is too few to guess a good password, and too many
# to be used up in passing.
TRIES_IN_ALL = 1_000
RESETS_OF_CLIENT, RESETS_OF_ADDRESS, RESETS_IN_ALL = 5, 3, 100  # an hour
RESET_SECONDS = 0.25  # longer than writing the mail takes: with and without an account the answer takes this


def limited(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Return one of Wagtail's views that take a shared password, stopping guessers; who knows the password
    is not counted."""

    def wrapper(request: HttpRequest, **ids: int) -> HttpResponse:
        tried = request.method == "POST"
        if tried and not limits.allow(
            "shared password", request, per_client=TRIES_OF_CLIENT, in_all=TRIES_IN_ALL
        ):
            return errors.too_often(request, limits.minutes_to_wait())
        response = view(request, **ids)
        if tried and response.status_code == HTTPStatus.FOUND:
            limits.give_back("shared password", request)
        return response

    return wrapper


page_password = limited(authenticate_with_password)
document_password = limited(serve.authenticate_with_password)


class LoginForm(WagtailLoginForm):
    """Wagtail's login form, which stops checking passwords for a client that tried too often."""

    def clean(self) -> dict[str, Any]:
        """Check the password, unless tried too often. ValidationError: it was, or the password is wrong."""
        username = self.cleaned_data.get("username")
        if not username or self.request is None:
            return super().clean()
        tries.check(self.request, "login", username)
        cleaned = super().clean()
        tries.forgive(self.request, "login", username)
        return cleaned


class PasswordResetForm(WagtailPasswordResetForm):
    """Wagtail's form for a forgotten password. Its answer is always the same, and its mail goes through our
    queue.

    Wagtail would send during the request: slower where there is an account, and lost where the mail server is
    away.
    """

    def save(self, *args: Any, **options: Any) -> None:
        """Post the mail, to accounts with this address only, and no more often than a person would ask."""
        request = options["request"]
        address = tries.counted_as("password reset", self.cleaned_data["email"])
        if limits.allow(
            "password reset", request, per_client=RESETS_OF_CLIENT, in_all=RESETS_IN_ALL
        ) and limits.allow(address, request, per_client=RESETS_OF_ADDRESS, in_all=RESETS_OF_ADDRESS):
            begun = time.monotonic()
            super().save(*args, **options)
            time.sleep(max(0, begun + RESET_SECONDS - time.monotonic()))

    def send_mail(
        self,
        subject_template_name: str,
        email_template_name: str,
        context: dict[str, Any],
        from_email: str | None,
        to_email: str,
        html_email_template_name: str | None = None,
    ) -> None:
        """Post the mail to one account, in the words of ``emails/password-reset-*``."""
        link = reverse(
            "wagtailadmin_password_reset_confirm",
            kwargs={"uidb64": context["uid"], "token": context["token"]},
        )
        user = context["user"]
        mail.post(
            purpose="password-reset",
            to=to_email,
            template="password-reset",
            context={
                "link": mail.public_url(link),
                "username": user.get_username(),
            },
            language=get_language() or "en",
        )
