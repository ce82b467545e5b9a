"""Somebody who may log in to the admin, what she proves with that it is her, and her sessions."""

import base64
import re
import secrets
import time
from datetime import timedelta
from typing import Any, ClassVar, Self
from urllib.parse import quote, urlencode

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device
from django_otp.oath import TOTP

from harmhub import sealing

IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=12)
SKEW = timedelta(minutes=1)  # by which the clocks of two servers may differ
STEP = 30  # seconds that a code of an app is good for (RFC 6238)
CODES = 10


class User(AbstractUser):  # type: ignore[django-manager-missing]
    """An editor, a moderator or an operator. Our own model, because it cannot be added later."""

    def save(self, *args: Any, **options: Any) -> None:
        """Save; a new password ends all sessions. (That in which it was changed goes on with a new key.) So
        does that she is not active: else they went on where she becomes active again."""
        new_password = self._password is not None and self.pk is not None  # type: ignore[attr-defined]
        super().save(*args, **options)
        if new_password or not self.is_active:
            Session.objects.filter(user=self).delete()


class SessionQuerySet(models.QuerySet):
    """Sessions."""

    def going(self) -> Self:
        """Return those that have not ended. A user's ends by idleness or age; times to come were written by a
        clock that ran ahead, and end it too."""
        now = timezone.now()
        is_young = models.Q(begun_at__range=(now - LONGEST, now + SKEW))
        is_active = models.Q(active_at__range=(now - IDLE, now + SKEW))
        return self.filter(models.Q(user=None) | is_young & is_active, expire_date__gt=now)


class Session(AbstractBaseSession):
    """A session, and whose it is. One of nobody is of a reader who opened a page by its password.

    No address and no browser is kept. The times are the server's own: a cookie cannot make a session longer.
    """

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="sessions")
    begun_at = models.DateTimeField(_("begun"), null=True)
    active_at = models.DateTimeField(_("last active"), null=True)

    objects: ClassVar[Any] = BaseSessionManager.from_queryset(SessionQuerySet)()

    class Meta(AbstractBaseSession.Meta):
        default_permissions = ()

    @classmethod
    def get_session_store_class(cls) -> type:
        """Return the class that reads and writes them."""
        from harmhub.users.sessions import SessionStore

        return SessionStore

    @property
    def mark(self) -> str:
        """What a form names this session by: no more of the row than it needs."""
        return sealing.digest(self.session_key, "session").hex()


class TotpDevice(Device):
    """An app that makes codes of six digits, a new one every 30 seconds (TOTP, RFC 6238). One for each user.

    Its secret lies sealed, which is why this is not django-otp's own model.
    """

    user = models.OneToOneField(User, models.CASCADE, related_name="totp")
    secret = sealing.SealedTextField(_("secret"))  # in base32 (RFC 4648), as apps take it
    last_step = models.BigIntegerField(default=-1)
    created_at = models.DateTimeField(_("set up"), auto_now_add=True)

    class Meta:
        default_permissions = ()

    @staticmethod
    def new_secret() -> str:
        """Return 160 random bits as 32 letters and digits."""
        return base64.b32encode(secrets.token_bytes(20)).decode()

    def address(self, issuer: str) -> str:
        """Return the otpauth: URI that apps read from a QR code."""
        issuer = issuer.replace(":", " ")
        label = quote(f"{issuer}:{self.user.get_username()}")
        return (
            f"otpauth://totp/{label}?{urlencode({'secret': self.secret, 'issuer': issuer}, quote_via=quote)}"
        )

    def verify_token(self, token: str) -> bool:
        """Return whether this is the code of now, or of the step before or after, and was not used before.

        Where True, the row is changed but not saved; call it with the row locked.
        """
        unreadable = isinstance(self.secret, sealing.Unreadable)  # the key that sealed it is missing
        if unreadable or not re.fullmatch(r"[0-9]{6}", token):
            return False
        totp = TOTP(base64.b32decode(self.secret), STEP)
        totp.time = time.time()
        # A last step that is to come was written by a clock that ran ahead: it locks nobody out.
        unused = self.last_step + 1 if self.last_step <= totp.t() + 1 else 0
        if not totp.verify(int(token), tolerance=1, min_t=unused):
            return False
        self.last_step = totp.t()
        return True


class RecoveryCodes(Device):
    """The codes that stand in for a lost device, each good once. One row for each user.

    Of a code only its digest is kept, under a key that the database does not have: its 50 random bits need no
    slow hash then.
    """

    user = models.OneToOneField(User, models.CASCADE, related_name="recovery_codes")
    digests = ArrayField(models.BinaryField(max_length=32))
    made_at = models.DateTimeField(_("made"), default=timezone.now)

    class Meta:
        default_permissions = ()

    @classmethod
    def renew(cls, user: User) -> list[str]:
        """Put ten new codes in the place of all old ones; return them, to be shown this once."""
        codes = [_new_code() for _ in range(CODES)]
        digests = [cls.digest(user, code) for code in codes]
        made = {"name": "recovery codes", "digests": digests, "made_at": timezone.now()}
        cls.objects.update_or_create(user=user, defaults=made)
        return codes

    @staticmethod
    def digest(user: User, code: str) -> bytes:
        """Return what is kept of a code, however it was typed."""
        letters = re.sub(r"[^a-z2-7]", "", code.lower())
        return sealing.digest(f"{user.pk} {letters}", "recovery code")

    def verify_token(self, token: str) -> bool:
        """Return whether this is one of the codes, and use it up. The row is not saved; call it locked."""
        digest = self.digest(self.user, token)
        left = [each for each in map(bytes, self.digests) if each != digest]
        used = len(left) < len(self.digests)
        self.digests = left
        return used


def _new_code() -> str:
    letters = base64.b32encode(secrets.token_bytes(7)).decode().lower()[:10]
    return f"{letters[:5]}-{letters[5:]}"
