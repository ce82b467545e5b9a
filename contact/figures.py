"""How many messages were taken, held back and refused: counted each hour, shown by day."""

from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncDate, TruncHour
from django.utils import timezone
from django.utils.translation import gettext_lazy

from contact.models import Hour, Message
from contact.report import NumbersView
from harmhub import limits

REFUSED = "contact refused"  # the name under which answers are counted that took nothing
COUNTED_BACK, KEPT, SHOWN = timedelta(days=2), timedelta(days=365), timedelta(days=30)


def count_hours() -> None:
    """Count the hours that are over, each once: what was held back is held back then, whatever an editor does
    later. What was refused is known of the last hour only, and of the web servers on this machine."""
    now = timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = {hour.begins_at: hour for hour in _stored(now - COUNTED_BACK, now)}
    before = now - timedelta(hours=1)
    if refused := limits.tallied(REFUSED, hours_ago=(1,)):
        hours.setdefault(before, Hour(begins_at=before)).refused = refused
    Hour.objects.bulk_create(hours.values(), ignore_conflicts=True)
    Hour.objects.filter(begins_at__lt=now - KEPT).delete()


def _stored(since: datetime, until: datetime) -> list[Hour]:
    by_us = Q(quarantined_at__isnull=False) & ~Q(quarantine_reason=Message.Reason.EDITOR)
    found = Message.objects.filter(received_at__gte=since, received_at__lt=until)
    rows = found.order_by().annotate(hour=TruncHour("received_at", tzinfo=UTC)).values("hour")
    counted = rows.annotate(all=Count("pk"), held=Count("pk", filter=by_us))
    return [Hour(begins_at=row["hour"], taken=row["all"] - row["held"], held=row["held"]) for row in counted]


class FiguresView(NumbersView):
    """The days of the last month, the newest first."""

    template_name = "contact/admin/figures.html"
    page_title = gettext_lazy("Messages by day")
    header_icon = "table"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add a row for each day on which anything came, and their sums."""
        sums = {name: Sum(name) for name in ("taken", "held", "refused")}
        hours = Hour.objects.filter(begins_at__gte=timezone.now() - SHOWN)
        days = hours.annotate(day=TruncDate("begins_at")).values("day").annotate(**sums).order_by("-day")
        drawn = with_bars([dict(day) for day in days])
        return super().get_context_data(**kwargs) | {"days": drawn, "sums": hours.aggregate(**sums)}


def with_bars(days: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add to each day a bar: name, beginning and length of its parts, the longest bar being 100 long."""
    names = ("taken", "held", "refused")
    longest = max((sum(day[name] for name in names) for day in days), default=0) or 1
    for day in days:
        ends = [100 * end / longest for end in accumulate(day[name] for name in names)]
        begins = [0.0, *ends]
        day["bar"] = [
            {"name": name, "x": f"{begin:.2f}", "width": f"{end - begin:.2f}"}
            for name, begin, end in zip(names, begins, ends, strict=False)
        ]
    return days
