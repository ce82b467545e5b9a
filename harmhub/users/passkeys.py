"""Passkeys (WebAuthn), by django-otp-webauthn: what its views do not know of this site."""

from typing import Any, cast

from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_otp_webauthn import views
from django_otp_webauthn.exceptions import MalformedRequest, NotVerified, OTPWebAuthnApiError
from django_otp_webauthn.models import WebAuthnCredential

from harmhub import limits
from harmhub.mail.composing import organisation_name
from harmhub.users import factors, known_browsers, tries
from harmhub.users.models import User

BEGUN_BY_STRANGERS = 120  # an hour, by one client: each leaves a row in the database
STRANGER_KEPT = 10 * 60  # seconds
PASSWORD_BACKEND = "django.contrib.auth.backends.ModelBackend"  # noqa: S105


def name_of_site(request: HttpRequest) -> str:
    """Return what authenticators show as whose passkey it is."""
    return organisation_name()


class ReadableMixin:
    """Refuses what is no object of JSON where one has to be; the package looks into it too early."""

    def _parse_request_data(self, request: HttpRequest) -> Any:
        data = super()._parse_request_data(request)  # type: ignore[misc]
        if request.content_type == "application/json":
            results = data.get("clientExtensionResults", {}) if isinstance(data, dict) else None
            if not isinstance(results, dict) or not isinstance(results.get("credProps", {}), dict):
                raise MalformedRequest()
        return data


class MayRegisterMixin(ReadableMixin):
    """Lets somebody add a passkey who has just proved who she is."""

    def check_can_register(self) -> None:
        """Return nothing. NotVerified: too long ago, or the second factor that she has was not given."""
        request: HttpRequest = self.request  # type: ignore[attr-defined]
        user = cast(User, request.user)
        owed = factors.has_one(user) and not factors.is_verified(user)
        if owed or not factors.is_fresh(request):
            raise NotVerified(_("Please sign in once more, then try again."))


class BeginRegistrationView(MayRegisterMixin, views.BeginCredentialRegistrationView):
    """What the browser makes a passkey by."""


class CompleteRegistrationView(MayRegisterMixin, views.CompleteCredentialRegistrationView):
    """Takes the new passkey; it counts as given in this session."""

    def post(self, *args: Any, **options: Any) -> HttpResponse:
        """Keep it, give it a name, and say so to its owner."""
        request, user = self.request, self.request.user
        response = super().post(*args, **options)
        with transaction.atomic():
            passkey = WebAuthnCredential.objects.filter(user=user).latest("pk")
            passkey.name = _("Passkey %(number)d") % {"number": factors.passkeys(user).count()}
            passkey.save(update_fields=["name"])
            was_verified = factors.is_verified(user) and user.otp_device != passkey
            factors.proved(request, None if was_verified else passkey)
            factors.changed(user, "users.passkey_added", by=user, but=request.session.session_key)
            known_browsers.learn(request, tries.counted_as("known", user.get_username()))
        return response


class TooMany(OTPWebAuthnApiError):
    """A client has begun too often this hour."""

    status_code = 429
    default_detail = gettext_lazy("Too often: please try again in an hour.")
    default_code = "too_many"


class BeginUseView(ReadableMixin, views.BeginCredentialAuthenticationView):
    """What the browser proves by that it has a passkey."""

    def post(self, *args: Any, **options: Any) -> HttpResponse:
        """Answer it, and note it in the session: of a stranger in one that is soon forgotten. TooMany: for a
        client's strangers only; who has logged in before in this browser, or has just given her password, is
        not counted."""
        session = self.request.session
        is_stranger = not (self.request.user.is_authenticated or known_browsers.is_known(self.request))
        if is_stranger and not limits.allow(
            "passkey", self.request, per_client=BEGUN_BY_STRANGERS, in_all=tries.NO_LIMIT
        ):
            raise TooMany()
        if session.is_empty():
            session.set_expiry(STRANGER_KEPT)
        return super().post(*args, **options)


class CompleteUseView(ReadableMixin, views.CompleteCredentialAuthenticationView):
    """Logs in by a passkey, or takes it as the second factor of who gave her password. Never slowed down:
    there is nothing to guess."""

    def complete_auth(self, device: WebAuthnCredential) -> Any:
        """Note in the session that this passkey was used."""
        request, user = self.request, device.user
        if not request.user.is_authenticated:
            login(request, user, backend=PASSWORD_BACKEND)
        factors.proved(request, device)
        known_browsers.learn(request, tries.counted_as("known", user.get_username()))
        return user
