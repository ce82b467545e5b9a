"""The kernel: users, pictures, documents, site settings, and what every request and response needs."""

from django.apps import AppConfig


class HarmhubConfig(AppConfig):
    """The project itself as an app: it owns the models that no single topic app owns."""

    name = "harmhub"
    verbose_name = "harmhub"
    default_auto_field = "django.db.models.BigAutoField"
