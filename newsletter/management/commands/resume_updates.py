"""``manage.py resume_updates told|again``: go on with updates by mail after a backup was restored."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from harmhub.mail.checkpoint import database_is_restored, go_on
from harmhub.mail.models import Mail
from newsletter.issues import TO_LISTS
from newsletter.models import Mailing, Subscription, Update
from newsletter.updating import find_and_release


class Command(BaseCommand):
    """Decides what becomes of updates that may have been sent already."""

    help = (
        "After a backup of the database was restored, updates wait: some may have gone out since the backup. "
        "“told” counts all that is public now as told: nothing comes twice. "
        "“again” sends them: nothing is missed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the decision."""
        parser.add_argument("decision", choices=["told", "again"])

    @transaction.atomic
    def handle(self, decision: str, **options) -> None:
        """Do it. CommandError: nothing waits for a decision."""
        if not database_is_restored():
            raise CommandError("No backup was restored: updates go on by themselves.")
        if decision == "told":
            now = timezone.now()
            find_and_release(now)
            waiting = Update.objects.unreleased().order_by("pk")
            for place, update in enumerate(waiting, Update.objects.last_place() + 1):
                update.place = place
                update.save(update_fields=["place"])
            Subscription.objects.active().update(served_to=Update.objects.last_place())
            Mailing.objects.due(now).update(begun_at=now)
            Mailing.objects.on_their_way().update(ended_at=now)
            Mail.objects.waiting().filter(purpose__in=TO_LISTS).delete()
        go_on()
        self.stdout.write("Updates go on.")
