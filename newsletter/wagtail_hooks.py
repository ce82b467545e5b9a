"""What the newsletter adds to the admin: its pages, and the words of its log."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry
from wagtail.permissions import register_permission_policy
from wagtail.query import PageQuerySet

from harmhub.records import DeclaredPermissionPolicy
from newsletter.desk import NewsletterGroup
from newsletter.models import Run, SignUp, Subscription

for model in (Subscription, SignUp, Run):
    register_permission_policy(model, DeclaredPermissionPolicy(model), exact_class=True)


@hooks.register("register_admin_viewset")
def register_newsletter() -> NewsletterGroup:
    """Return the pages of the newsletter."""
    return NewsletterGroup()


@hooks.register("reason_to_keep_pages")
def subscribers(pages: PageQuerySet) -> str:
    """Return a sentence with the number of those who get the updates of these pages, or ""."""
    about = Q(list__page__in=pages) | Q(list__program__in=pages)
    number = Subscription.objects.active().filter(about).values("subscriber").distinct().count()
    words = ngettext("%d person subscribes to its updates.", "%d people subscribe to its updates.", number)
    return words % number if number else ""


@hooks.register("register_log_actions")
def register_log_actions(actions: LogActionRegistry) -> None:
    """Name what is logged about subscribers."""
    actions.register_action("newsletter.read", _("Read"), _("Subscriber read"))
    actions.register_action("newsletter.export", _("Export"), _("Subscriber exported"))
    actions.register_action("newsletter.erase", _("Erase"), _("Subscriber erased"))
    actions.register_action("newsletter.restore", _("Restore"), _("Held sign-up let through"))
