"""The words of a mail: out of its parts, out of HTML, and without the mail that it answers.

A mail is hostile until it is read: what is done here takes time in proportion to its length.
"""

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from email.message import Message as Mail
from html import unescape

LONGEST = 10_000
LONGEST_HTML = 2_000_000
CUT = "\n[…]"  # stands where words were left out
WORDS = ("text/plain", "text/html")
SLOW = {"idna", "punycode"}  # encodings of names, not of texts: Python takes quadratic time for them
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

SEPARATOR = re.compile(r"\s*-{2,} ?original message ?-{2,}\s*$", re.IGNORECASE)
RULE = re.compile(r"\s*_{20,}\s*$")
HEADER = re.compile(r"\s*\*?[^\W\d_][^:\n]{0,30}:\*?\s+\S")

COMMENT = re.compile(r"<!--(?:-?>|.*?-->)", re.DOTALL)
TAG = re.compile(r"(/?)([a-z][a-z0-9]*(?:[:-][a-z0-9]+)*)(?=[\s/>])|!doctype\b|!\[|\?", re.IGNORECASE)
END_OF_TAG = re.compile(r"""[^"'>]*+(?:"[^"]*+"[^"'>]*+|'[^']*+'[^"'>]*+)*+>""")
BREAKS = {"br", "p", "blockquote", "div", "li", "tr", "h1", "h2", "h3"}
UNSEEN = {"style", "script", "title"}
QUOTED = {"blockquote"}


def text_of(mail: Mail) -> str:
    """Return the words of a mail without the mail that they answer; of more than 10,000 characters the
    first, and "[…]"."""
    text = "\n\n".join(_texts(mail)).replace("\r\n", "\n").replace("\r", "\n")
    text = without_quote(UNWRITABLE.sub("", text).strip("\n"))
    return text.strip() if len(text) <= LONGEST else text[: LONGEST - len(CUT)].strip() + CUT


def attachments_of(mail: Mail) -> int:
    """Return how many files came along; a mail in a mail is one."""
    return sum(_is_attached(part) for part in _leaves(mail))


def _parts_of(part: Mail) -> list[Mail]:
    if not part.is_multipart() or part.get_content_maintype() == "message":
        return []
    return [each for each in part.get_payload() if isinstance(each, Mail)]


def _leaves(part: Mail) -> Iterator[Mail]:
    parts = _parts_of(part)
    if not parts:
        yield part
    for each in parts:
        yield from _leaves(each)


def _is_attached(part: Mail) -> bool:
    disposition = str(part.get("Content-Disposition", "")).strip().lower()
    if part.get_content_maintype() == "multipart":  # whose boundary never came: it is one text
        return False
    return disposition.startswith("attachment") or part.get_content_type() not in WORDS


def _texts(part: Mail) -> list[str]:
    """Return the texts of all parts that a reader sees; of alternatives (RFC 2046, 5.1.4) the plainest that
    has words."""
    parts = _parts_of(part)
    if part.get_content_type() == "multipart/alternative":
        parts = sorted(parts, key=lambda each: each.get_content_type() != "text/plain")
        return next((texts for each in parts if (texts := _texts(each))), [])
    if parts:
        return [text for each in parts for text in _texts(each)]
    if _is_attached(part):
        return []
    text = _decoded(part)
    if part.get_content_type() == "text/html":
        text = words_of(text)
    return [text] if text.strip() else []


def _decoded(part: Mail) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    with suppress(LookupError, ValueError):  # an encoding that nobody knows
        charset = part.get_content_charset("utf-8")
        if codecs.lookup(charset).name not in SLOW:
            return payload.decode(charset, errors="replace")
    return payload.decode("utf-8", errors="replace")


def without_quote(text: str) -> str:
    """Return a text without the quoted mail at its end and the line that announces it. One that holds nothing
    else, or has words below the quote, stays as it is."""
    lines = text.rstrip().split("\n")
    cut = next((place for place in range(len(lines)) if _begins_a_mail(lines, place)), None)
    if cut is None:
        cut = len(lines)
        while cut and (lines[cut - 1].startswith(">") or not lines[cut - 1].strip()):
            cut -= 1
        if not any(line.startswith(">") for line in lines[cut:]):
            return text
        if cut and lines[cut - 1].rstrip().endswith(":"):
            cut -= 1
            if cut and lines[cut - 1].strip() and "@" in lines[cut - 1]:  # it was too long for one line
                cut -= 1
    return "\n".join(lines[:cut]).rstrip() or text


def _begins_a_mail(lines: list[str], place: int) -> bool:
    """Whether a mail is quoted below this line. A rule alone may be the reader's own."""
    if SEPARATOR.match(lines[place]):
        return True
    below = [line for line in lines[place + 1 : place + 6] if line.strip()][:3]
    return bool(RULE.match(lines[place])) and len(below) == 3 and all(map(HEADER.match, below))


def words_of(html: str) -> str:
    """Return the words of HTML without those in blockquotes, or with them where there are no others."""
    if len(html) > LONGEST_HTML:
        html = html[:LONGEST_HTML] + CUT
    return _seen(html, UNSEEN | QUOTED) or _seen(html, UNSEEN)


def _seen(html: str, unseen: set[str]) -> str:
    """Return the words outside these elements. What is never closed hides nothing.

    Not with html.parser: it takes quadratic time for tags that do not end, and fails for some declarations.
    """
    # Behind the last end of a comment there is none: for each open one, all the rest would be looked through.
    before, end, after = html.rpartition("-->")
    first, *pieces = (COMMENT.sub("", before + end) + after).split("<")
    words = [_spaced(first)]
    opened: dict[str, list[int]] = {name: [] for name in unseen}
    for piece in pieces:
        closes, name, text = _tag_and_text(piece)
        if name in opened and not closes:
            opened[name].append(len(words))
        elif opened.get(name):
            place = opened[name].pop()
            words[place:] = ["\n"]
            for places in opened.values():  # what was opened within ends with it
                while places and places[-1] > place:
                    places.pop()
        if name in BREAKS and not closes:
            words.append("\n")
        words.append(_spaced(text))
    return re.sub(r"\n{3,}", "\n\n", "".join(words)).strip()


def _tag_and_text(piece: str) -> tuple[bool, str, str]:
    """Return of what follows a "<": whether it closes an element, its name, and the text behind the tag."""
    tag = TAG.match(piece)
    end = END_OF_TAG.match(piece)
    until = end.end() if end else piece.find(">") + 1
    if not (tag and until):
        return False, "", f"<{piece}"
    return bool(tag[1]), (tag[2] or "").lower(), piece[until:]


def _spaced(text: str) -> str:
    with suppress(ValueError):  # a number with thousands of digits
        text = unescape(text)
    return re.sub(r"\s+", " ", text)
