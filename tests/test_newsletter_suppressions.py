"""The addresses that get nothing, in the admin."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import NoReverseMatch, reverse
from wagtail.models import ModelLogEntry

from harmhub.mail.models import Bounce, Mail
from harmhub.sealing import address_digest
from harmhub.users.models import User
from newsletter.models import Suppression
from tests.fixtures.staff import logged_in, press

pytestmark = pytest.mark.django_db
READER = "canary@example.org"
Reason = Suppression.Reason


def suppressed(reason: str, address: str = READER) -> Suppression:
    Suppression.objects.add_digest(address_digest(address), reason)
    return Suppression.objects.get(address_digest=address_digest(address))


def listed(client: Client, **query: str) -> str:
    answer = client.get(reverse("suppression:index"), query)
    assert answer.status_code == 200
    return answer.text


def found(client: Client, **query: str) -> set[str]:
    rows = client.get(reverse("suppression:index_results"), query).context["object_list"]
    return {row.reason for row in rows}


def test_reasons_are_listed_and_found_by_the_whole_address_that_is_in_no_page(moderator):
    suppressed(Reason.REFUSED)
    suppressed(Reason.COMPLAINT, "other@example.org")
    page = listed(moderator)
    assert "Mail does not arrive" in page
    assert "Complained" in page
    assert "canary" not in page
    assert found(moderator, q=READER.upper()) == {Reason.REFUSED}
    assert found(moderator, q="canary") == set()
    assert found(moderator, reason="complaint") == {Reason.COMPLAINT}


def test_an_editor_does_not_see_them():
    client = logged_in("Editors")
    assert client.get(reverse("suppression:index")).status_code == 302
    assert reverse("suppression:index") not in client.get(reverse("wagtailadmin_home")).text


def test_only_what_mail_did_not_arrive_at_is_lifted_by_hand(moderator):
    rows = {reason: suppressed(reason, f"{reason}@example.org") for reason in Reason}
    assert listed(moderator).count("Write to it again") == 1
    for row in rows.values():
        moderator.post(reverse("suppression:lift", args=[row.pk]))
    assert set(Suppression.objects.values_list("reason", flat=True)) == {*Reason} - {Reason.REFUSED}
    entry = ModelLogEntry.objects.get(action="newsletter.lift")
    assert (entry.user.username, entry.label) == ("Moderators", "Mail does not arrive")


def test_the_button_of_the_listing_lifts(moderator):
    row = suppressed(Reason.REFUSED)
    answer = press(moderator, reverse("suppression:index"), reverse("suppression:lift", args=[row.pk]))
    assert answer.status_code == 302
    assert not Suppression.objects.exists()


def test_a_get_lifts_nothing_nor_does_who_may_only_look(moderator):
    row = suppressed(Reason.REFUSED)
    assert moderator.get(reverse("suppression:lift", args=[row.pk])).status_code == 405
    Group.objects.get(name="Moderators").permissions.remove(
        *Group.objects.get(name="Moderators").permissions.filter(codename="change_suppression")
    )
    moderator = Client()
    moderator.force_login(User.objects.get(username="Moderators"))
    assert "Write to it again" not in listed(moderator)
    moderator.post(reverse("suppression:lift", args=[row.pk]))
    assert Suppression.objects.exists()


def test_nobody_adds_or_edits_one():
    for name in ("add", "edit", "delete", "inspect"):
        with pytest.raises(NoReverseMatch):
            reverse(f"suppression:{name}", args=[1])


def test_a_mail_that_came_back_is_listed_as_that(post_greeting, moderator):
    rows = [post_greeting() for _number in range(3)]
    Mail.objects.update(sent_at="2026-01-01T00:00Z")
    moderator.get(reverse("mail:index"))
    Bounce.objects.create(mail=rows[0], kind="complaint")
    page = moderator.get(reverse("mail:index")).text
    assert "complained about" in page
    response = moderator.get(reverse("mail:index_results"), {"state": "bounced"})
    assert list(response.context["object_list"]) == [rows[0]]
