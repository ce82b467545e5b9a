"""The bytes of a mail to many: made once, with each reader's own words put in.

To make a message of some 30 kB anew for every reader would cost several times as much as handing it over.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email import policy
from email.utils import parseaddr
from itertools import pairwise
from secrets import token_hex
from typing import Any

from harmhub.mail.composing import build
from harmhub.mail.models import Edition

SOFT_BREAK = b"=\r\n"  # RFC 2045, 6.7: the end of a line that is none of the text


@dataclass(frozen=True)
class Slot:
    """A place for a word of the reader's own, with the soft breaks that run through it, in characters from
    its beginning."""

    name: str
    breaks: tuple[int, ...] = ()

    def filled(self, word: bytes) -> bytes:
        """Return the word as it stands here. No word is longer than a line, and none needs an escape."""
        ends = (0, *self.breaks, len(word))
        return SOFT_BREAK.join(word[begin:end] for begin, end in pairwise(ends))


@dataclass(frozen=True)
class Printed:
    """An edition as bytes, with slots. sender: the address in its envelope."""

    sender: str
    pieces: tuple[bytes | Slot, ...]

    @classmethod
    def of(cls, edition: Edition, headers: Mapping[str, str]) -> "Printed | None":
        """Print an edition. headers: those of one of its mails; the others differ in the Message-ID.

        None: its text is encoded so that no word can be put into it (base64, for most that is not Latin).
        """
        marks = {"to": f"to-{token_hex(8)}@example.org", "Message-ID": f"<{token_hex(8)}@example.org>"}
        told = edition.for_reader(
            {
                "to": marks["to"],
                "secret": edition.mark,
                "headers": dict(headers) | {"Message-ID": marks["Message-ID"]},
            }
        )
        pieces = _cut(build(told).message(policy=policy.SMTP).as_bytes(), marks | {"secret": edition.mark})
        slots = sorted(piece.name for piece in pieces if isinstance(piece, Slot))
        secrets = str(told).count(edition.mark)
        if slots != ["Message-ID", *["secret"] * secrets, "to"]:
            return None
        return cls(parseaddr(told["from"])[1], tuple(pieces))

    def for_reader(self, own: Mapping[str, Any]) -> bytes:
        """Return the bytes of one mail. own: ``to``, ``secret``, ``headers``."""
        words = {
            "to": own["to"].encode("ascii"),
            "secret": own["secret"].encode("ascii"),
            "Message-ID": own["headers"]["Message-ID"].encode("ascii"),
        }
        return b"".join(
            piece.filled(words[piece.name]) if isinstance(piece, Slot) else piece for piece in self.pieces
        )


def _cut(raw: bytes, marks: Mapping[str, str]) -> list[bytes | Slot]:
    """Cut a message at its marks, also where soft breaks run through them."""
    broken = f"(?:{SOFT_BREAK.decode()})?"
    patterns = (broken.join(map(re.escape, mark)) for mark in marks.values())
    pattern = re.compile("|".join(f"({each})" for each in patterns).encode())
    pieces: list[bytes | Slot] = []
    end, names = 0, [*marks]
    for found in pattern.finditer(raw):
        pieces.append(raw[end : found.start()])
        before = found[0].split(SOFT_BREAK)[:-1]
        breaks = tuple(sum(map(len, before[: number + 1])) for number in range(len(before)))
        pieces.append(Slot(names[(found.lastindex or 1) - 1], breaks))
        end = found.end()
    return [*pieces, raw[end:]]
