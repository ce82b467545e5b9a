"""What the content app adds to the admin: the works by kind, and what a moderator said where it is needed."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from wagtail import hooks
from wagtail.admin import messages
from wagtail.admin.utils import get_user_display_name
from wagtail.admin.views.pages.bulk_actions.publish import PublishBulkAction
from wagtail.models import WorkflowMixin, WorkflowState
from wagtail.query import PageQuerySet

from content.desk import WorkGroup
from content.models import ContentItem
from harmhub.models import CustomDocument
from harmhub.pages import all_pages, pages_that_use
from harmhub.publishing import faults_of

NAMED = 3  # of many, in a message


@hooks.register("register_admin_viewset")
def register_work() -> WorkGroup:
    """Return the listings of the three kinds."""
    return WorkGroup()


@hooks.register("insert_global_admin_css")
def fit_to_phones() -> SafeString:
    """Return the links to the sheets for lists, whose titles Wagtail squeezes to a letter or two, and for
    forms, whose choices it lets grow out of sight."""
    sheets = ((static(f"css/admin/{name}.css"),) for name in ("listing", "forms"))
    return format_html_join("", '<link rel="stylesheet" href="{}">', sheets)


@hooks.register("before_edit_page")
@hooks.register("before_edit_snippet")
def show_what_is_to_be_mended(request: HttpRequest, draft: Any) -> None:
    """Show the comment with which a moderator sent a page back, or what else has a workflow: Wagtail keeps it
    two clicks away."""
    state = draft.current_workflow_state if isinstance(draft, WorkflowMixin) else None
    if request.method != "GET" or state is None or state.status != WorkflowState.STATUS_NEEDS_CHANGES:
        return
    comment = state.current_task_state.get_comment()
    if comment:
        who = state.current_task_state.finished_by
        name = get_user_display_name(who) if who else _("Somebody")
        messages.warning(
            request, _("%(name)s asks for changes: %(comment)s") % {"name": name, "comment": comment}
        )


@hooks.register("before_bulk_action")
def refuse_what_is_half_filled(
    request: HttpRequest, action: str, pages: list, view: PublishBulkAction
) -> HttpResponse | None:
    """Publish no selected page while one of them is half filled in: Wagtail would publish some, then fail."""
    if action != "publish" or request.method != "POST":
        return None
    selected = [page.get_latest_revision_as_object() for page in pages]
    if request.POST.get("include_descendants"):
        selected += [
            draft.get_latest_revision_as_object()
            for page in pages
            for draft in page.get_descendants().not_live().specific()
        ]
    faulty = [page.title for page in selected if faults_of(page)]
    if not faulty:
        return None
    messages.error(
        request,
        _("Nothing was published. These pages lack something, which their own forms show: %s")
        % ", ".join(faulty),
    )
    return redirect(view.next_url)


@hooks.register("reason_to_keep_pages")
def works_about_them(pages: PageQuerySet) -> str:
    """Return a sentence with the works, public or not, whose topic is among these pages and that do not go
    with them, or "". Without it they would lose the sign-up bar, the contact box and perhaps the fast way
    out, and could not be published again."""
    works = ContentItem.objects.filter(primary_topic__in=pages, alias_of__isnull=True).exclude(pk__in=pages)
    number = works.count()
    if not number:
        return ""
    named = [f"“{work.draft_title or work.title}”" for work in works.order_by("-published_on", "-pk")[:NAMED]]
    words = ngettext(
        "%(number)d work is about it: give it another topic first (%(titles)s).",
        "%(number)d works are about it: give them another topic first (%(titles)s).",
        number,
    )
    return words % {"number": number, "titles": ", ".join([*named, "…"] if number > NAMED else named)}


@hooks.register("before_serve_document")
def withhold_files_of_unpublished_work(document: CustomDocument, request: HttpRequest) -> None:
    """Give a file to everybody once a public page leads to it, or what another app says that has gone out
    (hook ``document_has_gone_out``); before that, to editors only.

    Wagtail asks for the collection alone, and addresses of documents can be guessed. Http404: not yet.
    """
    if request.user.has_perm("wagtailadmin.access_admin"):
        return
    if all_pages().public().filter(pk__in=pages_that_use(document)).exists():
        return
    if not any(has_gone_out(document) for has_gone_out in hooks.get_hooks("document_has_gone_out")):
        raise Http404
