"""Moderators see from the start how mail fares and may send it again. Change it in the groups."""

from django.db import migrations

PERMISSIONS = {"view_mail": "Can view mail", "change_mail": "Can change mail"}


def grant(apps, schema_editor):
    """Create the permissions, which Django itself would do only after all migrations, and grant them."""
    content_type, _new = apps.get_model("contenttypes.ContentType").objects.get_or_create(
        app_label="mail", model="mail"
    )
    for codename, name in PERMISSIONS.items():
        permission, _new = apps.get_model("auth.Permission").objects.get_or_create(
            content_type=content_type, codename=codename, defaults={"name": name}
        )
        for group in apps.get_model("auth.Group").objects.filter(name="Moderators"):
            group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("wagtailcore", "0002_initial_data"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop, elidable=False)]
