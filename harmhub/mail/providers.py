"""The mail providers whose webhook is understood, and how each proves that it is them."""

from typing import NamedTuple


class Provider(NamedTuple):
    """view: anymail's class for its webhook. key: anymail's name for what it signs with; "": it does not
    sign, and sends the user name and the password that stand in the webhook's address."""

    view: str
    key: str = ""


# Amazon SES and Resend need packages of their own, SendGrid is not supported by anymail any more: their mail
# comes back to BOUNCE_ADDRESS.
PROVIDERS = {
    "brevo": Provider("BrevoTrackingWebhookView"),
    "mailersend": Provider("MailerSendTrackingWebhookView", "MAILERSEND_SIGNING_SECRET"),
    "mailgun": Provider("MailgunTrackingWebhookView", "MAILGUN_WEBHOOK_SIGNING_KEY"),
    "mailjet": Provider("MailjetTrackingWebhookView"),
    "mailtrap": Provider("MailtrapTrackingWebhookView", "MAILTRAP_TRACKING_SECRET"),
    "mandrill": Provider("MandrillCombinedWebhookView", "MANDRILL_WEBHOOK_KEY"),
    "postal": Provider("PostalTrackingWebhookView", "POSTAL_WEBHOOK_KEY"),
    "postmark": Provider("PostmarkTrackingWebhookView"),
    "sparkpost": Provider("SparkPostTrackingWebhookView"),
}
SHORTEST = 16  # characters of a secret


def configuration(provider: str, secret: str, key: str) -> dict[str, str]:
    """Return the setting ``ANYMAIL``. secret: ``user:password``, key: what the provider signs with.

    ValueError: in words, what is missing; never what was given.
    """
    if not provider:
        return {}
    if provider not in PROVIDERS:
        raise ValueError(f"ANYMAIL_PROVIDER is one of {', '.join(PROVIDERS)}.")
    signs_by = PROVIDERS[provider].key
    if bool(signs_by) != bool(key):
        needed = "needs" if signs_by else "takes no"
        raise ValueError(f"ANYMAIL_PROVIDER: {provider} {needed} ANYMAIL_WEBHOOK_KEY.")
    if not signs_by and not secret:
        raise ValueError(f"ANYMAIL_PROVIDER: {provider} needs ANYMAIL_WEBHOOK_SECRET.")
    user, _colon, password = secret.partition(":")
    if secret and not (user and len(password) >= SHORTEST):
        raise ValueError(f"ANYMAIL_WEBHOOK_SECRET is user:password, of {SHORTEST} characters or more.")
    named = {"WEBHOOK_SECRET": secret, signs_by: key}
    return {name: value for name, value in named.items() if value}
