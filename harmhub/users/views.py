"""The pages of the door, which need no script but for passkeys."""

from typing import Any, cast

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.generic import FormView, TemplateView, View
from wagtail.admin import messages

from harmhub import sealing
from harmhub.mail.composing import organisation_name
from harmhub.users import factors, known_browsers, tries
from harmhub.users.forms import AppForm, CodeForm, PasswordForm
from harmhub.users.models import RecoveryCodes, TotpDevice, User


class DoorMixin:
    """What all pages of the door know: who is there, and where she wanted to go."""

    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Lead away whom this page is not for; else answer it."""
        if not request.user.is_authenticated:
            return redirect(self.with_next("wagtailadmin_login"))
        return self.turned_away() or super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    def turned_away(self) -> HttpResponse | None:
        """Return where somebody is led who has to do something else first, or None."""
        return None

    @property
    def user(self) -> User:
        """Who has logged in."""
        return cast(User, self.request.user)

    @cached_property
    def next(self) -> str:
        """Where she wanted to go: an address of this site, or ""."""
        wanted = self.request.POST.get("next") or self.request.GET.get("next", "")
        safe = url_has_allowed_host_and_scheme(
            wanted, {self.request.get_host()}, require_https=self.request.is_secure()
        )
        return wanted if safe else ""

    def with_next(self, name: str) -> str:
        """Return the address of another page that leads on to where she wanted to go."""
        return reverse(name, query={"next": self.next}) if self.next else reverse(name)

    def get_success_url(self) -> str:
        """Return where she wanted to go."""
        return self.next or reverse("wagtailadmin_home")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the pages say."""
        more = {"next": self.next, "organisation": organisation_name()}
        return super().get_context_data(**kwargs) | more  # type: ignore[misc]


class FreshMixin(DoorMixin):
    """A page that changes factors: for somebody who has just proved who she is."""

    def turned_away(self) -> HttpResponse | None:
        """Ask for a proof, and lead back here."""
        owed = factors.has_one(self.user) and not factors.is_verified(self.user)
        if not owed and factors.is_fresh(self.request):
            return None
        back = self.request.get_full_path() if self.request.method == "GET" else reverse("sign_in")
        return redirect(reverse("second_factor:give", query={"next": back}))


class GiveView(DoorMixin, FormView):
    """Asks for a second factor; of who has none, for the password once more. POST: is it right?"""

    template_name = "users/give.html"

    def turned_away(self) -> HttpResponse | None:
        """Lead on who has nothing to give, or to set one up who must have one."""
        if self.has_one or not factors.is_fresh(self.request):
            return None
        required = factors.is_required(self.user)
        return redirect(self.with_next("second_factor:set_up") if required else self.get_success_url())

    @cached_property
    def has_one(self) -> bool:
        """Whether this user has a second factor."""
        return factors.has_one(self.user)

    def get_form_class(self) -> type[CodeForm]:
        """Return the form for what this user can prove herself with."""
        return CodeForm if self.has_one else PasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add the request."""
        return super().get_form_kwargs() | {"request": self.request}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what this user has."""
        more = {
            "has_one": self.has_one,
            "has_passkey": factors.passkeys(self.user).exists(),
            "asks_again": factors.is_verified(self.user),
        }
        return super().get_context_data(**kwargs) | more

    def form_valid(self, form: Any) -> HttpResponse:
        """Lead on to where she wanted to go."""
        factors.proved(self.request, form.device)
        if self.has_one:
            known_browsers.learn(self.request, tries.counted_as("known", self.user.get_username()))
        codes = form.device if isinstance(form.device, RecoveryCodes) else None
        if codes:
            left = len(codes.digests)
            messages.warning(self.request, _("Recovery codes that are left: %(left)d") % {"left": left})
        return super().form_valid(form)


class TokenView(View):
    """Answers the token of forms, for a tab that is older than the session. Never to whoever is half in."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the token as JSON, or 403."""
        if not request.user.is_authenticated or factors.owes(request.user):
            return JsonResponse({}, status=403)
        return JsonResponse({"token": get_token(request)})


class SetUpView(FreshMixin, TemplateView):
    """Offers the two kinds of second factors to somebody who has none."""

    template_name = "users/set_up.html"


class AppView(FreshMixin, FormView):
    """Shows a secret for an app; it counts once a code of it came back. Takes the place of an earlier one."""

    template_name = "users/app.html"
    form_class = AppForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add whose app it is."""
        return super().get_form_kwargs() | {"user": self.user}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the secret: the same one again where the code was wrong."""
        import segno  # a page that few ask for, and no other needs its memory

        context = super().get_context_data(**kwargs)
        form = context["form"]
        device = form.cleaned_data.get("sealed") if form.is_bound else None
        if device is None:
            device = form.device(TotpDevice.new_secret())
            sealed = sealing.seal(f"totp {self.user.pk} {device.secret}").decode()
            form = context["form"] = AppForm(user=self.user, initial={"sealed": sealed})
        address = device.address(organisation_name())
        picture = segno.make(address, error="m", micro=False).svg_inline(
            omitsize=True, light="#fff", border=4
        )
        groups = [device.secret[at : at + 4] for at in range(0, len(device.secret), 4)]
        # Made here, of what segno escapes.
        more = {"secret": " ".join(groups), "address": address, "picture": mark_safe(picture)}  # noqa: S308
        return context | more

    def form_valid(self, form: AppForm) -> HttpResponse:
        """Keep the app, and lead to the recovery codes; there, too, where this was sent twice."""
        device = form.cleaned_data["sealed"]
        known_browsers.learn(self.request, tries.counted_as("known", self.user.get_username()))
        # With the codes: what they end must not be the session of a repeat that waited for the app alone.
        with transaction.atomic():
            factors.lock(self.user)
            kept = factors.totp(self.user)
            if kept and kept.secret == device.secret:
                factors.proved(self.request, kept)
                return redirect(self.with_next("second_factor:codes"))
            TotpDevice.objects.filter(user=self.user).delete()
            device.save()
            factors.proved(self.request, device)
            return after_setting_up(self, "users.totp_added")


def after_setting_up(page: DoorMixin, change: str) -> HttpResponse:
    """Tell of what was set up. Answer the recovery codes to who has none yet; lead on who has."""
    if not RecoveryCodes.objects.filter(user=page.user).exists():
        return show_codes(page, change)
    factors.changed(page.user, change, by=page.user, but=page.request.session.session_key)
    return redirect(page.get_success_url())


def show_codes(page: DoorMixin, *set_up: str) -> HttpResponse:
    """Make recovery codes, tell of them and of what was set up, and answer the one page that shows them."""
    with transaction.atomic():
        are_first = not RecoveryCodes.objects.filter(user=page.user).exists()
        codes = RecoveryCodes.renew(page.user)
        made = "users.codes_made" if are_first else "users.codes_renewed"
        key = page.request.session.session_key
        factors.changed(page.user, *set_up, made, by=page.user, but=key)
    told = {"codes": codes, "next": page.get_success_url(), "organisation": organisation_name()}
    return render(page.request, "users/codes.html", told)


class PasskeyView(FreshMixin, TemplateView):
    """The page on which the browser is asked for a passkey."""

    template_name = "users/passkey.html"


class CodesView(FreshMixin, TemplateView):
    """Asks whether new recovery codes shall be made. POST: makes and shows them, unless others were made
    since it asked: of two pages that show codes one would show void ones."""

    template_name = "users/new_codes.html"

    def turned_away(self) -> HttpResponse | None:
        """Lead away who has nothing that codes could stand in for."""
        if not factors.has_one(self.user):
            return redirect(self.with_next("second_factor:set_up"))
        return super().turned_away()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add which she has: when they were made, or ""."""
        codes = RecoveryCodes.objects.filter(user=self.user).first()
        return super().get_context_data(**kwargs) | {"made": codes.made_at.isoformat() if codes else ""}

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make them, and answer them. 409: the form knew of others than there are; ask anew."""
        with transaction.atomic():
            factors.lock(self.user)
            context = self.get_context_data()
            if request.POST.get("made", "") == context["made"]:
                return show_codes(self)
        return self.render_to_response(context | {"made_since": True}, status=409)


class RemoveView(FreshMixin, TemplateView):
    """Takes a factor away by POST. A GET asks first."""

    template_name = "users/remove.html"
    change = ""

    def factor(self) -> Any:
        """Return what is to go. Http404: it is not this user's, or gone."""
        raise NotImplementedError

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what is to go."""
        return super().get_context_data(**kwargs) | {"factor": self.factor()}

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Take it away, unless it is the last, and required."""
        gone = factors.remove(self.user, self.factor(), self.change, but=request.session.session_key)
        if gone:
            messages.success(request, _(factors.CHANGES[self.change]))
        else:
            messages.error(request, factors.NO_LONGER)
        return redirect("sign_in")


class RemoveAppView(RemoveView):
    """Takes the authenticator app away."""

    change = "users.totp_removed"

    def factor(self) -> TotpDevice:
        """Return the app."""
        return get_object_or_404(TotpDevice, user=self.user)


class RemovePasskeyView(RemoveView):
    """Takes a passkey away."""

    change = "users.passkey_removed"

    def factor(self) -> Any:
        """Return the passkey."""
        return get_object_or_404(factors.passkeys(self.user), pk=self.kwargs["pk"])


class RenamePasskeyView(FreshMixin, View):
    """Gives a passkey another name, by POST."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Rename it, if there is a name."""
        passkey = get_object_or_404(factors.passkeys(self.user), pk=pk)
        passkey.name = request.POST.get("name", "").strip()[:64] or passkey.name
        passkey.save(update_fields=["name"])
        return redirect("sign_in")
