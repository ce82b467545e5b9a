"""Who gets what. Addresses are sealed and looked up by digest.

A list is a topic; no topic stands for the whole organisation.
"""

from newsletter.models.paces import Pace
from newsletter.models.sign_ups import SignUp
from newsletter.models.subscribers import Consent, Subscriber, Subscription, Token
from newsletter.models.suppressions import Suppression
from newsletter.models.updates import Delivery, Issue, Run, Update

__all__ = [
    "Consent",
    "Delivery",
    "Issue",
    "Pace",
    "Run",
    "SignUp",
    "Subscriber",
    "Subscription",
    "Suppression",
    "Token",
    "Update",
]
