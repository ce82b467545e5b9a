"""What the contact app adds to the admin: the inbox, and the words of its log."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry, LogFormatter
from wagtail.models import Page
from wagtail.permissions import register_permission_policy
from wagtail.query import PageQuerySet

from contact.canned_answers import CannedAnswerViewSet
from contact.inbox import MessageViewSet
from contact.keys import TeamKeyPolicy, TeamKeyViewSet
from contact.models import Message, TeamKey
from contact.moving import refused
from contact.report import ReportMenuItem
from harmhub.records import DeclaredPermissionPolicy

register_permission_policy(Message, DeclaredPermissionPolicy(Message), exact_class=True)
register_permission_policy(TeamKey, TeamKeyPolicy(TeamKey), exact_class=True)


@hooks.register("register_admin_viewset")
def register_inbox() -> MessageViewSet:
    """Return the pages of the inbox."""
    return MessageViewSet("message", url_prefix="messages")


@hooks.register("register_admin_viewset")
def register_canned_answers() -> CannedAnswerViewSet:
    """Return the pages of the canned answers."""
    return CannedAnswerViewSet("canned_answer", url_prefix="canned-answers")


@hooks.register("register_admin_viewset")
def register_team_keys() -> TeamKeyViewSet:
    """Return the pages of the keys of teams."""
    return TeamKeyViewSet("team_key", url_prefix="team-keys")


@hooks.register("register_reports_menu_item")
def register_report() -> ReportMenuItem:
    """Return the way to the report."""
    return ReportMenuItem()


@hooks.register("reason_to_keep_pages")
def open_messages(pages: PageQuerySet) -> str:
    """Return a sentence with the number of messages to these pages that wait for somebody, or ""."""
    number = Message.objects.open().filter(topic__in=pages).count()
    if not number:
        return ""
    words = ngettext(
        "%d message to it is open: close it first.", "%d messages to it are open: close them first.", number
    )
    return words % number


@hooks.register("before_move_page")
def keep_to_its_team(request: HttpRequest, page: Page, destination: Page) -> HttpResponse | None:
    """Return the way back where this move gives messages to another team, and that is not hers to say."""
    return refused(request, [page], destination)


@hooks.register("before_bulk_action")
def keep_all_to_their_team(request: HttpRequest, kind: str, objects: Any, action: Any) -> HttpResponse | None:
    """The same for several pages at once."""
    if kind != "move" or not issubclass(action.model, Page):
        return None
    return refused(request, objects, action.cleaned_form.cleaned_data["chooser"])


class AssignedFormatter(LogFormatter):
    """Tells to whom a message was assigned."""

    label = _("Assign")

    def format_message(self, log_entry: Any) -> str:
        """Return it."""
        return gettext("Message assigned to %s") % log_entry.data.get("to", "")


@hooks.register("register_log_actions")
def register_log_actions(actions: LogActionRegistry) -> None:
    """Name what is logged about messages."""
    actions.register_action("contact.read", _("Read"), _("Message read"))
    actions.register_action("contact.export", _("Export"), _("Message exported"))
    actions.register_action("contact.close", _("Close"), _("Message closed"))
    actions.register_action("contact.reopen", _("Open again"), _("Message opened again"))
    actions.register_action("contact.quarantine", _("Hold back"), _("Message held back as spam"))
    actions.register_action("contact.restore", _("Restore"), _("Message restored from spam"))
    actions.register_action("contact.erase", _("Delete for good"), _("Message deleted on request"))
    actions.register_action("contact.forget", _("Delete"), _("Message deleted as its time was over"))
    for action, label, message in (
        ("take", _("Take"), _("Message taken")),
        ("unassign", _("Give back"), _("Message given back")),
        ("note", _("Note"), _("Note on message written")),
        ("answer", _("Answer"), _("Message answered")),
        ("reply", _("Reply"), _("Reader replied to message by mail")),
        ("move", _("Move"), _("Message moved to another topic")),
        ("merge", _("Merge"), _("Message closed as a double")),
        ("separate", _("No double"), _("Message separated from another")),
        ("undo", _("Undo"), _("Last act on message undone")),
    ):
        actions.register_action(f"contact.{action}", label, message)
    actions.register_action("contact.assign")(AssignedFormatter)
