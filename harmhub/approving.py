"""What follows on the approval of a draft. Wagtail's models read this module: it imports none of Wagtail."""

from typing import Any


def publish_approved(workflow_state: Any, user: Any = None) -> None:
    """Publish what a workflow approved. Where a task says that its approval is enough (``publishes``), who
    gave it need not be one who may publish alone; else as Wagtail does, which asks for that permission."""
    given = workflow_state.task_states.filter(status="approved", finished_by=user).select_related("task")
    is_enough = any(getattr(each.task.specific, "publishes", False) for each in given)
    revision = workflow_state.content_object.get_latest_revision()
    revision.publish(user=user, skip_permission_checks=is_enough)
