"""The newsletter: from a sign-up to a confirmed subscription that can be left."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NewsletterConfig(AppConfig):
    """Subscribers and their subscriptions."""

    name = "newsletter"
    verbose_name = _("Newsletter")

    def ready(self) -> None:
        """Listen for mails that were refused for good, and for those that came back."""
        from harmhub.mail import bounced, refused
        from harmhub.mail.models import Mail
        from newsletter.suppressing import suppress_bounced, suppress_refused

        refused.connect(suppress_refused, sender=Mail, dispatch_uid="newsletter.suppress_refused")
        bounced.connect(suppress_bounced, sender=Mail, dispatch_uid="newsletter.suppress_bounced")
