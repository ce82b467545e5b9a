"""Signing up, confirming, leaving, and what subscribers do with a fresh link.

No GET changes anything: mail scanners open every link.
An answer is rendered before its transaction is committed, so what cannot be answered is not stored.
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from harmhub import errors, limits
from harmhub.origin import any_origin
from harmhub.public_forms import PublicForm, too_many, unavailable, unstored
from harmhub.waking import wake_after_commit
from newsletter import managing, subscribing
from newsletter.forms import AddressForm, AskForLinkForm, ManageForm, SignUpForm
from newsletter.models import Subscriber, Token
from newsletter.tasks import sign_ups
from topics.hub import Hub

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
        return _take(request) if request.method == "POST" else _form_page(request, _opened_form(request))
    except errors.UNREACHABLE:
        if request.method != "POST":
            raise
        return unavailable(request, SignUpForm(request.POST), "newsletter/unavailable.html")


def _take(request: HttpRequest) -> HttpResponse:
    form = SignUpForm(request.POST, request=request)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    if not limits.allow("newsletter", request, per_client=PER_CLIENT, in_all=IN_ALL):
        return too_many(form, partial(_form_page, request))
    with limits.once("newsletter", request, form.fingerprint) as first, transaction.atomic():
        if first:
            form.save()
        return render(request, "newsletter/check_mail.html", FRAME)


def _opened_form(request: HttpRequest) -> PublicForm:
    asked = {"of": request.GET.get("of", "")[:1_000], "topic": request.GET.getlist("topic")}
    return SignUpForm.opened_now(asked, request=request)


def _form_page(request: HttpRequest, form: PublicForm, status: int = 200) -> HttpResponse:
    return render(request, "newsletter/sign_up.html", FRAME | {"form": form}, status=status)


@unstored
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Show the button that confirms (GET), or confirm (POST). 404: unknown, expired or used."""
    secret = request.GET.get("t", "")
    if request.method == "POST":
        with transaction.atomic():
            if confirmed := subscribing.confirm(secret):
                lists = subscribing.names_of(confirmed)
                return render(request, "newsletter/confirmed.html", FRAME | {"lists": lists})
    elif token := Token.objects.opened_by(secret, Token.Purpose.CONFIRM).good().first():
        lists = subscribing.names_of(token.subscriptions.named())
        asked = token.consents.first() or token.subscriptions.first()  # one pace for all of them
        pace = asked.get_pace_display() if asked else ""
        return render(request, "newsletter/confirm.html", FRAME | {"lists": lists, "pace": pace})
    return _dead_link(request)


def _dead_link(request: HttpRequest) -> HttpResponse:
    return render(request, "newsletter/dead_link.html", FRAME, status=404)


@unstored
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """Show the button that leaves (GET), or leave (POST): again and again, also when the address is gone."""
    secret = request.GET.get("t", "")
    chosen = request.GET.get("section", "")
    if request.method == "POST":
        with transaction.atomic():
            subscribing.leave(secret, chosen)
            return render(request, "newsletter/left.html", FRAME)
    lists = subscribing.names_of(subscribing.left_by(secret, chosen).named())
    return render(request, "newsletter/leave.html", FRAME | {"lists": lists})


@any_origin
@unstored
@require_POST
def one_click(request: HttpRequest) -> HttpResponse:
    """Leave by a mail program's button (RFC 8058): no page, no cookie, no redirect, 200 again and again."""
    subscribing.leave(request.GET.get("t", ""))
    return HttpResponse("You have left the list.\n", content_type="text/plain")


# --- what subscribers do with a fresh link


@unstored
@require_http_methods(["GET", "HEAD", "POST"])
def ask_for_link(request: HttpRequest) -> HttpResponse:
    """Show the form that asks for a fresh link (GET), or take it (POST): for the address that is typed, or
    for that of the mail whose secret is in the query.

    The answer is the same for every address. Others: 422, 429 and 503 as for a sign-up.
    """
    secret = request.GET.get("t", "")
    try:
        if request.method != "POST":
            return _ask_page(request, AskForLinkForm.opened_now())
        if secret and "email" not in request.POST:
            managing.send_link_for(secret)
            return render(request, "newsletter/link_sent.html", FRAME)
        return _take_request(request)
    except errors.UNREACHABLE:
        if request.method != "POST":
            raise
        return unavailable(request, AskForLinkForm(request.POST), "newsletter/link_unavailable.html")


def _take_request(request: HttpRequest) -> HttpResponse:
    form = AskForLinkForm(request.POST)
    if not form.is_valid():
        return _ask_page(request, form, status=422)
    if not limits.allow(form.name, request, per_client=PER_CLIENT, in_all=IN_ALL):
        return too_many(form, partial(_ask_page, request))
    with limits.once(form.name, request, form.fingerprint) as first, transaction.atomic():
        if first:
            form.save()
        return render(request, "newsletter/link_sent.html", FRAME)


def _ask_page(request: HttpRequest, form: PublicForm, status: int = 200) -> HttpResponse:
    knows = bool(request.GET.get("t")) and not form.errors
    return render(
        request, "newsletter/ask_for_link.html", FRAME | {"form": form, "knows": knows}, status=status
    )


def managed(page: Callable[[HttpRequest, Subscriber], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer with the page of the subscriber whose fresh link this is, locked for a POST; 404 without one."""

    @unstored
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(page)
    def answer(request: HttpRequest) -> HttpResponse:
        with transaction.atomic():
            subscriber = managing.manager(request.GET.get("t", ""), lock=request.method == "POST")
            if subscriber is None:
                return render(request, "newsletter/old_link.html", FRAME, status=404)
            return page(request, subscriber)

    return answer


def _managing(
    request: HttpRequest,
    template: str,
    subscriber: Subscriber,
    form: Any = None,
    status: int = 200,
    **context,
) -> HttpResponse:
    query = urlencode({"t": request.GET["t"]})
    told = FRAME | {"subscriber": subscriber, "query": query, "form": form} | context
    return render(request, f"newsletter/{template}.html", told, status=status)


@managed
def manage(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """Show what a subscriber gets (GET), or change it (POST). 422: what was chosen cannot be."""
    languages = Hub(request).languages
    saved = False
    form = ManageForm(subscriber, languages, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        form.save()
        form, saved = ManageForm(subscriber, languages), True
    status = 422 if form.errors else 200
    return _managing(request, "manage", subscriber, form=form, saved=saved, status=status)


@managed
def leave_all(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """Ask whether all lists are to be left (GET), or leave them (POST)."""
    if request.method == "POST":
        managing.leave_all(subscriber)
        return render(request, "newsletter/left.html", FRAME)
    return _managing(request, "leave_all", subscriber)


@managed
def erase(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """Ask whether the address is to be erased (GET), or erase it (POST)."""
    if request.method == "POST":
        subscribing.erase(subscriber)
        return render(request, "newsletter/erased.html", FRAME)
    return _managing(request, "erase", subscriber)


@managed
def export(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """Return all that is known of a subscriber as a JSON file."""
    data = managing.data_of(subscriber)
    answer = JsonResponse(data, json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = 'attachment; filename="subscriptions.json"'
    return answer


@managed
def move(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """Show the form for another address (GET), or ask both (POST). The answer is the same for each address.
    422: what is wrong; 429: too many."""
    form = AddressForm(subscriber, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        if not limits.allow(form.name, request, per_client=PER_CLIENT, in_all=IN_ALL):
            return too_many(form, partial(_managing, request, "move", subscriber))
        managing.wish_to_move(subscriber, form.cleaned_data["email"])
        wake_after_commit(sign_ups)
        return _managing(request, "move_asked", subscriber)
    return _managing(request, "move", subscriber, form=form, status=422 if form.errors else 200)


@unstored
@require_http_methods(["GET", "HEAD", "POST"])
def agree(request: HttpRequest) -> HttpResponse:
    """Show the button by which one of two addresses agrees that updates move (GET), or agree (POST). 404: the
    link is unknown or too old."""
    secret = request.GET.get("t", "")
    if request.method == "POST":
        with transaction.atomic():
            moved = managing.agree(secret)
            if moved is not None:
                return render(request, "newsletter/agreed.html", FRAME | {"moved": moved})
    elif token := managing.asks(secret):
        receives = token.purpose == Token.Purpose.RECEIVE
        return render(request, "newsletter/agree.html", FRAME | {"receives": receives})
    return _dead_link(request)
