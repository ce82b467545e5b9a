"""What has to be true of a database before it is migrated."""

from typing import Any

from django.core.management.base import CommandError
from django.db import connections

# By the last of the many migrations that became one for each app: to Django, who had any has had them all.
HALF_WAY = """
SELECT to_regclass('content_contentitem') IS NOT NULL AND to_regproc('harmhub_informs_below') IS NULL
"""
GATHERED = "4552a9c"


def refuse_half_way(sender: Any, using: str, **given: Any) -> None:
    """Receive Django's pre_migrate. CommandError: the database was left half-way by migrations that are no
    more."""
    with connections[using].cursor() as cursor:
        cursor.execute(HALF_WAY)
        if cursor.fetchone()[0]:
            raise CommandError(
                "The database is from before the migrations were gathered: bring it up to date with commit "
                f"{GATHERED} first (docs/running.md)."
            )
