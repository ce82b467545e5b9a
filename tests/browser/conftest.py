"""What the browser tests of the public site share."""

import pytest
from playwright.sync_api import expect

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
