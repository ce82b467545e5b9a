"""Somebody who may log in to the admin."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):  # type: ignore[django-manager-missing]
    """An editor, a moderator or an operator. Our own model, because it cannot be added later."""
