"""Tallies: what happened to lists by day, counted where it happens. No person is in them, so they stay when
subscribers are forgotten."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, models

from harmhub.days import day_of, today
from newsletter.models.lists import List

EVERYBODY = None  # in the place of a list's number: the people of the whole organisation, each once

# One statement sees subscriptions and tallies of one moment, and both are written in one transaction: so what
# differs was never counted, and is not just being counted.
SETTLE = """
INSERT INTO newsletter_tally (list_id, day, signed_up, joined, imported, "left", shifted)
SELECT list_id, %s, 0, 0, 0, 0, sum(there) - sum(counted) FROM (
    SELECT list_id, count(*) AS there, 0 AS counted FROM newsletter_subscription
    WHERE confirmed_at IS NOT NULL AND left_at IS NULL GROUP BY list_id
    UNION ALL
    SELECT NULL, count(DISTINCT subscriber_id), 0 FROM newsletter_subscription
    WHERE confirmed_at IS NOT NULL AND left_at IS NULL
    UNION ALL
    SELECT list_id, 0, joined + imported - "left" + shifted FROM newsletter_tally
) AS both_sides GROUP BY list_id HAVING sum(there) <> sum(counted)
"""
FOLD = """
WITH folded AS (
    DELETE FROM newsletter_tally USING (
        SELECT list_id AS of, day AS on_day FROM newsletter_tally GROUP BY list_id, day HAVING count(*) > 1
    ) AS several
    WHERE list_id IS NOT DISTINCT FROM several.of AND day = several.on_day
    RETURNING list_id, day, signed_up, joined, imported, "left", shifted
)
INSERT INTO newsletter_tally (list_id, day, signed_up, joined, imported, "left", shifted)
SELECT list_id, day, sum(signed_up), sum(joined), sum(imported), sum("left"), sum(shifted)
FROM folded GROUP BY list_id, day
"""


class TallyQuerySet(models.QuerySet["Tally"]):
    """Tallies of lists and days."""

    def add(self, what: str, lists: Iterable[int | None], at: datetime, by: int = 1) -> None:
        """Count what happened to each of these lists, told by their numbers (or ``EVERYBODY``)."""
        self.bulk_create(self.model(list_id=number, day=day_of(at), **{what: by}) for number in lists)

    def settle(self) -> int:
        """Have the sums say what is there, where something else than our own steps changed it (a restored
        backup, a list that was deleted by hand); return how many of them did not."""
        with connection.cursor() as cursor:
            cursor.execute(SETTLE, [today()])
            return cursor.rowcount

    def fold(self) -> None:
        """Make one row of all that are of the same list and day."""
        with connection.cursor() as cursor:
            cursor.execute(FOLD)


class Tally(models.Model):
    """What happened to a list, or to the organisation as a whole, on a day.

    Rows are only added, and of a list and day the sum counts: so those who count at once never wait for each
    other. ``shifted``: what was neither joining nor leaving (a list read in another language from now on, two
    addresses that became one).
    """

    list = models.ForeignKey(List, models.CASCADE, null=True, related_name="tallies")
    day = models.DateField()
    signed_up = models.IntegerField(default=0)
    joined = models.IntegerField(default=0)
    imported = models.IntegerField(default=0)
    left = models.IntegerField(default=0)
    shifted = models.IntegerField(default=0)

    objects = TallyQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["list", "day"], name="tally_of_day")]

    def __str__(self) -> str:
        return f"{self.pk}"
