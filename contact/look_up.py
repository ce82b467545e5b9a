"""The look-up: by reference and key, a reader sees what became of her message, without any address.

Everything is a POST that is answered directly: reference and key ride in the form, never in an address, a log
or a redirect. An unknown reference, a wrong key and a message that is gone get one and the same answer, and
cost the same. What opens nothing is counted, so that guessing ends soon.
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from contact.forms import ContactForm, DeleteForm, OpenForm, WriteForm
from contact.models import Message
from contact.reading import erase, state_of, turns_of, write_again
from contact.views import IN_ALL, PER_CLIENT
from harmhub import errors, limits
from harmhub.public_forms import PublicForm, too_many, unavailable, unstored

# Tries an hour that opened nothing. For all together there are many: nobody is to lock all readers out, and
# of 2^97 keys they are none.
TRIES_PER_CLIENT, TRIES_IN_ALL = 20, 20_000
FRAME = {"sensitive_topic": True}  # these pages serve readers of sensitive topics, too
NOTHING_OPENS = _("No message opens with this reference and this key. Check both, letter by letter.")

Act = Callable[[HttpRequest, Any], HttpResponse]


def by_key(form_class: type[OpenForm]) -> Callable[[Act], Callable[[HttpRequest], HttpResponse]]:
    """Show the form that asks for reference and key (GET), or hand the form to what is to be done (POST).

    422: what is wrong, or nothing opens; 429: too many tries; 503: the database is away. All keep what was
    typed.
    """

    def decorate(act: Act) -> Callable[[HttpRequest], HttpResponse]:
        @unstored
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(act)
        def answer(request: HttpRequest) -> HttpResponse:
            if request.method != "POST":
                return _ask(request, OpenForm())
            form = form_class(request.POST)
            try:
                return _counted(request, form, act)
            except errors.UNREACHABLE:
                return unavailable(request, form_class(request.POST), "contact/look_up_unavailable.html")

        return answer

    return decorate


def _counted(request: HttpRequest, form: OpenForm, act: Act) -> HttpResponse:
    if not form.names_one:
        return _ask(request, form, status=422)
    allowed = limits.allow(form.name, request, per_client=TRIES_PER_CLIENT, in_all=TRIES_IN_ALL)
    if not allowed:
        return too_many(form, partial(_ask, request))
    try:
        return act(request, form)
    except errors.UNREACHABLE:  # which says nothing of the key
        limits.give_back(form.name, request)
        raise
    except Message.DoesNotExist:
        form.add_error("reference", NOTHING_OPENS)
        return _ask(request, form, status=422)


def _opened(request: HttpRequest, form: OpenForm) -> Message:
    """Return the message that reference and key open. Message.DoesNotExist: none."""
    message = Message.objects.opened_by(*form.pair).get()
    limits.give_back(form.name, request)
    return message


@by_key(OpenForm)
def look_up(request: HttpRequest, form: OpenForm) -> HttpResponse:
    """Show a message to its reader: its state, the answers, her own words."""
    return _page(request, _opened(request, form), form)


@by_key(WriteForm)
def write(request: HttpRequest, form: WriteForm) -> HttpResponse:
    """Take further words; the same ones twice within ten minutes are taken once."""
    message = _opened(request, form)
    if not form.is_valid():
        return _page(request, message, form, status=422)
    if not limits.allow(ContactForm.name, request, per_client=PER_CLIENT, in_all=IN_ALL):
        form.too_many = ContactForm.too_many
        return too_many(form, partial(_page, request, message))
    # That she has the key tells her from others, also where clients cannot be told apart.
    with limits.once(ContactForm.name, request, form.fingerprint, "key") as first, transaction.atomic():
        if first:
            write_again(message, form.cleaned_data["message"])
            message.refresh_from_db()
        return _page(request, message, OpenForm(request.POST), said="taken" if first else "known")


@by_key(DeleteForm)
def delete(request: HttpRequest, form: DeleteForm) -> HttpResponse:
    """Ask whether a message is to be deleted; when its reader is sure, delete it.

    That answers the same again and again, whether there was anything to delete or not.
    """
    if not form.cleaned_data.get("sure"):
        return render(
            request, "contact/delete.html", FRAME | {"form": form, "message": _opened(request, form)}
        )
    with transaction.atomic():
        for message in Message.objects.opened_by(*form.pair).select_for_update(of=("self",)):
            limits.give_back(form.name, request)
            erase(message)
        return render(request, "contact/deleted.html", FRAME)


def _ask(request: HttpRequest, form: PublicForm, status: int = 200) -> HttpResponse:
    action = request.path if form.is_bound else reverse("contact:look_up")
    return render(request, "contact/look_up.html", FRAME | {"form": form, "action": action}, status=status)


def _page(
    request: HttpRequest, message: Message, form: PublicForm, status: int = 200, said: str = ""
) -> HttpResponse:
    told = {"message": message, "state": state_of(message), "turns": turns_of(message)}
    return render(request, "contact/opened.html", FRAME | told | {"form": form, "said": said}, status=status)
