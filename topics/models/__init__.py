"""Topics, programs and people, one module each."""

from topics.models.people import PersonIndexPage, PersonPage
from topics.models.programs import ProgramIndexPage, ProgramPage
from topics.models.topics import TopicIndexPage, TopicPage, TopicPerson

__all__ = [
    "PersonIndexPage",
    "PersonPage",
    "ProgramIndexPage",
    "ProgramPage",
    "TopicIndexPage",
    "TopicPage",
    "TopicPerson",
]
