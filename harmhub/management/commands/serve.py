"""``manage.py serve``: the web server."""

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from harmhub import web_server
from harmhub.first_run import ADDRESS


class Command(BaseCommand):
    """Serve the site until SIGTERM."""

    help = "Serve the site until told to end: processes that share what they have loaded."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=ADDRESS, help="Where to listen: %(default)s unless told.")
        parser.add_argument("--port", type=int, default=settings.PORT, help="PORT unless told.")
        parser.add_argument("--socket", type=Path, help="A Unix socket to listen at instead.")
        parser.add_argument(
            "--processes",
            type=int,
            default=web_server.PROCESSES,
            help="One for each core: %(default)s unless told.",
        )
        parser.add_argument(
            "--threads",
            type=int,
            default=web_server.THREADS,
            help="Of each process: %(default)s unless told.",
        )

    def handle(
        self, *args, host: str, port: int, socket: Path | None, processes: int, threads: int, **options
    ) -> None:
        web_server.load()
        web_server.serve(host, port, socket=socket, processes=processes, threads=threads)
