"""What the mail app adds to the admin."""

from wagtail import hooks
from wagtail.permissions import register_permission_policy

from harmhub.mail.dns.page import DnsMenuItem
from harmhub.mail.listing import MailViewSet
from harmhub.mail.models import Mail
from harmhub.records import DeclaredPermissionPolicy

register_permission_policy(Mail, DeclaredPermissionPolicy(Mail), exact_class=True)


@hooks.register("register_admin_viewset")
def register_mails() -> MailViewSet:
    """Return the pages of the queue."""
    return MailViewSet("mail", url_prefix="mails")


@hooks.register("register_settings_menu_item")
def register_dns() -> DnsMenuItem:
    """Return the way to what the DNS says of the site's mail."""
    return DnsMenuItem()
