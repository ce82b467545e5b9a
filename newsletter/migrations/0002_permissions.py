"""Who may do what with subscribers from the start: Editors look, Moderators also export and erase. Change it in the groups."""

from django.db import migrations

BOTH, MODERATORS = ["Editors", "Moderators"], ["Moderators"]
PERMISSIONS = {
    ("subscription", "view_subscription"): ("Can view subscription", BOTH),
    ("subscription", "export_subscription"): ("Can export subscribers", MODERATORS),
    ("subscription", "erase_subscription"): ("Can erase subscribers", MODERATORS),
    ("signup", "view_signup"): ("Can view held sign-up", BOTH),
    ("signup", "change_signup"): ("Can change held sign-up", BOTH),
}


def grant(apps, schema_editor):
    """Create the permissions, which Django itself would do only after all migrations, and grant them."""
    for (model, codename), (name, groups) in PERMISSIONS.items():
        content_type, _new = apps.get_model("contenttypes.ContentType").objects.get_or_create(
            app_label="newsletter", model=model
        )
        permission, _new = apps.get_model("auth.Permission").objects.get_or_create(
            content_type=content_type, codename=codename, defaults={"name": name}
        )
        for group in apps.get_model("auth.Group").objects.filter(name__in=groups):
            group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("newsletter", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("wagtailcore", "0002_initial_data"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop, elidable=False)]
