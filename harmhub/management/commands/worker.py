"""``manage.py worker``: the job worker, on a server as in ``make run``."""

from django.core.management import call_command
from django.core.management.base import BaseCommand

JOBS_AT_ONCE = 2
SECONDS_TO_FINISH = 8  # less than what process managers and `make run` wait before they kill


class Command(BaseCommand):
    """Run jobs as they come until SIGTERM; a job that was cut short runs again under the next worker."""

    help = "Run the jobs (mail, scheduled publishing, retention) until told to end."
    requires_system_checks = []

    def handle(self, *args, **options):
        call_command(
            "procrastinate",
            "worker",
            f"--concurrency={JOBS_AT_ONCE}",
            f"--shutdown-graceful-timeout={SECONDS_TO_FINISH}",
            "--delete-jobs=successful",
        )
