"""What the users app adds to the admin."""

from collections.abc import Iterator
from typing import Any

from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail import hooks
from wagtail.admin.staticfiles import versioned_static
from wagtail.admin.widgets.button import Button
from wagtail.log_actions import LogActionRegistry

from harmhub.users import desk, factors
from harmhub.users.models import Session


@hooks.register("register_admin_urls")
def register_urls() -> list[URLPattern]:
    """Return the addresses of the pages within the admin."""
    return [
        path("account/sign-in/", desk.SignInView.as_view(), name="sign_in"),
        path("account/sign-in/end/", desk.EndSessionsView.as_view(), name="end_sessions"),
        path("users/factors/<int:pk>/", desk.RemoveFactorsView.as_view(), name="remove_factors"),
    ]


@hooks.register("insert_editor_js")
def save_after_signing_in_again() -> str:
    """Return the script by which a form outlives its session."""
    return format_html('<script src="{}" defer></script>', static("js/admin/session.js"))


@hooks.register("register_account_settings_panel")
def register_panel(request: Any, user: Any, profile: Any) -> desk.SignInPanel:
    """Return the panel of the account page."""
    return desk.SignInPanel(request, user, profile)


@hooks.register("get_avatar_url")
def same_picture_for_all(user: Any, size: int) -> str:
    """Return Wagtail's picture of nobody: one of her own, from before an upgrade, is served nowhere."""
    return versioned_static("wagtailadmin/images/default-user-avatar.png")


@hooks.register("register_user_listing_buttons")
def register_button(user: Any, request_user: Any) -> Iterator[Button]:
    """Yield the way to help somebody who has lost her factors."""
    if request_user.is_superuser and user != request_user:
        address = reverse("remove_factors", args=[user.pk])
        yield Button(_("Remove second factors"), url=address, icon_name="lock-open", priority=40)


@hooks.register("after_bulk_action")
def end_sessions_of_the_inactive(request: Any, action_type: str, objects: Any, action: Any) -> None:
    """End the sessions of users who were made inactive together: Wagtail does not save each."""
    if action_type == "set_active_state":
        Session.objects.filter(user__in=[user.pk for user in objects], user__is_active=False).delete()


@hooks.register("register_log_actions")
def register_log_actions(actions: LogActionRegistry) -> None:
    """Name what is logged about sign-in."""
    for action, words in factors.CHANGES.items():
        actions.register_action(action, gettext_lazy("Sign-in"), gettext_lazy(words))
