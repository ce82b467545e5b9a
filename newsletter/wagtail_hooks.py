"""What the newsletter adds to the admin: its pages, and the words of its log."""

from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail import hooks
from wagtail.admin import messages
from wagtail.log_actions import LogActionRegistry, LogFormatter
from wagtail.permissions import register_permission_policy
from wagtail.query import PageQuerySet

from harmhub.models import CustomDocument
from harmhub.records import DeclaredPermissionPolicy
from newsletter.desk import NewsletterGroup
from newsletter.issues import preview
from newsletter.models import List, Mailing, Run, SignUp, Subscription, Suppression, Update
from newsletter.updates_desk import what_subscribers_get

for model in (Subscription, SignUp, Run, Update, List, Suppression):
    register_permission_policy(model, DeclaredPermissionPolicy(model), exact_class=True)


@hooks.register("register_admin_viewset")
def register_newsletter() -> NewsletterGroup:
    """Return the pages of the newsletter."""
    return NewsletterGroup()


@hooks.register("what_subscribers_get")
def register_what_subscribers_get() -> Callable:
    """Return what tells an editor who gets her work."""
    return what_subscribers_get


@hooks.register("preview_of_work")
def register_mail_preview() -> tuple[str, Any, Callable]:
    """Return the preview of a work as a mail."""
    return ("mail", _("Mail to subscribers"), preview)


@hooks.register("before_delete_snippet")
def keep_sent_mailings(request: HttpRequest, records: list[Any]) -> HttpResponse | None:
    """Refuse to delete what was sent: the links in its mails have to work on. Return where to go then."""
    sent = [each for each in records if isinstance(each, Mailing) and each.begun_at]
    if not sent:
        return None
    messages.error(request, _("What has been sent cannot be deleted."))
    return redirect("mailing:list")


@hooks.register("before_edit_snippet")
def tell_who_cannot_approve(request: HttpRequest, record: Any) -> None:
    """Say to a moderator why a mailing that waits for approval offers her none."""
    task = record.current_workflow_task if isinstance(record, Mailing) else None
    if request.method != "GET" or task is None:
        return
    offered = {name for name, *_others in task.get_actions(record, request.user)}
    if offered and "approve" not in offered:
        words = _(
            "Somebody else has to approve this: you wrote its newest version, or asked for its approval."
        )
        messages.info(request, words)


@hooks.register("document_has_gone_out")
def has_gone_out_in_a_mailing(document: CustomDocument) -> bool:
    """Return whether readers have a mail that links to a document."""
    return Mailing.objects.that_use(document).filter(begun_at__isnull=False).exists()


@hooks.register("reason_to_keep_pages")
def subscribers(pages: PageQuerySet) -> str:
    """Return a sentence with the number of those who get the updates of these pages, or ""."""
    about = Q(list__page__in=pages) | Q(list__program__in=pages)
    number = Subscription.objects.active().filter(about).values("subscriber").distinct().count()
    words = ngettext("%d person subscribes to its updates.", "%d people subscribe to its updates.", number)
    return words % number if number else ""


class Imported(LogFormatter):
    """What the log says of an import that is done: how many, and to which lists."""

    label = _("Import done")

    def format_message(self, log_entry: Any) -> str:
        """Return it in a sentence."""
        number, lists = log_entry.data["counts"].get("new", 0), ", ".join(log_entry.data["lists"])
        words = ngettext(
            "%(number)d subscription imported: %(lists)s",
            "%(number)d subscriptions imported: %(lists)s",
            number,
        )
        return words % {"number": number, "lists": lists}


@hooks.register("register_log_actions")
def register_log_actions(actions: LogActionRegistry) -> None:
    """Name what is logged about subscribers."""
    actions.register_action("newsletter.read", _("Read"), _("Subscriber read"))
    actions.register_action("newsletter.export", _("Export"), _("Subscriber exported"))
    actions.register_action("newsletter.dry_run", _("Dry run"), _("File of subscribers looked at"))
    actions.register_action("newsletter.import", _("Import"), _("Import of subscribers begun"))
    actions.register_action("newsletter.imported")(Imported)
    actions.register_action("newsletter.erase", _("Erase"), _("Subscriber erased"))
    actions.register_action("newsletter.send_now", _("Send now"), _("Subscribers told before the time"))
    actions.register_action("newsletter.hold", _("Hold back"), _("Update to subscribers held back"))
    actions.register_action("newsletter.drop", _("Do not send"), _("Update to subscribers dropped"))
    actions.register_action("newsletter.test", _("Test"), _("Mailing sent to its editor as a test"))
    actions.register_action("newsletter.send_mailing", _("Send now"), _("Mailing sent before the time"))
    actions.register_action("newsletter.restore", _("Restore"), _("Held sign-up let through"))
    actions.register_action("newsletter.lift", _("Lift"), _("Suppression of an address lifted"))
