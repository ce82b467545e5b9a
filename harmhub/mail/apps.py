"""The app that queues and sends mail."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    """Queues mails as rows and sends them."""

    name = "harmhub.mail"
    label = "mail"
    verbose_name = "Mail"
    default_auto_field = "django.db.models.BigAutoField"
