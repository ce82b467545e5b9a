"""How our own templates are read: without the indentation of their lines, which no reader needs."""

import re

from django.template import Origin
from django.template.loaders import filesystem

INDENTATION = re.compile(r"(?<=\n)[ \t]+")


class Loader(filesystem.Loader):
    """Django's loader of the project's templates. Of a topic page it saves every reader 270 bytes, zipped."""

    def get_contents(self, origin: Origin) -> str:
        """Return a template's source; lines keep their numbers. TemplateDoesNotExist: there is none."""
        source = super().get_contents(origin)
        return INDENTATION.sub("", source) if str(origin.name).endswith(".html") else source
