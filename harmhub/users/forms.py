"""The forms of the door."""

from typing import Any, cast

from cryptography.fernet import InvalidToken
from django import forms
from django.contrib.auth.hashers import check_password
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from harmhub import sealing
from harmhub.users import factors, tries
from harmhub.users.models import TotpDevice, User


class CodeForm(forms.Form):
    """Six digits of an app, or a recovery code."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=40,
        help_text=gettext_lazy("Six digits of your app, or one of your recovery codes."),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    purpose = "code"

    def __init__(self, *args: Any, request: HttpRequest, **options: Any):
        super().__init__(*args, **options)
        self.request = request
        self.device: Any = None

    def clean(self) -> dict[str, Any]:
        """Look whether it is right. ValidationError: it is not, or too often it was not."""
        user = cast(User, self.request.user)
        given = next(iter(self.cleaned_data.values()), "")
        if given:
            tries.check(self.request, self.purpose, user.get_username())
            if not self.is_right(user, given):
                raise forms.ValidationError(self.wrong, code="wrong")
            tries.forgive(self.request, self.purpose, user.get_username())
        return self.cleaned_data

    wrong = gettext_lazy("This code is wrong, or was used before. Your app shows a new one every 30 seconds.")

    def is_right(self, user: User, given: str) -> bool:
        """Return whether the code is right, and use it up."""
        self.device = factors.check_code(user, given.replace(" ", ""))
        return self.device is not None


class PasswordForm(CodeForm):
    """The password once more, of somebody who has no second factor."""

    code = None  # type: ignore[assignment]
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    purpose = "login"
    wrong = gettext_lazy("This password is wrong.")

    def is_right(self, user: User, given: str) -> bool:
        """Return whether it is her password."""
        return check_password(given, user.password)


class AppForm(forms.Form):
    """The first code of a new app. Its secret goes along, sealed: nobody can choose another."""

    sealed = forms.CharField(widget=forms.HiddenInput, max_length=1000)
    code = forms.CharField(
        label=gettext_lazy("The six digits that it shows now"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, user: User, **options: Any):
        super().__init__(*args, **options)
        self.user = user

    def device(self, secret: str) -> TotpDevice:
        """Return the app with this secret."""
        return TotpDevice(user=self.user, name="app", secret=secret)

    def clean_sealed(self) -> TotpDevice:
        """Return the app that is set up. ValidationError: this is not what the page held for this user."""
        try:
            kind, pk, secret = sealing.unseal(self.cleaned_data["sealed"].encode()).split()
        except (InvalidToken, ValueError) as problem:
            raise forms.ValidationError("unreadable") from problem
        if (kind, pk) != ("totp", str(self.user.pk)):
            raise forms.ValidationError("another user's")
        return self.device(secret)

    def clean(self) -> dict[str, Any]:
        """Look whether the code is right. ValidationError: it is not."""
        device, code = self.cleaned_data.get("sealed"), self.cleaned_data.get("code", "").replace(" ", "")
        if device and code and not device.verify_token(code):
            self.add_error(
                "code", _("This code is not what the app should show. Is the clock of your phone right?")
            )
        return self.cleaned_data
