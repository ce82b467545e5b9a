"""The inbox, by keyboard only: taken, answered, closed, undone; and fit for all in both themes."""

import json
import re
from datetime import timedelta

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from contact.models import CannedAnswer, DayCount, Message, Turn
from harmhub.users.models import User
from tests.factories import Tree

pytestmark = pytest.mark.django_db(transaction=True)
# The page apart from what Wagtail puts around it.
RUN = "axe.run(document.querySelector('#main')).then(found => found.violations)"
FITS = """() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"""
FOCUSED = """() => {
    const it = document.activeElement;
    return `${it.tagName} ${(it.labels?.[0] ?? it).textContent.replace(/\\s+/g, " ").trim()}`;
}"""


@pytest.fixture
def editor(tree: Tree) -> User:
    user = User.objects.create_user("ana", password="x", first_name="Ana", last_name="Lima")
    user.groups.add(Group.objects.get(name="Moderators"))
    return user


@pytest.fixture
def message(tree: Tree) -> Message:
    long_ago = timezone.now() - timedelta(days=20)
    return Message.objects.create(
        topic=tree.harm_reduction,
        language="en",
        text="Where can I have pills checked?\nI live near the harbour.\n\nThank you",
        name="Nora",
        received_at=long_ago,
        heard_at=long_ago,
    )


def reach(page: Page, name: str, key: str = "Tab") -> None:
    """Press Tab until the focus is on what has this name."""
    seen = []
    for _ in range(150):
        page.keyboard.press(key)
        seen.append(page.evaluate(FOCUSED))
        if seen[-1].partition(" ")[2].startswith(name):
            return
    pytest.fail(f"No way to {name!r} by {key}: {seen}")


def press(page: Page, name: str, key: str = "Enter") -> None:
    """Reach it, press it, and wait for where it leads."""
    reach(page, name)
    with page.expect_navigation():
        page.keyboard.press(key)


def says(page: Page, words: str) -> None:
    """See that the focus is on what was said."""
    expect(page.locator(".messages :focus")).to_contain_text(words)


def test_a_message_is_taken_answered_closed_and_undone_by_keyboard(open_as, editor, message):
    CannedAnswer.objects.create(title="Where we check", text="We check at the van on Mondays.")
    ben = User.objects.create_user("ben", password="x", first_name="Ben")
    ben.groups.add(Group.objects.get(name="Moderators"))
    page = open_as(editor, reverse("message:index"))
    press(page, message.reference)
    press(page, "Take")
    says(page, "is yours")
    reach(page, "Assign to")
    page.keyboard.type("Ben")  # in a select, letters choose
    press(page, "Assign")
    says(page, "is assigned")
    press(page, "Undo")
    says(page, "Undone")
    reach(page, "Canned answer")
    page.keyboard.type("Where")
    press(page, "Insert")
    expect(page.get_by_role("textbox", name="Your answer")).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.type("\nBring nothing.")
    press(page, "Send answer")
    says(page, "leaves in two minutes")
    assert Turn.objects.get().text == "We check at the van on Mondays.\nBring nothing."
    press(page, "Undo")
    says(page, "Undone")
    assert not Turn.objects.exists()
    press(page, "Close")
    says(page, "is closed")
    press(page, "Undo")
    says(page, "Undone")
    message.refresh_from_db()
    assert (message.assigned_to, message.closed_at) == (editor, None)


def test_what_is_wrong_is_said_and_takes_the_focus(open_as, editor, message):
    page = open_as(editor, reverse("message:inspect", args=[message.pk]))
    press(page, "Send answer")
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.locator(":focus")).to_contain_text("Write your answer")
    press(page, "Write your answer")
    expect(page.get_by_role("textbox", name="Your answer")).to_be_focused()


def test_what_was_typed_stays_while_something_else_is_done_and_is_not_left_without_a_question(
    open_as, editor, message
):
    page = open_as(editor, reverse("message:inspect", args=[message.pk]))
    answer, note = page.locator("#answer-text"), page.locator("#note-text")
    reach(page, "Your answer")
    page.keyboard.type("We check at the van")
    press(page, "Take")
    says(page, "is yours")
    expect(answer).to_have_value("We check at the van")
    reach(page, "Note")
    page.keyboard.type("Ask the van")
    press(page, "Merge")  # in vain: with nothing
    expect(page.locator(":focus")).to_contain_text("Write the reference")
    expect(answer).to_have_value("We check at the van")
    press(page, "Add note")
    says(page, "is kept")
    expect(note).to_have_value("")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    reach(page, "Your answer")
    page.keyboard.press("Control+End")
    page.keyboard.type(" on Mondays")
    page.evaluate("document.querySelector('a[href=\"/admin/\"]').click()")
    with page.expect_event("dialog", timeout=5_000):
        page.evaluate("document.querySelector('[action=\"/admin/logout/\"]').requestSubmit()")
    assert asked == ["beforeunload"] * 2
    assert page.evaluate("sessionStorage.length") == 0
    press(page, "Send answer")
    says(page, "leaves in two minutes")
    expect(answer).to_have_value("")
    assert [turn.text for turn in message.turns.order_by("pk")] == [
        "Ask the van",
        "We check at the van on Mondays",
    ]
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_pages_of_the_inbox_are_fit_for_all(open_as, tree, editor, message, theme):
    double = Message.objects.create(topic=tree.justice, language="ar", text="مرحبا", double_of=message)
    double.close()
    message.turns.create(kind=Turn.Kind.ANSWER, text="At the van.", author=editor)
    message.turns.create(kind=Turn.Kind.READER, text="When?")
    message.turns.create(kind=Turn.Kind.NOTE, text="Ask the van.", author=editor)
    CannedAnswer.objects.create(title="Where we check", text="At the van.")
    DayCount.objects.create(
        day=timezone.localdate(), topic=tree.justice, received=9, in_time=4, late=2, spam=1
    )
    page = open_as(editor, reverse("message:index"), theme)
    faults = {}
    addresses = [
        reverse("message:index") + "?state=all",
        reverse("message:inspect", args=[message.pk]),
        reverse("message:inspect", args=[double.pk]),
        reverse("message:report"),
    ]
    for address in addresses:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(page.url.partition("/admin/")[0] + address)
        page.evaluate(AXE_SCRIPT)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            if found := page.evaluate(RUN):
                faults[f"{address} {width} px"] = found
            assert page.evaluate(FITS), f"{address} {width} px"
    assert not faults, json.dumps(faults, indent=1)
