"""What Wagtail's report of the whole site shows of messages and canned answers: what was done with those that
one may see."""

from functools import wraps
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast
from wagtail.models.audit_log import BaseLogEntryManager, ModelLogEntryManager

from contact.canned_answers import seen_by
from contact.models import Message


def keep_to_teams() -> None:
    """Have the report leave out what is another team's, and what is gone. Wagtail knows only whole models,
    and has no hook for this."""
    by_model = BaseLogEntryManager.viewable_by_user

    @wraps(by_model)
    def viewable_by_user(self: Any, user: Any) -> QuerySet:
        found = by_model(self, user)
        if user.is_superuser:
            return found
        for seen in (Message.objects.seen_by(user), seen_by(user)):
            model = ContentType.objects.get_for_model(seen.model)
            numbers = seen.order_by().values_list(Cast("pk", CharField()))
            found = found.filter(~Q(content_type=model) | Q(object_id__in=numbers))
        return found

    ModelLogEntryManager.viewable_by_user = viewable_by_user
