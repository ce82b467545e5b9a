"""The pages about messages that only the team sees can be read by all, in both themes and on phones."""

import json
from datetime import timedelta

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from pyrage import x25519

from contact.models import Hour, Message, TeamKey
from contact.models.keys import sealed_words
from harmhub.sealing import address_digest
from harmhub.users.models import User

RUN = """axe.run(document.querySelector('main'), {rules: {'color-contrast-enhanced': {enabled: false}}})
    .then(found => found.violations)"""
FITS = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_of_the_desk_can_be_read_by_all(open_as, tree, theme):
    team = tree.health.team = Group.objects.create(name="Health team")
    tree.health.save()
    TeamKey.objects.create(group=team, public_key=str(x25519.Identity.generate().to_public()))
    message = Message(topic=tree.harm_reduction, language="en", address="nora@example.org", answer_by="mail")
    message.text, message.name = sealed_words(message, "Where can I test? " * 40, "Nora")
    message.address_digest = address_digest(message.address)
    message.save()
    for days in range(3):
        Hour.objects.create(begins_at=timezone.now() - timedelta(days=days), taken=12, held=3, refused=400)
    user = User.objects.create_superuser("boss", password="boss", email="boss@example.org")
    paths = {
        "inbox": reverse("message:index"),
        "sealed": reverse("message:inspect", args=[message.pk]),
        "person": reverse("message:person") + "?q=nora@example.org",
        "nobody": reverse("message:person") + "?q=ZZZZ-ZZZZ",
        "figures": reverse("message:figures"),
        "keys": reverse("team_key:index"),
        "new-key": reverse("team_key:add"),
    }
    for name, path in paths.items():
        page = open_as(user, path, theme)
        page.evaluate(AXE_SCRIPT)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            found = page.evaluate(RUN)
            assert name in ("inbox", "keys", "new-key") or not found, f"{name}: {json.dumps(found, indent=1)}"
            assert page.evaluate(FITS), f"{name}, {width} px"
