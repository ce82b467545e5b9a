"""Mails of strangers, read in about the time that an honest one takes."""

from email import message_from_bytes
from email.message import Message
from email.policy import Compat32, Policy
from itertools import count

LONGEST_TO_PARSE = 1_000  # of a header: Python takes quadratic time for parameters and encoded words
MOST_PARTS = 1_000
MOST_MULTIPARTS = 30  # each line is compared with the boundaries of all that are open


class _Policy(Compat32):
    """Keeps of the headers that describe a part no more than can be parsed in no time."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:LONGEST_TO_PARSE] if name.lower().startswith("content-") else value


def parsed(raw: bytes) -> Message:
    """Return a mail (RFC 5322). ValueError: it is none that somebody would send who wants it to be read."""
    if raw.lower().count(b"multipart/") > MOST_MULTIPARTS:
        raise ValueError("not a mail")
    numbers = count()

    def new_part(policy: Policy) -> Message:
        if next(numbers) > MOST_PARTS:
            raise ValueError("not a mail")
        return Message(policy)

    try:
        return message_from_bytes(raw, policy=_Policy(message_factory=new_part))
    except RecursionError:  # parts within parts within parts
        raise ValueError("not a mail") from None
