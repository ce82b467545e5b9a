"""The table of all bars, which ``make bench`` prints at its end."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One bar. measured, beside: figures as they are read. ratio: of the two, or the figure that is judged.

    most, least: what it must not pass; neither where it is only told.
    """

    bar: str
    what: str
    measured: str
    beside: str
    ratio: float
    most: float | None = None
    least: float | None = None

    @property
    def verdict(self) -> str:
        """Tell whether the bar is met."""
        if self.most is None and self.least is None:
            return "no bar"
        met = (self.most is None or self.ratio <= self.most) and (
            self.least is None or self.ratio >= self.least
        )
        goal = f"<= {self.most:g}" if self.most is not None else f">= {self.least:g}"
        return f"{goal}: {'met' if met else 'NOT MET'}"


class Table:
    """Rows in the order in which they were measured."""

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def add(self, row: Row) -> None:
        """Add a row, and print it at once: a bench takes minutes."""
        self._rows.append(row)
        print(self._line(row), flush=True)

    @staticmethod
    def _line(row: Row) -> str:
        return (
            f"{row.bar:>3}  {row.what:52} {row.measured:>12}  {row.beside:34} {row.ratio:9.2f}  {row.verdict}"
        )

    def report(self) -> None:
        """Print all rows by their bar."""
        print(f"\nbar  {'what':52} {'measured':>12}  {'beside':34} {'judged':>9}")
        for row in sorted(self._rows, key=lambda row: row.bar):
            print(self._line(row))
