"""A chart of numbers over time, as a template draws it in SVG: lengths across are percentages, so that it has
any width, lengths down are pixels, so that no letter is stretched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, floor, log10

from django.utils.formats import date_format, number_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from newsletter.numbers import DAY, Span

LINE_HEIGHT, BAR_HEIGHT, ROOM = 168, 112, 12  # pixels; room for the topmost label
MOST_LABELS = 7  # on a narrow screen


def grouped(number: int) -> str:
    """Return a number for people: ``12,480``."""
    return number_format(number, force_grouping=True)


def percent(part: float, whole: int) -> str:
    """Return a length across."""
    return f"{100 * part / whole:.3f}%"


def step_for(span: int, most: int) -> int:
    """Return the distance of axis labels: 1, 2 or 5 with zeros, and no more labels than wanted."""
    least = max(span / most, 1)
    unit = 10 ** floor(log10(least))
    return next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= least)


@dataclass(frozen=True)
class Tick:
    """A label of an axis and where it stands."""

    at: str
    label: str
    is_zero: bool = False


@dataclass(frozen=True)
class Axis:
    """Numbers from low to high on a height in pixels."""

    low: int
    high: int
    step: int
    height: int

    @classmethod
    def over(cls, low: int, high: int, height: int, most: int) -> "Axis":
        """Return an axis that reaches from one number to another, or a little further."""
        step = step_for(max(high - low, 1), most)
        return cls(
            floor(low / step) * step, max(ceil(high / step), floor(low / step) + 1) * step, step, height
        )

    def y(self, number: int) -> float:
        """Return how far below the top a number is."""
        return ROOM + (self.height - ROOM) * (self.high - number) / (self.high - self.low)

    @property
    def ticks(self) -> list[Tick]:
        """The labels; what is below zero has no sign, because it counts as well."""
        numbers = range(self.low, self.high + 1, self.step)
        return [Tick(f"{self.y(each):.1f}", grouped(abs(each)), each == 0) for each in numbers]


@dataclass(frozen=True)
class Bar:
    """A bar: where it begins, how wide it is, its top and height, and the name of its style."""

    x: str
    width: str
    y: str
    height: str
    style: str


@dataclass(frozen=True)
class Slot:
    """The place of one span, with what is told of it."""

    x: str
    width: str
    told: str
    is_import: bool


class Chart:
    """Subscribers as a line; below it, sign-ups, confirmations and leavings as bars."""

    def __init__(self, spans: Sequence[Span], slots: int, length: timedelta) -> None:
        self.spans, self.slots, self.length = spans, slots, length
        self._before = slots - len(spans)  # places of days that nobody knows

    @cached_property
    def line_axis(self) -> Axis:
        """The axis of subscribers. It begins at zero, unless little happens far above it."""
        numbers = [each.subscribers for each in self.spans]
        low, high = min(numbers), max(numbers)
        return Axis.over(0 if low < 0.7 * high or high < 20 else low, high, LINE_HEIGHT, 4)

    @cached_property
    def bar_axis(self) -> Axis:
        """The axis of what happened. An import would dwarf all the rest, and is marked instead."""
        up = max(max(each.signed_up, each.joined) for each in self.spans)
        return Axis.over(-max(each.left for each in self.spans), up, BAR_HEIGHT, 4)

    @property
    def view_box(self) -> str:
        """The coordinates of line and area: a span is one wide."""
        return f"0 0 {self.slots} {LINE_HEIGHT}"

    @property
    def line(self) -> str:
        """The path of the line (SVG 2, 9.3)."""
        y = self.line_axis.y
        points = [f"{self._before + n + 0.5} {y(each.subscribers):.1f}" for n, each in enumerate(self.spans)]
        end = f"{self._before + len(points)} {y(self.spans[-1].subscribers):.1f}"
        return f"M{self._before} {y(self.spans[0].subscribers):.1f} L" + " L".join([*points, end])

    @property
    def area(self) -> str:
        """The path of what is below the line; "" where the axis does not begin at zero."""
        bottom = f"{LINE_HEIGHT} L{self._before} {LINE_HEIGHT} Z"
        return "" if self.line_axis.low else f"{self.line} L{self.slots} {bottom}"

    @property
    def bars(self) -> list[Bar]:
        """The bars of all spans; those of confirmations stand before those of sign-ups."""
        found = []
        for n, each in enumerate(self.spans):
            found += [self._bar(n, each.signed_up, "signed-up"), self._bar(n, each.joined, "joined")]
            found.append(self._bar(n, -each.left, "left"))
        return [bar for bar in found if bar]

    def _bar(self, number: int, value: int, style: str) -> Bar | None:
        if not value:
            return None
        top, bottom = sorted((self.bar_axis.y(value), self.bar_axis.y(0)))
        x, width = percent(self._before + number + 0.14, self.slots), percent(0.72, self.slots)
        return Bar(x, width, f"{top:.1f}", f"{bottom - top:.1f}", style)

    @property
    def places(self) -> list[Slot]:
        """The places of all spans, with words for who points at one."""
        width = percent(1, self.slots)
        return [
            Slot(percent(self._before + n, self.slots), width, told(each), bool(each.imported))
            for n, each in enumerate(self.spans)
        ]

    @property
    def months(self) -> list[Tick]:
        """Where months begin; ``is_zero`` are those that a narrow screen leaves out."""
        days = [(n, month) for n, each in enumerate(self._all_spans) if (month := _month_in(*each))]
        others = len(days) > MOST_LABELS
        return [
            Tick(percent(n, self.slots), _month_name(month), others and number % 2 == 1)
            for number, (n, month) in enumerate(days)
            if n < 0.97 * self.slots
        ]

    @property
    def told(self) -> str:
        """What the chart shows, in a sentence: for who cannot see it."""
        first, last = self.spans[0], self.spans[-1]
        words = ngettext(
            "From %(first)s to %(last)s: %(before)s subscriber at first, %(after)s at last.",
            "From %(first)s to %(last)s: %(before)s subscribers at first, %(after)s at last.",
            first.subscribers,
        )
        return words % {
            "first": date_format(first.first, "DATE_FORMAT"),
            "last": date_format(last.last, "DATE_FORMAT"),
            "before": grouped(first.subscribers),
            "after": grouped(last.subscribers),
        }

    @property
    def _all_spans(self) -> list[tuple[date, date]]:
        """First and last days of all places, also of those that nobody knows."""
        last = self.spans[-1].last
        ends = [last - (self.slots - 1 - n) * self.length for n in range(self.slots)]
        return [(end - self.length + DAY, end) for end in ends]


def _month_in(first: date, last: date) -> date | None:
    """Return the first of a month that lies in a span."""
    begins = last.replace(day=1)
    return begins if first <= begins else None


def _month_name(day: date) -> str:
    return date_format(day, "M Y" if day.month == 1 else "M")


def told(span: Span) -> str:
    """Return what is told of a span, in a line."""
    words = [
        f"{grouped(span.subscribers)} {ngettext('subscriber', 'subscribers', span.subscribers)}",
        f"{grouped(span.signed_up)} {ngettext('sign-up', 'sign-ups', span.signed_up)}",
        f"{grouped(span.joined)} {_('confirmed')}",
        f"{grouped(span.left)} {_('left')}",
    ]
    if span.imported:
        words.insert(3, f"{grouped(span.imported)} {_('imported')}")
    return f"{name_of(span)}: " + ", ".join(words)


def name_of(span: Span) -> str:
    """Return which days a span is: ``3 May 2026``, ``3 – 9 May 2026`` in the order of the language."""
    last = date_format(span.last, "DATE_FORMAT")
    return last if span.is_day else f"{date_format(span.first, 'SHORT_DATE_FORMAT')} – {last}"
