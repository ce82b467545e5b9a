"""Days and times in the admin, which mean one thing to editors of all countries."""

from datetime import UTC, date, datetime

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, localize
from wagtail.users.models import UserProfile

from harmhub.users.models import User
from harmhub.zones import zone_names


def test_a_day_that_is_another_one_elsewhere_is_refused_and_not_guessed():
    for typed in ("03/04/2026", "03/04/26"):
        with pytest.raises(ValidationError):
            forms.DateField().clean(typed)
        with pytest.raises(ValidationError):
            forms.DateTimeField().clean(f"{typed} 10:00")
    assert (
        forms.DateField().clean("2026-04-03") == forms.DateField().clean("3 April 2026") == date(2026, 4, 3)
    )


def test_a_time_is_shown_by_the_24_hour_clock_with_its_zone():
    with timezone.override("Asia/Tokyo"):
        shown = localize(timezone.localtime(datetime(2026, 4, 3, 5, 7, tzinfo=UTC)))
    assert shown == "3 Apr 2026, 14:07 JST"
    assert date_format(date(2026, 4, 3), "SHORT_DATE_FORMAT") == "2026-04-03"


@pytest.mark.django_db
def test_the_schedule_of_a_page_says_in_whose_time_it_is(tree, admin_client):
    UserProfile.objects.create(user=User.objects.get(username="admin"), current_time_zone="Asia/Tokyo")
    form = admin_client.get(reverse("wagtailadmin_pages:edit", args=[tree.health.pk]))
    assert form.content.decode().count("time zone Asia/Tokyo") == 2


@pytest.mark.django_db
def test_an_editor_chooses_among_places(admin_client):
    account = admin_client.get(reverse("wagtailadmin_account")).content.decode()
    assert 'value="Europe/Lisbon"' in account
    assert not {"US/Eastern", "Etc/GMT+3", "EST", "GB"} & set(zone_names())
    assert 'value="US/Eastern"' not in account


@pytest.mark.django_db
def test_no_calendar_of_the_admin_corrects_what_was_typed(tree, client):
    client.force_login(User.objects.create_superuser("boss", "boss@example.org", "p"))
    form = client.get(reverse("wagtailadmin_pages:add", args=["content", "eventpage", tree.events.pk]))
    configured = form.content.decode().replace("&quot;", '"')
    assert configured.count('"dayOfWeekStart"') == configured.count('"validateOnBlur": false') > 3
