"""In a rush the reader's browser works while she waits; without scripts she waits."""

import pytest
from playwright.sync_api import Page, expect

from contact import rush
from contact.models import Message

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told_to_wait(live_server, tree, browser, request):
    """The page of somebody who wrote in a rush. Its console must say nothing."""
    for _ in range(rush.RUSH):
        rush.count()
    with_scripts = getattr(request, "param", True)
    context = browser.new_context(java_script_enabled=with_scripts)
    page, told = context.new_page(), []
    page.on("console", lambda said: told.append(said.text))
    page.goto(f"{live_server.url}/contact/{tree.harm_reduction.pk}/")
    page.get_by_label("Your message").fill("Where can I test?")
    page.wait_for_timeout(3100)  # nobody types faster
    page.get_by_role("button", name="Send message").click()
    expect(page.get_by_role("alert")).to_contain_text("Very many messages are coming in")
    expect(page.get_by_label("Your message")).to_have_value("Where can I test?")
    yield page
    assert [each for each in told if "429" not in each] == []
    context.close()


def test_her_browser_works_so_that_she_need_not_wait(told_to_wait: Page):
    expect(told_to_wait.get_by_role("status")).to_have_text(
        "You need not wait any longer: press the button.", timeout=25_000
    )
    told_to_wait.get_by_role("button", name="Send message").click()
    expect(told_to_wait.get_by_role("heading", name="Message sent")).to_be_visible()
    assert Message.objects.get().text == "Where can I test?"


@pytest.mark.parametrize("told_to_wait", [False], indirect=True)
def test_without_scripts_she_waits(told_to_wait: Page, monkeypatch):
    expect(told_to_wait.get_by_role("status")).to_have_text("After half a minute, press the button.")
    monkeypatch.setattr(rush, "WAIT", 0)  # it has passed
    told_to_wait.get_by_role("button", name="Send message").click()
    expect(told_to_wait.get_by_role("heading", name="Message sent")).to_be_visible()
