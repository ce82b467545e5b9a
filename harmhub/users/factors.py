"""What users prove who they are with, beside the password: who must, who has, what follows from a change.

A session is *verified* when a second factor was given in it (django-otp keeps which). One whose user has a
factor, or must have one, and that is not verified *owes* it: its user is nobody but on the pages that ask for
it. A change of factors asks for a *fresh* proof.
"""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp import login as otp_login
from django_otp.models import Device
from django_otp_webauthn.models import WebAuthnCredential
from wagtail.log_actions import log
from wagtail.users.models import UserProfile

from harmhub import mail
from harmhub.users import known_browsers, sessions, tries
from harmhub.users.models import RecoveryCodes, Session, TotpDevice, User

FRESH = 10 * 60  # seconds
PROVED = "proved_at"  # where a session says when its user last proved who she is

# What is logged, and told to the user by mail.
CHANGES = {
    "users.totp_added": gettext_noop("An authenticator app was set up."),
    "users.totp_removed": gettext_noop("The authenticator app was removed."),
    "users.passkey_added": gettext_noop("A passkey was added."),
    "users.passkey_removed": gettext_noop("A passkey was removed."),
    "users.codes_made": gettext_noop("Recovery codes were made."),
    "users.codes_renewed": gettext_noop("New recovery codes were made; the old ones are void."),
    "users.factors_removed": gettext_noop("All second factors were removed by somebody who runs the site."),
}


def is_required(user: User) -> bool:
    """Return whether this user may do anything for which a second factor is demanded."""
    return any(user.has_perm(name) for name in settings.SECOND_FACTOR_FOR)


def passkeys(user: User) -> Any:
    """Return the user's passkeys, oldest first."""
    return WebAuthnCredential.objects.filter(user=user, confirmed=True).order_by("pk")


def totp(user: User) -> TotpDevice | None:
    """Return the user's authenticator app, if she has one."""
    return TotpDevice.objects.filter(user=user).first()


def has_one(user: User) -> bool:
    """Return whether the user has a second factor. Recovery codes stand in for one, and are none."""
    return TotpDevice.objects.filter(user=user).exists() or passkeys(user).exists()


def is_verified(user: Any) -> bool:
    """Return whether a second factor was given in this session (only middleware's users know)."""
    return bool(getattr(user, "otp_device", None))


def owes(user: Any) -> bool:
    """Return whether this session's user has to give, or set up, a second factor first."""
    return user.is_authenticated and not is_verified(user) and (has_one(user) or is_required(user))


def is_fresh(request: HttpRequest) -> bool:
    """Return whether the user proved within the last ten minutes who she is."""
    return 0 <= time.time() - request.session.get(PROVED, -FRESH) < FRESH


def proved(request: HttpRequest, device: Device | None = None) -> None:
    """Note that the user has just proved who she is: by this device, or by her password. The session's key
    is another from now on."""
    request.session.cycle_key()
    request.session[PROVED] = time.time()
    if device is not None:
        otp_login(request, device)


@receiver(user_logged_in)
def _logged_in(request: HttpRequest, user: User, **event: Any) -> None:
    """Begin a session anew, also where its user has logged in once more: Django keeps what was in it."""
    sessions.begin(request.session)
    request.session.pop(DEVICE_ID_SESSION_KEY, None)
    request.session.pop(PROVED, None)
    if not has_one(user):  # else the password is half a proof
        request.session[PROVED] = time.time()
        if not is_required(user):
            known_browsers.learn(request, tries.counted_as("known", user.get_username()))


def lock(user: User) -> None:
    """Have whoever else changes this user's factors wait until the transaction ends."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def check_code(user: User, code: str) -> Device | None:
    """Return the app or the recovery codes that this code is of, and use it up. None: it is of neither."""
    kind = TotpDevice if code.isdecimal() else RecoveryCodes
    with transaction.atomic():
        device = kind.objects.select_for_update().filter(user=user).first()
        if device is None or not device.verify_token(code):
            return None
        device.save()
    return device


def changed(user: User, *changes: str, by: User | None, but: str | None = None) -> None:
    """Write changes to the log, tell the user by mail, and end her sessions, all but the one of this key."""
    user = User.objects.get(pk=user.pk)  # Wagtail logs nothing of the stand-in that a request has
    for change in changes:
        log(instance=user, action=change, user=by)
    Session.objects.filter(user=user).exclude(pk=sessions.kept_as(but)).delete()
    if not user.email:
        return
    language = UserProfile.get_for_user(user).get_preferred_language()
    with translation.override(language):
        told = {"change": " ".join(_(CHANGES[change]) for change in changes)}
        mail.post(purpose="sign-in", to=user.email, template="sign-in", context=told, language=language)


def remove_all(user: User, by: User | None = None) -> bool:
    """Take all factors of a user away, and her recovery codes; end her sessions. False: she has none."""
    with transaction.atomic():
        gone = [
            kind.objects.filter(user=user).delete()[0]
            for kind in (TotpDevice, WebAuthnCredential, RecoveryCodes)
        ]
        if any(gone):
            changed(user, "users.factors_removed", by=by)
    return any(gone)


def remove(user: User, device: Device, change: str, *, but: str | None) -> bool:
    """Take one factor away; with the last one go the recovery codes. False: it is the last, and required."""
    with transaction.atomic():
        lock(user)  # two at once must not both see the other's
        device.delete()
        if not has_one(user):
            if is_required(user):
                transaction.set_rollback(True)
                return False
            RecoveryCodes.objects.filter(user=user).delete()
        changed(user, change, by=user, but=but)
    return True


NO_LONGER = gettext_lazy("This is your last second factor, and your work needs one. Set up another first.")
