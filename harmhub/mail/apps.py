"""The app that queues and sends mail."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    """Queues mails as rows and sends them."""

    name = "harmhub.mail"
    label = "mail"
    verbose_name = "Mail"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the checks known."""
        from harmhub.mail import checks  # noqa: F401
