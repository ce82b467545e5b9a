"""What a reader's browser is given and asked to do, on every public page."""

import pytest
from playwright.sync_api import Page, Response

from tests.browser.hub import Hub
from tests.browser.visits import VISITS, Visit, answer_of, every_visit
from tests.fixtures.site import Site

STORED = """async () => [
    document.cookie.length, localStorage.length, sessionStorage.length,
    (await indexedDB.databases()).length, (await caches.keys()).length,
    (await navigator.serviceWorker.getRegistrations()).length,
]"""


@every_visit
def test_page_keeps_nothing_and_asks_nobody_else(visit: Visit, page: Page, hub: Hub, site_server: Site):
    answers: list[Response] = []
    told: list[str] = []
    page.on("response", lambda response: answers.append(response))
    page.on("console", lambda message: told.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: told.append(str(error)))
    shown = answer_of(page, visit, hub, site_server)

    assert {answer.url for answer in answers if not answer.url.startswith(f"{site_server.url}/")} == set()
    assert [answer.url for answer in answers if "set-cookie" in answer.all_headers()] == []
    assert page.context.cookies() == []
    assert not any(page.evaluate(STORED))
    # Chromium itself notes a status of 4xx; everything else would be a broken policy or script.
    status = f"Failed to load resource: the server responded with a status of {visit.status}"
    assert [line for line in told if status not in line] == []
    _is_strict(shown.all_headers()["content-security-policy"])


def _is_strict(policy: str) -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe-" not in policy
    assert "*" not in policy
    assert "//" not in policy


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_every_page_can_be_reached_and_read_without_scripts(page: Page, hub: Hub, site_server: Site):
    for visit in VISITS:
        answer_of(page, visit, hub, site_server)
        assert page.locator("h1").is_visible(), visit.name
