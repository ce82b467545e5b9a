"""The whole life of a subscriber, in a real browser without scripts, on the running site: its worker finds
what is published, a mail server takes the mails, and their links are followed."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models import F
from django.utils import timezone
from playwright.sync_api import Page, expect
from wagtail.models import Page as WagtailPage

from harmhub.mail.models import Mail
from harmhub.sealing import address_digest
from harmhub.waking import wake
from newsletter.models import Mailing, Pace, Run, Subscriber, Subscription, Suppression, Update
from newsletter.models.updates import DELAY
from newsletter.tasks import updates
from tests.browser.hub import HARM_REDUCTION, Hub
from tests.browser.letters import heading, link_in, mail_to, states
from tests.fixtures.following import written
from tests.fixtures.site import Site, wait_for
from tests.fixtures.smtp import text_of

pytestmark = pytest.mark.browser_context_args(java_script_enabled=False)


@pytest.fixture
def publish(hub: Hub, site_server: Site) -> Callable[[str], None]:
    """A function that publishes an article with a title in Harm Reduction, and has the worker tell of it
    as if the delay were over. It returns when everybody who follows at once has been served."""

    def is_told(item: WagtailPage) -> bool:
        served = Run.objects.filter(pace=Pace.AT_ONCE).exclude(ended_at=None).order_by("-place").first()
        return bool(served) and Update.objects.filter(item=item, place__lte=served.place).exists()

    def publish(title: str) -> None:
        with site_server.orm():
            new = hub.tree.voice(title=title, published_on=timezone.localdate())
            wake(updates)
            wait_for(Update.objects.filter(item=new).exists, 30, "What was published is not found.")
            # As if an hour had gone by.
            Subscription.objects.update(confirmed_at=F("confirmed_at") - timedelta(hours=1))
            Update.objects.filter(item=new).update(goes_at=F("goes_at") - DELAY)
            wake(updates)
            wait_for(lambda: is_told(new), 30, "Nobody is told of it.")

    return publish


def press(page: Page, button: str, until: str) -> None:
    """Press a button until a page with this heading comes: who is quicker than people are is asked again."""

    def is_there() -> bool:
        page.get_by_role("button", name=button).click()
        return heading(page).text_content() == until

    wait_for(is_there, 15, f"The button “{button}” does nothing.")


def number_of_mails(site: Site, *addresses: str) -> int:
    with site.orm():
        return sum(Mail.objects.to(address).count() for address in addresses)


def test_from_signing_up_to_being_forgotten(
    page: Page, hub: Hub, site_server: Site, publish: Callable[[str], None]
):
    old, new = f"old-{hub.tree.home.pk}@example.org", f"new-{hub.tree.home.pk}@example.org"
    main = page.get_by_role("main")

    # She follows a listing.
    page.goto(f"{site_server.url}{HARM_REDUCTION}voices/")
    page.get_by_role("link", name="Get what is new here by e-mail").click()
    expect(page.get_by_label("Harm Reduction · Voices")).to_be_checked()
    page.get_by_label("At once").check()
    page.get_by_label("E-mail address").fill(old)
    press(page, "Sign up", until="Check your e-mail")
    page.goto(link_in(mail_to(site_server, old), "confirm"))
    expect(page.get_by_role("definition").nth(1)).to_contain_text("At once")
    page.get_by_role("button", name="Confirm").click()
    expect(heading(page)).to_have_text("You are on the list")
    welcome = mail_to(site_server, old)

    # What is published comes to her.
    publish("The night van")
    mail = mail_to(site_server, old)
    assert mail["Subject"] == "Harm Reduction · Voices: The night van"
    assert re.fullmatch(r"<list-\d+\.localhost>", mail["List-Id"])
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert text.count("The night van") == html.count("The night van</a>") == 1

    # By a fresh link she changes what she gets, and takes her data.
    page.goto(link_in(welcome, "link"))
    page.get_by_role("button", name="Send me the link").click()
    managing = link_in(mail_to(site_server, old), "manage")
    page.goto(managing)
    page.get_by_text("Follow more").click()
    page.get_by_label("Health", exact=True).select_option("Daily")
    page.get_by_label("Pause").select_option("For 2 months")
    page.get_by_label("Neutral subject lines").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    expect(page.get_by_label("Harm Reduction · Voices")).to_have_value("at-once")
    expect(page.get_by_label("Health", exact=True)).to_have_value("daily")
    expect(main).to_contain_text("You get none until")
    with page.expect_download() as download:
        page.get_by_role("link", name="Take all we know").click()
    data = json.loads(Path(download.value.path()).read_text())
    assert data["address"] == old
    assert [each["works"] for each in data["mails"]] == [["The night van"]]

    # What is published in the pause comes when it ends, under a neutral subject.
    before = number_of_mails(site_server, old)
    publish("The early van")
    assert number_of_mails(site_server, old) == before
    page.goto(managing)
    page.get_by_label("Pause").select_option("End the pause now")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    with site_server.orm():
        wake(updates)
    mail = mail_to(site_server, old)
    assert "van" not in mail["Subject"] + mail["From"]
    assert [text_of(mail).count(title) for title in ("The night van", "The early van")] == [0, 1]

    # An editor writes to everybody who follows Health, at whatever pace.
    with site_server.orm():
        mailing = written(hub.tree.health, subject="We have moved")
        Mailing.objects.filter(pk=mailing.pk).update(last_published_at=F("last_published_at") - DELAY)
        wake(updates)
    assert "because you follow Health" in text_of(mail_to(site_server, old, "Come and see us."))

    # She moves to another address: both are asked.
    page.goto(managing)
    page.get_by_role("link", name="Move to another address").click()
    page.get_by_label("New e-mail address").fill(new)
    page.get_by_role("button", name="Ask both addresses").click()
    wait_for(lambda: len(site_server.mail.messages) == 2, 30, "Not both addresses are asked.")
    asked = {mail["To"]: link_in(mail, "agree") for mail in site_server.mail.messages}
    site_server.mail.clear()
    for address, answer in ((old, "in the other inbox too"), (new, "the updates go to the new address")):
        page.goto(asked[address])
        page.get_by_role("button", name="Agree").click()
        expect(main).to_contain_text(answer)
    before = number_of_mails(site_server, old)
    publish("The last van")
    mail = mail_to(site_server, new, "The last van")
    assert number_of_mails(site_server, old) == before

    # She leaves one list by its mail, which can do no more than that, and the rest by a fresh link.
    page.goto(link_in(mail, "leave"))
    expect(main).to_contain_text("no more updates of the list Harm Reduction · Voices")
    page.get_by_role("button", name="Leave").click()
    expect(heading(page)).to_have_text("You have left the list")
    assert states(site_server)[-2:] == [(True, True), (True, False)]
    page.get_by_role("link", name="Change what else you get").click()
    page.get_by_label("E-mail address").fill(new)
    press(page, "Send the link", until="Check your e-mail")
    page.goto(link_in(mail_to(site_server, new), "manage"))
    expect(page.get_by_label("Health", exact=True)).to_have_value("daily")
    page.get_by_role("link", name="Erase my address").click()
    page.get_by_role("button", name="Erase my address").click()
    expect(heading(page)).to_have_text("Your address is erased")
    page.go_back()
    page.reload()
    expect(heading(page)).to_have_text("This link does not work")

    # Nobody is told of anything any more, and nothing says who she was.
    before = number_of_mails(site_server, old, new)
    publish("The van after")
    assert number_of_mails(site_server, old, new) == before
    with site_server.orm():
        digest = address_digest(new)
        assert not Subscriber.objects.filter(address_digest=digest).exists()
        assert Suppression.objects.filter(address_digest=digest).exists()
    assert page.context.cookies() == []
