"""Moderators fill in the site settings. Change it in the groups.

Pictures and documents need nothing here: Wagtail asks for its own models' permissions, which its migrations have granted.
"""

from django.db import migrations


def grant(apps, schema_editor):
    """Create the permission, which Django itself would do only after all migrations, and grant it."""
    content_type, _new = apps.get_model("contenttypes.ContentType").objects.get_or_create(
        app_label="harmhub", model="sitesettings"
    )
    permission, _new = apps.get_model("auth.Permission").objects.get_or_create(
        content_type=content_type, codename="change_sitesettings", defaults={"name": "Can change site settings"}
    )
    for group in apps.get_model("auth.Group").objects.filter(name="Moderators"):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("harmhub", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("wagtailcore", "0002_initial_data"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop, elidable=False)]
