"""Filters of the mail templates: ``{% load mail %}``."""

from django import template

from harmhub.mail import public_url
from harmhub.mail.running_text import html_of, plain_of

register = template.Library()
register.filter("public_url", public_url)
register.filter("mail_html", html_of)
register.filter("mail_plain", plain_of)
