"""The message as it goes over the wire."""

import email.policy
from email.headerregistry import HeaderRegistry, UnstructuredHeader
from email.policy import EmailPolicy
from typing import Any

from django.core.mail import EmailMultiAlternatives

# Read by machines, which decode no encoded words (RFC 2369, 2919 and 8058).
FOR_MACHINES = ("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Message-ID")


class UnfoldedHeader(UnstructuredHeader):
    """A header on one line, however long (RFC 5322, 2.1.1 allows 998 characters).

    Python folds what it cannot break into an encoded word (RFC 2047), which would hide an address from the
    programs that are to use it.
    """

    max_count = 1

    def fold(self, *, policy: EmailPolicy) -> str:
        """Return the header as it is."""
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined]


_headers = HeaderRegistry()
for _name in FOR_MACHINES:
    _headers.map_to_type(_name.lower(), UnfoldedHeader)  # type: ignore[arg-type]


class Message(EmailMultiAlternatives):
    """A mail whose headers for machines stay legible to them."""

    def message(self, *, policy: Any = email.policy.default) -> Any:
        """Return the message with all parts and headers, in ASCII: what a server on the way had to encode
        would not be what was signed (RFC 6376, 5.3)."""
        return super().message(policy=policy.clone(header_factory=_headers, cte_type="7bit"))
