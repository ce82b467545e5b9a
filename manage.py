#!/usr/bin/env python
"""harmhub's command line: ``python manage.py COMMAND``."""

import os
import sys


def main() -> None:
    """Run one management command; without DATABASE_URL, with the embedded PostgreSQL up for as long."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "harmhub.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
