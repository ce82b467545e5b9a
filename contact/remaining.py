"""What becomes of messages when what they belong to is deleted."""

from typing import Any

from contact.models import Message
from contact.models.teams import team_of
from topics.models import TopicPage


def keep_team(instance: TopicPage, **event: Any) -> None:
    """Have the messages of a topic stay with its team."""
    messages = Message.objects.filter(topic=instance.pk)
    if messages.exists():
        messages.update(last_team=team_of(instance))


def let_doubles_go(instance: Message, **event: Any) -> None:
    """Have somebody answer those who were to get the answers to a message that is gone."""
    instance.let_doubles_go()
