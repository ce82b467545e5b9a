"""The contact box: its form as a page, and every answer to it.

The topic pages carry the same form and post it here. An answer is rendered before its transaction is
committed: what cannot be answered is not stored, so nobody is told that nothing was sent when something was.
"""

from functools import partial

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from contact import rush
from contact.figures import REFUSED
from contact.forms import ContactForm
from contact.models import Message
from contact.models.keys import has_key
from contact.tasks import receipts
from harmhub import errors, limits, styles
from harmhub.public_forms import PublicForm, too_many, unavailable, unstored
from harmhub.waking import wake_after_commit
from topics.models import TopicPage

PER_CLIENT, IN_ALL = 10, 2_000  # messages an hour
PER_CLIENT_WAITING, IN_ALL_WAITING = 30, 50_000  # answers an hour that ask somebody to wait


@unstored
@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the form for one topic (GET), or take a message (POST).

    Answers 200 with the reference and, this once, the key; 422 what is wrong; 429 too many; 503 while the
    database is away. The last three keep every character typed, as does the 404 for a topic that the public
    cannot see any more.
    Http404: nothing was sent to a topic that is not there.
    """
    try:
        topic = TopicPage.objects.public().select_related("locale").filter(pk=pk).first()
        if topic is None:
            return _gone(request)
        with translation.override(topic.locale.language_code):
            if request.method == "POST":
                return _receive(request, topic)
            return _form_page(request, topic, ContactForm.opened_now())
    except errors.UNREACHABLE:
        if request.method != "POST":
            raise
        return unavailable(request, ContactForm(request.POST), "contact/unavailable.html")


def _gone(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        raise Http404
    typed = {"form": ContactForm(request.POST), "sensitive_topic": True}
    return render(request, "contact/gone.html", typed, status=404)


def _receive(request: HttpRequest, topic: TopicPage) -> HttpResponse:
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _form_page(request, topic, form, status=422)
    typed = form.cleaned_data
    if rush.is_on() and not rush.serves(request, typed["ticket"], typed["work"], form.fingerprint):
        return _wait(request, topic, form)
    if not limits.allow("contact", request, per_client=PER_CLIENT, in_all=IN_ALL):
        return _too_many(request, topic, form)
    rush.count()
    with limits.once("contact", request, f"{topic.pk} {form.fingerprint}", typed["opened"]) as first:
        if not first:
            return render(request, "contact/repeated.html", _context(topic))
        with transaction.atomic():
            message, key = form.save(topic)
            if message.answer_by == Message.AnswerBy.MAIL:
                wake_after_commit(receipts)
            sent = {"message": message, "key": key, "is_for_team": message.is_sealed}
            return render(request, "contact/sent.html", _context(topic) | sent)


def _too_many(request: HttpRequest, topic: TopicPage, form: ContactForm) -> HttpResponse:
    limits.tally(REFUSED)
    return too_many(form, partial(_form_page, request, topic))


def _wait(request: HttpRequest, topic: TopicPage, form: ContactForm) -> HttpResponse:
    """Answer the form again with a ticket that serves after a while, or with some work: 429."""
    if not limits.allow("contact wait", request, per_client=PER_CLIENT_WAITING, in_all=IN_ALL_WAITING):
        return _too_many(request, topic, form)
    rush.count()
    limits.tally(REFUSED)
    ticket = form.cleaned_data["ticket"]
    form.waiting = ticket if rush.is_waiting(request, ticket) else rush.new_ticket(request)
    words = _(
        "Very many messages are coming in, most of them from machines. Everything you wrote is still here."
    )
    form.add_error(None, words)
    form.add_error(None, _("Please wait half a minute, then press the button again."))
    response = _form_page(request, topic, form, status=429)
    response["Retry-After"] = str(rush.WAIT)
    # The one page with this script; see django.utils.csp.
    scripts = [*styles.style_hashes("js"), styles.work_hash()]
    response._csp_config = settings.SECURE_CSP | {"script-src": scripts}  # type: ignore[attr-defined]
    return response


def _context(topic: TopicPage) -> dict:
    return {"topic": topic, "sensitive_topic": topic.sensitive}


def _form_page(request: HttpRequest, topic: TopicPage, form: PublicForm, status: int = 200) -> HttpResponse:
    told = {"form": form, "is_for_team": has_key(topic)}
    return render(request, "contact/form.html", _context(topic) | told, status=status)
