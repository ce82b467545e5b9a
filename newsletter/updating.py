"""From a work that is published to the runs in which subscribers are told of it.

Nobody has to say that something was published: once a minute the public works are looked through for those
that are new. So scheduled works, imports and restored pages are found as well, and a crash forgets none.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from wagtail.models import Locale

from content.models import ContentItem
from harmhub.models import SiteSettings
from newsletter.models import Pace, Run, Update
from newsletter.models.updates import DELAY, FRESH, NOT_TOLD, public_works
from newsletter.timetable import last_slot, next_slot


@transaction.atomic
def find_and_release(now: datetime) -> None:
    """Note the works that are newly public, forget those that were taken back in time, and give those whose
    time has come their place in the order. One at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('newsletter_updates'))")
    waiting = Update.objects.unreleased()
    waiting.exclude(goes_at=None).exclude(pk__in=waiting.wanted()).delete()
    known = Update.objects.filter(Q(note="") | Q(place__gt=NOT_TOLD), item=OuterRef("item"))
    # By language, as the index of a listing has it: all works are many.
    recent = public_works().filter(
        locale__in=Locale.objects.values("pk"), published_on__gte=timezone.localdate(now) - FRESH
    )
    new = recent.filter(~Exists(known), item__tell_subscribers=True)
    works = list(new.order_by("item").values_list("item", "item__change_note"))
    times = {"found_at": now, "goes_at": now + DELAY}
    Update.objects.bulk_create(Update(item_id=item, **times) for item, _ in works)
    # A note that came with a new work (from a copied one, say) is no change of it.
    Update.objects.bulk_create(
        (Update(item_id=item, note=note, found_at=now, place=NOT_TOLD) for item, note in works if note),
        ignore_conflicts=True,
    )
    # What a copy or a translation brings along at its first publication is no change of it.
    published_again = Q(last_published_at__gt=F("first_published_at"))
    told = Update.objects.filter(item=OuterRef("pk"), note=OuterRef("change_note"))
    changed = ContentItem.objects.exclude(change_note="").filter(~Exists(told), published_again)
    public = changed.filter(Exists(public_works().filter(item=OuterRef("pk"))))
    Update.objects.bulk_create(
        Update(item_id=item, note=note, **times)
        for item, note in public.order_by("pk").values_list("pk", "change_note")
    )
    # An editor may just be holding one back.
    ripe = Update.objects.ripe(now).order_by("pk").select_for_update()
    for place, update in enumerate(ripe, Update.objects.last_place() + 1):
        update.place = place
        update.save(update_fields=["place"])


def begin_runs(now: datetime) -> None:
    """Begin the runs that are due: each pace at its moment, and at once when something was released."""
    # What was begun ahead of now was begun by a wrong clock, and does not keep the next ones from their time.
    for ahead in Run.objects.filter(slot__gt=now):
        ahead.slot = now - timedelta(microseconds=ahead.pk)  # each its own, as a slot has to be
        ahead.save(update_fields=["slot"])
    place = Update.objects.last_place()
    hours = _hours()
    for pace in Pace:
        last = Run.objects.filter(pace=pace).first()
        if pace == Pace.AT_ONCE:
            slot, is_due = now, last is None or last.place < place
        else:
            slot = last_slot(pace, now, *hours)
            is_due = last is None or last.slot < slot
        if is_due:
            # Whom an older one did not get to, the new one serves.
            Run.objects.filter(pace=pace, ended_at=None).update(ended_at=now)
            Run.objects.create(pace=pace, slot=slot, place=place)


def next_run(pace: Pace, after: datetime) -> datetime:
    """Return when the first run of a pace is due that tells what is released at a moment."""
    return after if pace == Pace.AT_ONCE else next_slot(pace, after, *_hours())


def _hours() -> tuple[ZoneInfo, int, int]:
    """Return the organisation's zone, and the hour and weekday of its updates."""
    site = SiteSettings.of_default_site()
    return ZoneInfo(settings.TIME_ZONE), site.updates_hour, site.updates_weekday


def newest_runs() -> list[Run]:
    """Return the newest run of each pace; also one that has ended, for whoever was passed over."""
    runs = (Run.objects.filter(pace=pace).first() for pace in Pace)
    return [run for run in runs if run]
