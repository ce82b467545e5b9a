"""``manage.py worker``: the job worker, on a server as in ``make run``."""

from django.core.management.base import BaseCommand
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

JOBS_AT_ONCE = 2
SECONDS_TO_FINISH = 8  # less than what process managers and `make run` wait before they kill


class Command(BaseCommand):
    """Run jobs as they come until SIGTERM; a job that was cut short runs again under the next worker."""

    help = "Run the jobs (mail, scheduled publishing, retention) until told to end."
    requires_system_checks = []

    def handle(self, *args, **options):
        assert isinstance(app.connector, DjangoConnector)
        with app.replace_connector(app.connector.get_worker_connector()) as worker:
            worker.run_worker(
                concurrency=JOBS_AT_ONCE,
                shutdown_graceful_timeout=SECONDS_TO_FINISH,
                delete_jobs="successful",
            )
