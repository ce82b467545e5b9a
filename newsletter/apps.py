"""The newsletter: from a sign-up to a confirmed subscription that can be left."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NewsletterConfig(AppConfig):
    """Subscribers and their subscriptions."""

    name = "newsletter"
    verbose_name = _("Newsletter")

    def ready(self) -> None:
        """Listen for mails that were refused for good."""
        from harmhub.mail import refused
        from harmhub.mail.models import Mail
        from newsletter.subscribing import suppress_refused

        refused.connect(suppress_refused, sender=Mail, dispatch_uid="newsletter.suppress_refused")
