"""The addresses of the door, under ``/admin/second-factor/``: where a factor is asked for and set up.

They are not among Wagtail's, which let nobody in who owes a factor.
"""

from django.urls import include, path
from django.views.decorators.cache import never_cache
from django.views.i18n import JavaScriptCatalog
from wagtail.utils.urlpatterns import decorate_urlpatterns

from harmhub.users import passkeys, views

# Names that the scripts of django-otp-webauthn look for.
passkey_urls = [
    path("register/begin/", passkeys.BeginRegistrationView.as_view(), name="credential-registration-begin"),
    path("register/", passkeys.CompleteRegistrationView.as_view(), name="credential-registration-complete"),
    path("use/begin/", passkeys.BeginUseView.as_view(), name="credential-authentication-begin"),
    path("use/", passkeys.CompleteUseView.as_view(), name="credential-authentication-complete"),
    path(
        "words/",
        JavaScriptCatalog.as_view(packages=["django_otp_webauthn"]),
        name="js-i18n-catalog",
    ),
]

door = [
    path("", views.GiveView.as_view(), name="give"),
    path("token/", views.TokenView.as_view(), name="token"),
    path("set-up/", views.SetUpView.as_view(), name="set_up"),
    path("app/", views.AppView.as_view(), name="app"),
    path("passkey/", views.PasskeyView.as_view(), name="passkey"),
    path("codes/", views.CodesView.as_view(), name="codes"),
    path("remove/app/", views.RemoveAppView.as_view(), name="remove_app"),
    path("remove/passkey/<int:pk>/", views.RemovePasskeyView.as_view(), name="remove_passkey"),
    path("rename/passkey/<int:pk>/", views.RenamePasskeyView.as_view(), name="rename_passkey"),
]

urlpatterns = decorate_urlpatterns(
    [
        path("passkeys/", include((passkey_urls, "otp_webauthn"))),
        path("", include((door, "second_factor"))),
    ],
    never_cache,
)
