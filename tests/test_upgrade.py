"""A site that was set up with older migrations."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection


def test_database_that_older_migrations_left_half_way_is_not_taken_for_a_new_one(bare_database):
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION harmhub_informs_below")
    with pytest.raises(CommandError, match="4552a9c"):
        call_command("migrate", verbosity=0)
