"""Who gets what. Addresses are sealed and looked up by digest.

A list is a listing of the site, or all of its work.
"""

from newsletter.models.imports import Import
from newsletter.models.lists import List
from newsletter.models.mailings import Mailing, MailingItem
from newsletter.models.moves import AddressChange
from newsletter.models.paces import Pace
from newsletter.models.second_person import SecondPersonTask
from newsletter.models.sign_ups import LinkRequest, SignUp
from newsletter.models.subscribers import Consent, Subscriber, Subscription, Token
from newsletter.models.suppressions import Suppression
from newsletter.models.tallies import EVERYBODY, Tally
from newsletter.models.updates import Delivery, Issue, Run, Update

__all__ = [
    "EVERYBODY",
    "AddressChange",
    "Consent",
    "Delivery",
    "Import",
    "Issue",
    "LinkRequest",
    "List",
    "Mailing",
    "MailingItem",
    "Pace",
    "Run",
    "SecondPersonTask",
    "SignUp",
    "Subscriber",
    "Subscription",
    "Suppression",
    "Tally",
    "Token",
    "Update",
]
