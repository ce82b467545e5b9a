"""Approval by a second person: a task of Wagtail's workflows, and who counts as the first."""

import re
from contextlib import suppress
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.models import AbstractGroupApprovalTask, Revision, TaskState

# By which the editor of texts knows a paragraph; it gives one to those that come without.
BLOCK_KEY = re.compile(r' data-block-key="[a-z0-9]{1,5}"')
OF_ROWS = ("pk", "sort_order")  # how a row is kept, and not what it says


def writer_of(obj: Any) -> int | None:
    """Return the number of the user who wrote the newest version of something; None: nobody known.

    That is not always who saved it: the form saves also where nothing was changed, and does so first of all
    when its button of approval is pressed.
    """
    revision = obj.latest_revision
    if revision is None:
        return None
    with suppress(Revision.DoesNotExist):
        while _said(obj, before := revision.get_previous()) == _said(obj, revision):
            revision = before
    return revision.user_id


def _said(obj: Any, revision: Revision) -> dict[str, Any]:
    """What somebody has written into a version: all but what is noted of it."""
    noted = {field.name for field in obj._meta.fields if not field.editable}
    return {name: _plain(value) for name, value in revision.content.items() if name not in noted}


def _plain(value: Any) -> Any:
    """Return a value without the keys of its paragraphs and rows, these in their order."""
    if isinstance(value, str):
        return BLOCK_KEY.sub("", value)
    if not isinstance(value, list):
        return value
    if not all(isinstance(each, dict) for each in value):
        return sorted(value)
    rows = sorted(value, key=lambda row: row.get("sort_order") or 0)
    return [{name: row[name] for name in row if name not in OF_ROWS} for row in rows]


class SecondPersonTask(AbstractGroupApprovalTask):
    """Approval by somebody of a group who has not written it."""

    class Meta:
        verbose_name = gettext_lazy("approval by a second person")
        verbose_name_plural = gettext_lazy("approvals by a second person")

    # By approving; see harmhub.approving.
    publishes = True

    def get_actions(self, obj: Any, user: Any) -> list[tuple[str, str, bool]]:
        """Return what this user may do: who wrote it or asked for its approval does not approve."""
        actions = super().get_actions(obj, user)
        return [each for each in actions if each[0] != "approve"] if self.is_hers(obj, user) else actions

    def is_hers(self, obj: Any, user: Any) -> bool:
        """Return whether a user wrote the newest version, or asked for its approval."""
        state = obj.current_workflow_state
        return user.pk in (state and state.requested_by_id, writer_of(obj))

    def on_action(self, task_state: TaskState, user: Any, action_name: str, **kwargs: Any) -> None:
        """Do it. PermissionDenied: this user may not; she may just have written what she approves."""
        fresh = type(task_state.workflow_state.content_object).objects.get(
            pk=task_state.workflow_state.object_id
        )
        if action_name == "approve" and action_name not in {
            name for name, *_ in self.get_actions(fresh, user)
        }:
            raise PermissionDenied
        super().on_action(task_state, user, action_name, **kwargs)

    @classmethod
    def get_description(cls) -> str:
        """Return what is said where a workflow is put together."""
        return _("Somebody of the chosen groups approves who has not written it")
