"""Messages of readers, and what follows on them. All words of readers lie sealed in their rows."""

from contact.models.canned import CannedAnswer
from contact.models.figures import Hour
from contact.models.keys import TeamKey
from contact.models.messages import Message
from contact.models.numbers import DayCount
from contact.models.turns import Turn

__all__ = ["CannedAnswer", "DayCount", "Hour", "Message", "TeamKey", "Turn"]
