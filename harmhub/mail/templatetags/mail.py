"""Filters of the mail templates: ``{% load mail %}``."""

from django import template
from django.utils.html import format_html

from harmhub.mail import public_url
from harmhub.mail.running_text import html_of, plain_of
from harmhub.templatetags.hub import language_dir

register = template.Library()
register.filter("public_url", public_url)
register.filter("mail_html", html_of)
register.filter("mail_plain", plain_of)


@register.filter
def unless_in(code: str, language: str) -> str:
    """Return the attributes of words in a language that stand in a mail in another one; "" in the same."""
    return "" if code == language else format_html(' lang="{}" dir="{}"', code, language_dir(code))
