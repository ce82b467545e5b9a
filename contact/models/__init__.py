"""Messages of readers, and what follows on them. All words of readers lie sealed in their rows."""

from contact.models.messages import Message
from contact.models.turns import Turn

__all__ = ["Message", "Turn"]
