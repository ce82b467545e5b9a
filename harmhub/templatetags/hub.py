"""Tags and filters of the public templates. They format what they are given; none of them queries."""

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_info

from harmhub import styles as sheets

register = template.Library()


@register.simple_tag
def styles(name: str) -> SafeString:
    """Return the style element of one bundle. Its text is ours, and allowed by the policy through its hash."""
    return mark_safe(f"<style>{sheets.bundle(name)}</style>")  # noqa: S308


@register.simple_tag
def exit_script() -> SafeString:
    """Return the script element that makes “Exit this page” quicker."""
    return mark_safe(f"<script>{sheets.exit_script()}</script>")  # noqa: S308


@register.filter
def autonym(language: str) -> str:
    """Return a language's own name for itself ("ar" → "العربية"), or the code where Django does not know it."""
    try:
        return get_language_info(language)["name_local"]
    except KeyError:
        return language


@register.filter
def language_dir(language: str) -> str:
    """Return "rtl" or "ltr"."""
    try:
        return "rtl" if get_language_info(language)["bidi"] else "ltr"
    except KeyError:
        return "ltr"
