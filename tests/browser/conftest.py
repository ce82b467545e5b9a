"""What the browser tests share."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from wagtail.users.models import UserProfile

from harmhub.users.models import User
from tests.browser import hub as making
from tests.browser.hub import Hub
from tests.fixtures.site import Site

_made: list[Hub] = []

# A limit for busy machines; nothing takes so long on others.
expect.set_options(timeout=30_000)


@pytest.fixture
def hub(site_server: Site) -> Hub:
    """A hub on the running site. It stays until another test puts other pages there."""
    if not _made or not making.is_there(_made[-1], site_server):
        _made.append(making.built(site_server))
    return _made[-1]


@pytest.fixture
def open_as(live_server, browser: Browser, client, settings) -> Iterator[Callable[..., Page]]:
    """A function that opens the admin as a user in a theme. Nothing may be said on the console."""
    told, contexts = [], []

    def open_it(user: User, path: str, theme: str = "light") -> Page:
        profile = UserProfile.get_for_user(user)
        profile.theme = theme
        profile.save()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        contexts.append(context)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda said: "422" not in said.text and told.append(said.text))
        page.goto(live_server.url + path)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert told == []
