"""What the groups of a new site may do with what readers left, and with the site's own settings."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db.migrations.loader import MigrationLoader

CANNED = {f"{act}_cannedanswer" for act in ("view", "add", "change", "delete")}
EDITORS = {
    "contact": {"view_message", "change_message"} | CANNED,
    "newsletter": {
        *("view_run", "view_update", "view_list", "view_subscription", "view_signup", "change_signup"),
        *("view_mailing", "add_mailing", "change_mailing"),
    },
}
MODERATORS = {
    "contact": {"view_message", "change_message", "export_message"} | CANNED,
    "newsletter": {
        *("view_subscription", "export_subscription", "erase_subscription"),
        *("import_subscription", "view_suppression", "change_suppression"),
        *("view_signup", "change_signup", "view_run", "view_update", "view_list"),
        *("view_mailing", "add_mailing", "change_mailing", "delete_mailing"),
    },
    "harmhub": {"change_sitesettings"},
    "mail": {"view_mail", "change_mail"},
}
OURS = {"contact", "content", "harmhub", "mail", "newsletter", "topics", "users"}


def granted(group: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    of_group = Group.objects.get(name=group).permissions.filter(content_type__app_label__in=OURS)
    for app, codename in of_group.values_list("content_type__app_label", "codename"):
        found.setdefault(app, set()).add(codename)
    return found


def test_a_new_site_lets_editors_answer_and_moderators_also_take_out_and_erase(bare_database):
    assert granted("Editors") == EDITORS
    assert granted("Moderators") == MODERATORS


def test_permissions_granted_at_the_start_are_named_as_django_names_them(bare_database):
    for permission in Permission.objects.filter(content_type__app_label__in=OURS):
        if permission.codename.startswith(("lock_", "unlock_", "publish_")):
            continue  # of Wagtail's drafts
        of = permission.content_type.model_class()._meta
        default = {
            f"{act}_{of.model_name}": f"Can {act} {of.verbose_name_raw}" for act in of.default_permissions
        }
        assert permission.name == (default | dict(of.permissions))[permission.codename]


@pytest.mark.parametrize("app", sorted(OURS))
def test_each_app_begins_with_one_migration(app):
    assert apps.is_installed(apps.get_app_config(app).name)
    of_app = [name for label, name in MigrationLoader(None).disk_migrations if label == app]
    assert sorted(of_app)[0] == "0001_initial"
    assert [name for name in of_app if name.endswith("_initial")] == ["0001_initial"]
