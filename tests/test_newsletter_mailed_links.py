"""Mail scanners open every address in every mail, in all ways but a POST: nothing changes."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.apps import apps
from django.db.models import F
from django.test import Client

from harmhub.mail.models import Mail
from newsletter.models import Token
from newsletter.tasks import sign_ups
from tests.factories import Tree
from tests.fixtures.following import READER, Clock, fresh, gone, mails, written
from tests.fixtures.importing import Importer

pytestmark = pytest.mark.django_db
OTHER, BROUGHT, ASKED = "other@example.org", "brought@example.org", "asked@example.org"
PREFETCH = {"purpose": "prefetch", "sec-purpose": "prefetch;prerender", "x-moz": "prefetch"}


def addresses() -> set[str]:
    """Return all addresses of the site in all mails, with their headers."""
    told = (mail.told for mail in Mail.objects.all())
    words = unescape("\n".join(f"{each['text']} {each['html']} {each['headers']}" for each in told))
    return set(re.findall(r"http://testserver(/[^\s\"'<>]*)", words))


def rows() -> list:
    """Everything that is known of subscribers and mails."""
    models = (*apps.get_app_config("newsletter").get_models(), *apps.get_app_config("mail").get_models())
    throughs = (each.remote_field.through for model in models for each in model._meta.many_to_many)
    return [list(model._base_manager.order_by("pk").values()) for model in (*models, *throughs)]


def press(reader: Client, page: str, address: str = READER) -> None:
    link = re.findall(rf"http://testserver(/newsletter/{page}/\S+)", mails(address)[-1].told["text"])[0]
    assert reader.post(link).status_code == 200


def life(tree: Tree, clock: Clock) -> Client:
    """Have every mail written that there is."""
    reader = Client(headers={"sec-fetch-site": "same-origin"})
    reader.post("/newsletter/", {"email": READER, "topic": tree.health.pk, "pace": "at-once"})
    sign_ups()
    press(reader, "confirm")
    importer = Importer("import_subscription")
    importer.bring(BROUGHT, tree.health, how="active")
    importer.bring(ASKED, tree.health)
    clock.follow(tree.justice)
    fresh(tree, "News")
    fresh(tree, "Courts", primary_topic=tree.justice)
    clock.pass_()
    gone(written(tree.health, body='<p><a href="/topics/">All topics</a></p>'))
    reader.post("/newsletter/link/", {"email": READER})
    Token.objects.update(created_at=F("created_at") - timedelta(days=1))
    sign_ups()
    manage = re.search(r"/newsletter/manage/\?t=\S+", mails()[-1].told["text"])[0]
    reader.post(manage.replace("/manage/", "/manage/address/"), {"email": OTHER})
    sign_ups()
    return reader


def test_no_address_in_any_mail_changes_anything_unless_a_button_is_pressed(tree: Tree, clock: Clock):
    reader = life(tree, clock)
    purposes = set(Mail.objects.values_list("purpose", flat=True))
    kinds = "confirmation welcome imported updates mailing manage release receive"
    assert purposes == {f"newsletter-{kind}" for kind in kinds.split()}
    found = addresses()
    pages = {re.match(r"/newsletter/([\w-]+)/", each)[1] for each in found if each.startswith("/newsletter/")}
    assert pages == {"confirm", "leave", "link", "manage", "agree", "one-click"}
    before = rows()
    for address in sorted(found):
        for addition in ("", "&confirm=true", "&section=0&submit=1"):
            opened = f"{address}{addition if '?' in address else ''}"
            for open_by in (reader.get, reader.head, reader.options):
                for headers in ({}, PREFETCH):
                    assert open_by(opened, headers=headers).status_code < 500
    sign_ups()
    assert rows() == before
