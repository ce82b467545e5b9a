"""Keys of teams: what is sealed to one, only its team can open."""

import base64
import logging
import re
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contact.models.teams import team_of
from topics.models import TopicPage

if TYPE_CHECKING:
    from contact.models.messages import Message

logger = logging.getLogger(__name__)

# An age file (age-encryption.org/v1) for X25519 keys, in its armor, and nothing around it.
ARMOR = re.compile(
    r"-----BEGIN AGE ENCRYPTED FILE-----\n([A-Za-z0-9+/=\n]+)\n-----END AGE ENCRYPTED FILE-----\n?"
)
HEADER = b"age-encryption.org/v1\n-> X25519 "


def validate_public_key(text: str) -> None:
    """Raise ValidationError unless the text is the public part of an age key."""
    if "AGE-SECRET-KEY-" in text.upper():
        raise ValidationError(
            _("This is the secret key, which opens the messages. Give the line that begins with age1.")
        )
    try:
        _sealed("", text)
    except ValueError:
        raise ValidationError(_("A public key of age is one line that begins with age1.")) from None


class TeamKey(models.Model):
    """The public key of a team. Its secret part is on the team's own machines, never here."""

    group = models.OneToOneField(
        "auth.Group", models.CASCADE, verbose_name=_("team"), related_name="team_key"
    )
    public_key = models.CharField(
        _("public key"),
        max_length=100,
        validators=[validate_public_key],
        help_text=_(
            "Made by “age-keygen -o key.txt”: the line that begins with age1. Without that file, nobody "
            "reads the messages. Keep files of older keys as long as their messages."
        ),
    )
    since = models.DateTimeField(_("since"), auto_now=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = _("team key")
        verbose_name_plural = _("team keys")
        default_permissions = ()  # who may change groups may change their keys

    def __str__(self) -> str:
        return f"{self.group}: {self.short}"

    @property
    def short(self) -> str:
        """Beginning and end of the key, by which people tell keys apart."""
        return f"{self.public_key[:12]}…{self.public_key[-6:]}"

    def seal(self, text: str) -> str:
        """Return the text as an armored age file. ValueError: the key is none."""
        return _sealed(text, self.public_key)


def _sealed(text: str, public_key: str) -> str:
    import pyrage  # where no team has a key, no process needs its memory

    try:
        recipient = pyrage.x25519.Recipient.from_str(public_key)
        return pyrage.encrypt(text.encode(), [recipient], armored=True).decode()
    except (pyrage.RecipientError, pyrage.EncryptError) as error:
        raise ValueError(type(error).__name__) from None
    except BaseException as error:
        # So the library says that the key is one of the few with which everybody has the same secret.
        if type(error).__name__ == "PanicException":
            raise ValueError("a weak key") from None
        raise


def is_sealed(text: str) -> bool:
    """Whether a text is an armored age file and nothing else, so that no word of it can be read here."""
    found = ARMOR.fullmatch(text)
    if not found:
        return False
    try:
        return base64.b64decode(found[1].replace("\n", ""), validate=True).startswith(HEADER)
    except ValueError:
        return False


def has_key(topic: TopicPage) -> bool:
    """Return whether what is written to a topic is sealed to the key of its team."""
    return TeamKey.objects.filter(group=team_of(topic)).exists()


def sealed_for(message: "Message", text: str) -> str:
    """Return a reader's words as they are to be stored with this message: sealed to the key of its team where
    that has one, else as they are, for the site's own key.

    A key that does not work costs nobody her message: it is logged, and the site's key seals. The message
    needs its topic, and need not be saved.
    """
    key = TeamKey.objects.filter(group=message.team_number).first()
    if key is None:
        return text
    try:
        return key.seal(text)
    except ValueError:
        logger.error(
            "The key of team %s does not work: its messages are sealed by the site's own key.", key.group_id
        )
        return text


def sealed_words(message: "Message", text: str, name: str) -> tuple[str, str]:
    """Return text and name as they are to be stored with this message; a team opens both at once: a name
    stands before the text then, and in no column of its own."""
    plain = f"{gettext('Name:')} {name}\n\n{text}" if name else text
    sealed = sealed_for(message, plain)
    return (text, name) if sealed == plain else (sealed, "")
