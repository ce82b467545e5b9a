"""The page of the admin."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin

from harmhub.mail.dns.finding import State
from harmhub.mail.models import Mail


class DnsView(PermissionCheckedMixin, WagtailAdminTemplateMixin, TemplateView):
    """What the DNS says of the site's mail, asked anew each time. For those who may see the mails."""

    model = Mail
    permission_required = "view"
    http_method_names = ["get", "head", "options"]
    template_name = "mail/admin/dns.html"
    page_title = _("Mail and DNS")
    header_icon = "globe"

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Return the way here."""
        return [*super().get_breadcrumbs_items(), {"url": "", "label": self.page_title}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the sections, and how many things need somebody to do something."""
        # Here, as nothing else asks the DNS: its library takes a while to load, and each process would.
        from harmhub.mail.dns.report import report
        from harmhub.mail.dns.sending import Sending

        sections = report(sending := Sending.of_site())
        states = [finding.state for section in sections for finding in section.findings]
        return super().get_context_data(**kwargs) | {
            "sending": sending,
            "sections": sections,
            "bad": sum(section.bad for section in sections),
            "unknown": states.count(State.UNKNOWN),
        }


class DnsMenuItem(MenuItem):
    """The way to the page, for those who may see it."""

    def __init__(self) -> None:
        super().__init__(
            DnsView.page_title, reverse_lazy("mail:dns"), name="mail-dns", icon_name=DnsView.header_icon
        )

    def is_shown(self, request: HttpRequest) -> bool:
        """Whether this user may see it."""
        return request.user.has_perm("mail.view_mail")
