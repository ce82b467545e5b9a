"""What the content app adds to the admin: the works by kind, and what a moderator said where it is needed."""

from django.http import HttpRequest
from django.utils.translation import gettext as _
from wagtail import hooks
from wagtail.admin import messages
from wagtail.models import Page, WorkflowState

from content.desk import WorkGroup


@hooks.register("register_admin_viewset")
def register_work() -> WorkGroup:
    """Return the listings of the three kinds."""
    return WorkGroup()


@hooks.register("before_edit_page")
def show_what_is_to_be_mended(request: HttpRequest, page: Page) -> None:
    """Show the comment with which a moderator sent the page back, which Wagtail keeps two clicks away."""
    state = page.current_workflow_state
    if request.method != "GET" or state is None or state.status != WorkflowState.STATUS_NEEDS_CHANGES:
        return
    comment = state.current_task_state.get_comment()
    if comment:
        who = state.current_task_state.finished_by
        messages.warning(
            request,
            _("%(name)s asks for changes: %(comment)s") % {"name": who or _("Somebody"), "comment": comment},
        )
