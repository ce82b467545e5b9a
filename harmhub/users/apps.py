"""People who log in. An app of its own: Wagtail's tables point at users, and our other tables at
Wagtail's."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UsersConfig(AppConfig):
    """The custom user model."""

    name = "harmhub.users"
    label = "users"
    verbose_name = _("Users")
