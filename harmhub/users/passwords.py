"""What a password must not be, beside short: known from breaches, or easily made from what is known.

Nobody else is asked. zxcvbn carries 30,000 of the commonest passwords of breaches, names and words, and tells
how many guesses a password takes that is put together from these, from dates, keyboard rows and repeats.
"""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from zxcvbn import zxcvbn

from harmhub.mail.composing import organisation_name

ENOUGH = 10**10  # guesses: zxcvbn's best mark
LOOKED_AT = 72  # characters: the time it takes grows with the square


class GuessableValidator:
    """Refuses passwords that somebody who knows the site and its people would come to early."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Return nothing. ValidationError: it takes too few guesses."""
        found = zxcvbn(password[:LOOKED_AT], user_inputs=_known(user))
        if found["guesses"] < ENOUGH:
            raise ValidationError(
                _(
                    "This password is known, or easily guessed from what is. Four words that do not belong "
                    "together make a good one."
                ),
                code="password_guessable",
            )

    def get_help_text(self) -> str:
        """Return a sentence."""
        return _("Your password can’t be one that is known, or made of names, dates and words that are.")


def _known(user: Any) -> list[str]:
    """Return words of the site and of the user."""
    fields = ("username", "first_name", "last_name", "email")
    texts = ["harmhub", organisation_name(), *(str(getattr(user, field, "")) for field in fields)]
    return [word for text in texts for word in {text, *text.replace("@", " ").split()} if len(word) > 2]
