"""What a reader writes down: the reference of her message, and the key that opens it with that reference."""

import re
import secrets
import unicodedata

from harmhub.sealing import digest

# No vowels but A and E, and nothing that reads as something else: 0 O, 1 I L, U V.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTWXYZ"

REFERENCE = re.compile(rf"\b[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}\b")  # in a text

# 97 random bits in five groups of four. The 43 letters in two cases of a token nobody copies by hand from a
# phone on which nothing is to be kept. Fewer bits do here: whoever guesses is stopped long before, and what
# lies in the database is keyed, so that it tells nothing without SEALING_KEYS; with them, 2^97 are too many.
KEY_LETTERS = 20


def _drawn(letters: int) -> str:
    drawn = "".join(secrets.choice(ALPHABET) for _place in range(letters))
    return "-".join(drawn[place : place + 4] for place in range(0, letters, 4))


def new_reference() -> str:
    """Return a random reference such as K7Q4-M2XD, which tells neither topic nor number."""
    return _drawn(8)


def new_key() -> str:
    """Return a new key such as 7WBD-K3NE-A9RT-QX4H-M2GC, good for one message and for nothing else."""
    return _drawn(KEY_LETTERS)


def key_digest(reference: str, key: str) -> bytes:
    """Return the 32 bytes (HMAC-SHA256) that are stored in place of a key.

    Reference and key are one: looking it up takes the same, whether there is such a reference or not. How
    they are typed makes no difference: small letters, other dashes, spaces, Arabic digits. Never fails.
    """
    return digest(f"{_letters_of(reference)} {_letters_of(key)}", "contact-key")


def _letters_of(typed: str) -> str:
    letters = (letter for letter in unicodedata.normalize("NFKC", typed).upper() if letter.isalnum())
    return "".join(str(unicodedata.digit(letter, letter)) for letter in letters)
