"""What a mail provider tells by its webhook. Django-anymail knows how each of them proves who it is, and its
words.

We send by SMTP, so some providers name a mail by its Message-ID and others by a number of their own; all of
them name the recipient.
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from anymail.webhooks.base import AnymailCoreWebhookView
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from harmhub.mail.bounces import STATUS, kind_of, known, mail_named, record
from harmhub.mail.models import Bounce
from harmhub.mail.providers import PROVIDERS
from harmhub.origin import any_origin

logger = logging.getLogger(__name__)
Kind = Bounce.Kind
# Providers' words for what anymail calls a bounce or a complaint like any other.
SOFT_WORDS = {
    "soft_bounce",  # Brevo, Mandrill
    "soft_bounced",  # MailerSend
    "SoftBounce",  # Postmark. The next two: a filter has it, not the reader.
    "SpamNotification",
    "VirusNotification",
}
OF_THE_ADDRESS = {
    RejectReason.BOUNCED,
    RejectReason.INVALID,
    RejectReason.SPAM,
    RejectReason.UNSUBSCRIBED,
}
ABOUT_US = {RejectReason.BLOCKED, RejectReason.SPAM, RejectReason.TIMED_OUT, RejectReason.OTHER}
LONGEST_ADDRESS = 320


@any_origin
@require_http_methods(["POST", "HEAD"])
def tracking(request: HttpRequest) -> HttpResponse:
    """Take in what the provider tells. It asks by HEAD whether the address is there.

    What is not proven to come from it is refused (403), what cannot be read too (400). Each event is recorded
    by itself, and only once; where one cannot be, the provider is asked to tell all again (503).
    """
    if request.method == "HEAD":
        return HttpResponse()
    hook = _hook(settings.ANYMAIL_PROVIDER)()
    hook.setup(request)
    try:
        hook.run_validators(request)
    except Exception as problem:  # some fail on what nobody would sign
        logger.warning("what calls itself our mail provider is not (%s)", type(problem).__name__)
        return _said("Not verified.", 403)
    try:
        events = list(hook.parse_events(request))
    except Exception as problem:
        logger.error("what our mail provider tells cannot be read (%s)", type(problem).__name__)
        return _said("Not understood.", 400)
    return _said("Done.", 200) if _record(events) else _said("Tell it again, please.", 503)


@cache
def _hook(provider: str) -> type[AnymailCoreWebhookView]:
    return getattr(import_module(f"anymail.webhooks.{provider}"), PROVIDERS[provider].view)


def _said(words: str, status: int) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain")


def _record(events: Iterable[AnymailTrackingEvent]) -> bool:
    """Record what is news to us; return whether all of it could be."""
    told = [(kind, mail_named(event.message_id), event) for event in events if (kind := kind_told(event))]
    old = known([(kind, mail_id) for kind, mail_id, _event in told if mail_id])
    is_recorded = True
    for kind, mail_id, event in told:
        if mail_id is None or (kind, mail_id) not in old:
            try:
                record(kind, mail_id=mail_id, address=_address(event.recipient), at=_time(event.timestamp))
            except (OperationalError, InterfaceError):
                raise
            except Exception as problem:  # its text may hold an address
                logger.error("a provider's event cannot be recorded: %s", type(problem).__name__)
                is_recorded = False
    return is_recorded


def kind_told(event: AnymailTrackingEvent) -> Bounce.Kind | None:
    """Return what an event means, None where it is nothing to us: a delivery, a delay, an opened mail."""
    answer = event.mta_response if isinstance(event.mta_response, str) else ""
    reason = event.reject_reason
    if event.event_type in {EventType.BOUNCED, EventType.COMPLAINED} and _is_soft(event.esp_event):
        return Kind.SOFT
    match event.event_type:
        case EventType.COMPLAINED:
            return Kind.COMPLAINT
        case EventType.BOUNCED:
            told = kind_of(answer)
            if not (told and STATUS.search(answer)) and reason in ABOUT_US:
                return Kind.SOFT
            return told or Kind.HARD
        case EventType.REJECTED:  # by the provider itself, which remembers what came back
            return Kind.HARD if reason in OF_THE_ADDRESS else Kind.SOFT
        case EventType.FAILED:
            return kind_of(answer)
    return None


def _is_soft(raw: Any) -> bool:
    """Whether the provider's own words say that a mail came back for now."""
    if not isinstance(raw, dict):
        return False
    inner = raw.get("data")
    levels = [raw, inner] if isinstance(inner, dict) else [raw]
    words = {level.get(name) for level in levels for name in ("event", "Type", "type")}
    return not words.isdisjoint(SOFT_WORDS) or raw.get("hard_bounce") is False  # Mailjet


def _address(recipient: object) -> str:
    return recipient[:LONGEST_ADDRESS] if isinstance(recipient, str) and "@" in recipient else ""


def _time(told: object) -> datetime | None:
    return told if isinstance(told, datetime) and timezone.is_aware(told) else None
