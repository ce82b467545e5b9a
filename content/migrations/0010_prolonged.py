"""A page that has expired and is given more time comes again, also before the scheduler has unpublished it.

As before, functions decide themselves what is a change.
"""

from importlib import import_module

from django.db import migrations

_before = import_module("content.migrations.0008_unseen_pages").TITLES
PROLONGED = _before.replace(
    "(NEW.live, NEW.path, NEW.url_path, NEW.show_in_menus, NEW.locale_id, NEW.alias_of_id);",
    """(NEW.live, NEW.path, NEW.url_path, NEW.show_in_menus, NEW.locale_id, NEW.alias_of_id)
            OR NEW.live AND coalesce(OLD.expire_at <= statement_timestamp(), false)
            AND coalesce(NEW.expire_at > statement_timestamp(), true);""",
)


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0009_rows_change_places'),
    ]

    operations = [
        migrations.RunSQL(PROLONGED, _before),
    ]
