"""Panels of the editing forms."""

from collections.abc import Iterator
from typing import Any

from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from wagtail import hooks
from wagtail.admin.panels import Panel


def hooks_of(name: str) -> Iterator[Any]:
    """Yield what the functions registered for a hook of ours return."""
    return (tell() for tell in hooks.get_hooks(name))


class HookPanel(Panel):
    """Shows what other apps have to say of the page that is edited.

    The hook takes functions without arguments that return a function from page and user to HTML.
    """

    def __init__(self, hook: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hook = hook

    def clone_kwargs(self) -> dict[str, Any]:
        """Return what a copy of this panel is made of."""
        return super().clone_kwargs() | {"hook": self.hook}

    class BoundPanel(Panel.BoundPanel):
        """The panel in the form of one page."""

        def is_shown(self) -> bool:
            """Whether there is a page to speak of."""
            return super().is_shown() and bool(self.instance.pk)

        def render_html(self, parent_context: Any = None) -> SafeString:
            """Return what the hooks say."""
            said = ((tell(self.instance, self.request.user),) for tell in hooks_of(self.panel.hook))
            return format_html_join("", "{}", said)
