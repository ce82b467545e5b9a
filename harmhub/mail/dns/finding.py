"""What was found, in words for people."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

LONGEST_SHOWN = 600


class State(Enum):
    """How it is about one thing. The value is the name of its colour."""

    GOOD = "good"
    BETTER = "better"
    MISSING = "missing"
    WRONG = "wrong"
    UNKNOWN = "unknown"

    @property
    def label(self) -> Any:
        """The word for people."""
        return LABELS[self]


LABELS = {
    State.GOOD: gettext_lazy("Good"),
    State.BETTER: gettext_lazy("Could be better"),
    State.MISSING: gettext_lazy("Missing"),
    State.WRONG: gettext_lazy("Wrong"),
    State.UNKNOWN: gettext_lazy("Not known"),
}


@dataclass(frozen=True)
class Record:
    """A record to publish."""

    name: str
    kind: str
    text: str


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. found: records as they are in the DNS; advice: what to do."""

    state: State
    text: str
    advice: str = ""
    found: tuple[str, ...] = ()
    publish: Record | None = None

    @property
    def shown(self) -> list[str]:
        """The records that were found, those that are too long to look at cut."""
        return [text[:LONGEST_SHOWN] + ("…" if text[LONGEST_SHOWN:] else "") for text in self.found[:5]]


@dataclass(frozen=True)
class Section:
    """The findings about one subject."""

    name: str
    title: str
    about: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def bad(self) -> int:
        """How many of them need somebody to do something."""
        return sum(each.state in {State.MISSING, State.WRONG} for each in self.findings)


def unanswered() -> Finding:
    """Return the finding that nothing was found out."""
    return Finding(
        State.UNKNOWN,
        _("The DNS could not be asked, or did not answer in time."),
        _("Check again later. If it stays so, this machine may have no working DNS resolver."),
    )
