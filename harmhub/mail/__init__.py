"""Mail: a row for each mail, written in the transaction that causes it, and a sender that works the rows off.

Other apps use three names: ``post`` writes a mail, ``refused`` tells that one was refused for good as it was
handed over, ``bounced`` what was said of one later.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from django.dispatch import Signal

if TYPE_CHECKING:
    from harmhub.mail.models import Mail

# sender=Mail, mail=the row. Sent when a mail's recipient or its text was refused with 5xx.
refused = Signal()

# sender=Mail, kind=Bounce.Kind, mail=the row or None, recipient=the digest of its address or None,
# sent_by=the time by which it had been sent or None. Sent in a transaction: what a listener raises undoes it,
# and it is told again. Each listener returns whether it knew whom this is about. mail is None where somebody
# we trust named an address, and no mail to it is known (any more); recipient is None where the mail is known,
# and its recipient forgotten.
bounced = Signal()


def post(
    *,
    purpose: str,
    to: str,
    template: str,
    context: Mapping[str, Any],
    language: str = "en",
    headers: Mapping[str, str] | None = None,
    sender: str = "",
) -> "Mail":
    """Write one mail in the caller's transaction and wake the sender once that transaction is committed.

    ``purpose`` says in a word what the mail is for ("confirmation") and is stored in plain. The texts come
    from ``emails/<template>-subject.txt``, ``-text.txt`` and, where it exists, ``-html.html``, rendered with
    ``context``. ``headers`` come on top of ours (``List-Unsubscribe``); ValueError: one of them has a line
    break. ``sender`` is another name to send in than that of the organisation. An address that no mail can be
    sent to raises nothing, so that it never costs a reader the message it was to announce: its row is given
    up at once, where the admin shows it. Return the row.
    """
    # These need the models, and this module is read before them.
    from harmhub.mail.composing import compose
    from harmhub.mail.models import Mail

    mail = Mail.prepare(purpose=purpose, to=to, language=language)
    told = compose(mail, to=to, template=template, context=context, headers=headers or {}, sender=sender)
    return mail.queue(told)


def public_url(path: str) -> str:
    """Return the full address of a path of this site, for links in mails; its origin is ``PUBLIC_URL``."""
    from django.conf import settings

    return urljoin(f"{settings.PUBLIC_URL}/", path)
