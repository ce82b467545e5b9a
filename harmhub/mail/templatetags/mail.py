"""Filters of the mail templates: ``{% load mail %}``."""

from django import template

from harmhub.mail import public_url

register = template.Library()
register.filter("public_url", public_url)
