"""How the site sends: what the DNS has to agree with."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from django.conf import settings
from django.core.mail import mailers

from harmhub.mail.keys import mail_domain

# Top-level domains that never come to be (RFC 6761, 6762, 7686 and 9476).
OF_NO_DNS = {"localhost", "local", "test", "invalid", "onion", "alt", "internal"}


@dataclass(frozen=True)
class Sending:
    """domain: of the From and of the signature, or "" where it is none of the DNS; envelope: of the sender in
    the envelope; server: the mail server that is handed the mails, or ""; site: the name that readers
    know."""

    address: str
    domain: str
    envelope: str
    server: str
    site: str
    selector: str
    key: RSAPrivateKey | None

    @classmethod
    def of_site(cls) -> "Sending":
        """Return how this site sends."""
        domain = _public_domain(settings.DEFAULT_FROM_EMAIL)
        returning = _public_domain(settings.BOUNCE_ADDRESS) if settings.BOUNCE_ADDRESS else domain
        return cls(
            address=settings.DEFAULT_FROM_EMAIL,
            domain=domain,
            envelope=returning,
            server=str(getattr(mailers["outgoing"], "host", "") or ""),
            site=urlsplit(settings.PUBLIC_URL).hostname or "",
            selector=settings.DKIM_SELECTOR,
            key=settings.DKIM_KEY,
        )

    @property
    def parents(self) -> list[str]:
        """The domains above that of the sender, the nearest first, without the top-level one."""
        labels = self.domain.split(".")
        return [".".join(labels[at:]) for at in range(1, len(labels) - 1)][:4]


def _public_domain(address: str) -> str:
    try:
        domain = mail_domain(address)
    except ValueError:
        return ""
    if "." not in domain or domain.rpartition(".")[2] in OF_NO_DNS or is_address(domain):
        return ""
    return domain


def is_address(host: str) -> bool:
    """Whether a host is told by its IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
