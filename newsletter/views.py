"""Signing up, confirming, leaving. No GET changes anything: mail scanners open every link.

An answer is rendered before its transaction is committed, so what cannot be answered is not stored.
"""

from functools import partial

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from harmhub import errors, limits
from harmhub.origin import any_origin
from harmhub.public_forms import PublicForm, too_many, unavailable, unstored
from newsletter import subscribing
from newsletter.forms import SignUpForm
from newsletter.models import Token

PER_CLIENT, IN_ALL = 10, 2_000  # sign-ups an hour
FRAME = {"sensitive_topic": True}  # these pages serve readers of sensitive topics too


@unstored
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Show the form (GET), or take a sign-up (POST).

    The answer to a sign-up is the same for every address, known or not, and for a repeated one. Others:
    422 what is wrong; 429 too many; 503 while the database is away; all three keep what was typed.
    """
    try:
        return _take(request) if request.method == "POST" else _form_page(request, SignUpForm.opened_now())
    except errors.UNREACHABLE:
        if request.method != "POST":
            raise
        return unavailable(request, SignUpForm(request.POST), "newsletter/unavailable.html")


def _take(request: HttpRequest) -> HttpResponse:
    form = SignUpForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    if not limits.allow("newsletter", request, per_client=PER_CLIENT, in_all=IN_ALL):
        return too_many(form, partial(_form_page, request))
    with limits.once("newsletter", request, form.fingerprint) as first, transaction.atomic():
        if first:
            form.save()
        return render(request, "newsletter/check_mail.html", FRAME)


def _form_page(request: HttpRequest, form: PublicForm, status: int = 200) -> HttpResponse:
    return render(request, "newsletter/sign_up.html", FRAME | {"form": form}, status=status)


@unstored
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Show the button that confirms (GET), or confirm (POST). 404: unknown, expired or used."""
    secret = request.GET.get("t", "")
    if request.method == "POST":
        with transaction.atomic():
            subscription = subscribing.confirm(secret)
            if subscription:
                return render(request, "newsletter/confirmed.html", FRAME | {"subscription": subscription})
    else:
        token = (
            Token.objects.opened_by(Token.Purpose.CONFIRM, secret)
            .select_related("subscription__list", "consent")
            .first()
        )
        if token and token.confirms:
            return render(request, "newsletter/confirm.html", FRAME | {"token": token})
    return render(request, "newsletter/dead_link.html", FRAME, status=404)


@unstored
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """Show the button that leaves (GET), or leave (POST): again and again, also when the address is gone."""
    secret = request.GET.get("t", "")
    chosen = request.GET.get("list", "")
    if request.method == "POST":
        with transaction.atomic():
            subscribing.leave(secret, chosen)
            return render(request, "newsletter/left.html", FRAME)
    lists = [each.list_name for each in subscribing.left_by(secret, chosen).named().order_by("list__title")]
    return render(request, "newsletter/leave.html", FRAME | {"lists": lists})


@any_origin
@unstored
@require_POST
def one_click(request: HttpRequest) -> HttpResponse:
    """Leave by a mail program's button (RFC 8058): no page, no cookie, no redirect, 200 again and again."""
    subscribing.leave(request.GET.get("t", ""))
    return HttpResponse("You have left the list.\n", content_type="text/plain")
