"""Seal all sealed words anew with the newest key."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from harmhub.rotation import Column, Result, rotate, sealed_columns


class Command(BaseCommand):
    """Walk through every sealed column. It can be stopped and run again, beside a site that is running."""

    help = (
        "Seals all that is sealed in the database anew with the first of SEALING_KEYS, and says when older "
        "keys may go. Put a new key in front, start web servers and workers anew, then run this."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal, and tell for each column how much. CommandError: something does not open, or was missed."""
        total = Result()
        for column in sealed_columns():
            result = self._column(column)
            self.stdout.write(
                f"{column.label}: {result.sealed} sealed anew, {result.unreadable} cannot be opened"
            )
            total.sealed += result.sealed
            total.missed += result.missed
            total.unreadable += result.unreadable
        if total.missed:
            raise CommandError(f"{total.missed} were written meanwhile: run this once more.")
        if total.unreadable:
            raise CommandError(
                f"{total.unreadable} do not open with any key of SEALING_KEYS, and were left as they are. "
                "Where their key is still known, add it and run this once more."
            )
        self.stdout.write(self._what_may_go())

    def _column(self, column: Column) -> Result:
        number, done, total = column.count(), 0, Result()
        for rows in column.batches():
            result = rotate(column, rows)
            total.sealed += result.sealed
            total.missed += result.missed
            total.unreadable += result.unreadable
            done += len(rows)
            if self.stderr.isatty() and number:
                self.stderr.write(f"\r{column.label} {100 * done // max(number, done)} %", ending="")
        if self.stderr.isatty() and number:
            self.stderr.write("\r", ending="")
        return total

    @staticmethod
    def _what_may_go() -> str:
        between = len(settings.SEALING_KEYS) - 2
        if between < 0:
            return "Everything is sealed with the only key. Put a new one in front of it, and run this again."
        may_go = {
            0: "No key may go: the last one keys the look-up of addresses.",
            1: "The second key may go; the last one keys the look-up of addresses and has to stay.",
        }
        go = may_go.get(
            between, f"Keys 2 to {between + 1} may go; the last one keys the look-up of addresses."
        )
        return f"Everything is sealed with the newest key. {go} Backups from before need the older keys."
