"""The pages within the admin: a user's own sign-in and sessions, and help for who has lost her factors."""

from typing import Any, cast

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView, View
from wagtail.admin import messages
from wagtail.admin.views.account import AccountView as WagtailAccountView
from wagtail.admin.views.account import AvatarSettingsPanel, BaseSettingsPanel
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from harmhub.users import factors, sessions
from harmhub.users.models import RecoveryCodes, Session, User


class SignInView(WagtailAdminTemplateMixin, TemplateView):
    """What this user signs in with, and where she has: her factors and her sessions."""

    template_name = "users/sign_in.html"
    page_title = gettext_lazy("Sign-in and sessions")
    header_icon = "lock"

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Return the way here."""
        account = {"url": reverse("wagtailadmin_account"), "label": _("Account")}
        return [*super().get_breadcrumbs_items(), account, {"url": "", "label": self.page_title}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add factors and sessions."""
        user = cast(User, self.request.user)
        codes = RecoveryCodes.objects.filter(user=user).first()
        return super().get_context_data(**kwargs) | {
            "app": factors.totp(user),
            "passkeys": factors.passkeys(user),
            "codes": codes,
            "codes_left": len(codes.digests) if codes else 0,
            "required": factors.is_required(user),
            "sessions": Session.objects.filter(user=user).going().order_by("-active_at"),
            "this": sessions.kept_as(self.request.session.session_key),
        }


class EndSessionsView(View):
    """Ends the session that the form names, or all of this user's but this one, by POST."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """End them, and lead back."""
        this = sessions.kept_as(request.session.session_key)
        others = Session.objects.filter(user=request.user).exclude(pk=this)
        named = request.POST.get("session", "all")
        ended = [each.pk for each in others if named in ("all", each.mark)]
        others.filter(pk__in=ended).delete()
        messages.success(request, _("Ended."))
        return redirect("sign_in")


class RemoveFactorsView(WagtailAdminTemplateMixin, TemplateView):
    """Takes all factors of another user away, who has lost them. By POST, of a superuser, freshly proved."""

    template_name = "users/remove_factors.html"
    page_title = gettext_lazy("Remove second factors")
    header_icon = "lock-open"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer. PermissionDenied: for superusers only, and not for their own: the last one would go."""
        if not request.user.is_superuser or kwargs["pk"] == request.user.pk:
            raise PermissionDenied
        if not factors.is_fresh(request):
            return redirect(reverse("second_factor:give", query={"next": request.get_full_path()}))
        return super().dispatch(request, *args, **kwargs)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Return the way here."""
        users = {"url": reverse("wagtailusers_users:index"), "label": _("Users")}
        return [*super().get_breadcrumbs_items(), users, {"url": "", "label": self.page_title}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whose."""
        return super().get_context_data(**kwargs) | {"whose": get_object_or_404(User, pk=self.kwargs["pk"])}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take them away, and lead to the users."""
        user = get_object_or_404(User, pk=pk)
        if factors.remove_all(user, by=cast(User, request.user)):
            messages.success(request, _("Removed. All sessions of this user have ended."))
        else:
            messages.warning(request, _("This user has no second factor."))
        return redirect("wagtailusers_users:index")


class NothingToFill(forms.Form):
    """Stands for the form that each panel of the account has."""

    def __init__(self, *args: Any, instance: Any = None, **options: Any):
        super().__init__(*args, **options)

    def save(self) -> None:
        """Save nothing."""


class SignInPanel(BaseSettingsPanel):
    """Leads from the account to sign-in and sessions."""

    name = "sign_in"
    title = SignInView.page_title
    order = 600
    form_class = NothingToFill
    template_name = "users/panel.html"


class AccountView(WagtailAccountView):
    """The account of Wagtail without a profile picture: uploaded files are private, so it would be shown
    nowhere, and nobody would take the place, the device and the owner's name off it."""

    def get_panels(self) -> list[BaseSettingsPanel]:
        """Return the panels, which are also what a POST fills in."""
        return [panel for panel in super().get_panels() if not isinstance(panel, AvatarSettingsPanel)]
