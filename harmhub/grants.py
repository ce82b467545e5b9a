"""What the groups of a new site may do: permissions granted within an app's first migration."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db.migrations import RunPython

# What a migration that grants has to come after: groups, permissions, and the models these are for.
NEEDED = [
    ("auth", "0012_alter_user_first_name_max_length"),
    ("contenttypes", "0002_remove_content_type_name"),
    ("wagtailcore", "0002_initial_data"),
]


def granting(app: str, groups: Mapping[str, Sequence[str]]) -> RunPython:
    """Return the operation, after all models of ``app``, that grants to each group permissions by codename.

    It is for the start: from then on the groups' page in the admin says who may do what.
    """

    def grant(apps: Any, schema_editor: Any) -> None:
        # Django itself creates permissions only after all migrations.
        database = schema_editor.connection.alias
        create_permissions(installed.get_app_config(app), verbosity=0, using=database, apps=apps)
        permissions = apps.get_model("auth.Permission").objects.using(database)
        for name, codenames in groups.items():
            granted = permissions.filter(content_type__app_label=app, codename__in=codenames)
            for group in apps.get_model("auth.Group").objects.using(database).filter(name=name):
                group.permissions.add(*granted)

    return RunPython(grant, RunPython.noop)
