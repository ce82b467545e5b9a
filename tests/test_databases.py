"""The tests' own database: copied from a migrated template, and whole again after a transactional test."""

import pytest
from django.db import connection
from wagtail.models import Locale, Page, Site

from tests.fixtures import databases


def whole() -> bool:
    return Page.objects.filter(depth=1).exists() and Site.objects.exists() and Locale.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["first", "second"])
def test_root_page_site_and_locale_are_there_in_every_transactional_test(turn):
    assert whole()
    Page.objects.filter(depth=1).first().add_child(title="Left behind", slug="left-behind")


@pytest.mark.django_db
def test_a_test_after_a_transactional_one_sees_the_database_as_migrated():
    assert whole()
    assert not Page.objects.filter(slug="left-behind").exists()


@pytest.mark.django_db
def test_the_tests_never_use_the_servers_own_database():
    assert connection.settings_dict["NAME"].startswith(databases.COPY)
