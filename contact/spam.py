"""What a message looks like: a few features that need no language, nobody's list, and no learning.

Each feature is worth points; with ``HELD`` of them, a message is held back for an editor, who restores it
with one press. Nothing is refused for what it says: a mistake costs a reader time, never her message. Words
of sex, drugs and medicines count for nothing here: readers write them.
"""

import re
import unicodedata
from collections.abc import Callable

from contact.models import Message
from harmhub import limits

HELD = 3
MOST_LINKS = 3
MOST_REPEATS = 3  # in an hour, of a text as long as that
LONG_ENOUGH = 40

LINK = re.compile(r"\bhttps?://|\bwww\.", re.IGNORECASE)
WHOLE_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\]\"']+", re.IGNORECASE)
MARKUP = re.compile(r"<a\s[^<>]*href|\[/?(?:url|link)\b", re.IGNORECASE)
HOST = re.compile(r"(?:https?://|www\.)([\w.-]*)", re.IGNORECASE)
# Addresses that are cheap and thrown away after a day, and those that hide where they lead.
THROWN_AWAY = re.compile(
    r"(?<![\w-])(?:bit\.ly|tinyurl\.com|cutt\.ly|is\.gd|goo\.gl|t\.co)\b"
    r"|[\w-]\.(?:xyz|top|click|icu|shop|bid|loan|win|vip|buzz|cyou|sbs)\b",
    re.IGNORECASE,
)
MONEY = re.compile(
    r"(?:[$€£¥₽₿]|R\$)\s?\d|\d\s?(?:[$€£¥₽₿]|(?:usd|eur|btc|eth|usdt|tl|руб)\b)",  # noqa: RUF001
    re.IGNORECASE,
)
SHARE = re.compile(r"\d\s?[%٪]|[%٪]\d")
ALL = re.compile(r"\b[1-9]00\s?%|%\s?[1-9]00\b")
CHAT = re.compile(r"\b(?:whats\s?app|telegram|skype|wa\.me|t\.me)\b|@\w+_\w+", re.IGNORECASE)
# Looked for where one can begin alone: from each letter of a long word, that would take quadratic time.
MAILBOX = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+")
NUMBER = re.compile(r"\+?\d[\d\s().-]{6,}\d")
WALLET = re.compile(r"\b(?:bc1[a-z0-9]{20,}|0x[0-9a-f]{40}|[13T][1-9A-HJ-NP-Za-km-z]{25,34})\b")
# Words of one trade that are the same in every language.
TRADE = re.compile(
    r"\b(?:seo|backlinks?|dofollow|casino|forex|crypto|bitcoin|btc|usdt|nft|trading|viral|followers)\b",
    re.IGNORECASE,
)
SHOUTS = re.compile(r"!{2,}|>{3}|<{3}")
WORD = re.compile(r"[^\W\d_]{3,}")


def doubt(text: str, name: str = "", address: str = "") -> str:
    """Return the reason to hold a message back, or "". Counts it: the same text of many is one campaign."""
    if len(WHOLE_LINK.findall(text)) > MOST_LINKS:
        return Message.Reason.LINKS
    if _came_again(text):
        return Message.Reason.REPEATED
    return Message.Reason.LOOKS if points(text, name, address) >= HELD else ""


def points(text: str, name: str = "", address: str = "") -> int:
    """Return how much a message looks like advertising; 0 for most that people write."""
    return sum(feature(text, name, address) for feature in FEATURES)


def remember(text: str) -> None:
    """Have the same text held back for an hour or two: an editor has just said that it is spam. What is
    sealed to a team says nothing about itself."""
    plain = normalised(text)
    if len(plain) >= LONG_ENOUGH:
        limits.tally("contact spam", plain)


def normalised(text: str) -> str:
    """Return the letters of a text alone: numbers, signs and addresses are what campaigns vary."""
    plain = unicodedata.normalize("NFKC", WHOLE_LINK.sub("", MAILBOX.sub("", text))).casefold()
    return "".join(sign for sign in plain if sign.isalpha())


def _came_again(text: str) -> bool:
    plain = normalised(text)
    if len(plain) < LONG_ENOUGH:
        return False  # "help" is what many people write
    return limits.tally("contact text", plain) > MOST_REPEATS or limits.tallied("contact spam", plain) > 0


def _links(text: str, name: str, address: str) -> int:
    """Most of what is written is an address; that it is a cheap one counts more."""
    found = WHOLE_LINK.findall(text)
    words = len(WORD.findall(WHOLE_LINK.sub("", text)))
    return (
        (len(found) > 0)
        + 2 * any(map(THROWN_AWAY.search, HOST.findall(text)))
        + (len(found) > 0 and words < 4 * len(found) - 1)
    )


def _markup(text: str, name: str, address: str) -> int:
    """The code of links, which this box never shows as such."""
    return 3 * bool(MARKUP.search(text))


def _name(text: str, name: str, address: str) -> int:
    """A link for a name. An e-mail address or a number is a slip."""
    return 3 * bool(LINK.search(name))


def _scripts(text: str, name: str, address: str) -> int:
    """Letters of two scripts that look alike within one word, more than once: it is to be read by people and
    by no filter."""
    mixed = sum({"LATIN", "CYRILLIC"} <= _scripts_of(word) for word in WORD.findall(text))
    return min(3, 2 * mixed - 1) if mixed else 0


def _scripts_of(word: str) -> set[str]:
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in word}


def _money(text: str, name: str, address: str) -> int:
    """Prices, profits and discounts, and a promise of all; an amount or a share is what grants are about."""
    amounts, shares = len(MONEY.findall(text)), len(SHARE.findall(text))
    return bool(amounts or shares) + (amounts > 2) + bool(ALL.search(text))


def _ways(text: str, name: str, address: str) -> int:
    """Ways to be reached that have nothing to do with the field for it."""
    others = {found.lower() for found in MAILBOX.findall(text)} - {address.lower()}
    return bool(CHAT.search(text)) + bool(others) + bool(others and NUMBER.search(MAILBOX.sub("", text)))


def _trade(text: str, name: str, address: str) -> int:
    """The words of those who sell to sites, and a wallet to be paid into."""
    words = {found.lower() for found in TRADE.findall(text)}
    return min(2, len(words)) + 2 * bool(WALLET.search(text))


def _noise(text: str, name: str, address: str) -> int:
    """Shouts and small pictures in rows. Capitals alone are no sign: people in need write so, too."""
    pictures = sum(unicodedata.category(sign) == "So" for sign in text)
    return (pictures > 2) + bool(
        SHOUTS.search(text) and (pictures or MONEY.search(text) or LINK.search(text))
    )


FEATURES: tuple[Callable[[str, str, str], int], ...] = (
    _links,
    _markup,
    _name,
    _scripts,
    _money,
    _ways,
    _trade,
    _noise,
)
