"""Numbers of lists in the admin: the listing, the chart, and who sees them."""

import csv
import io
from datetime import date, timedelta
from itertools import product

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from harmhub.days import today
from harmhub.users.models import User
from newsletter.charts import Chart
from newsletter.models import List, Subscriber, Subscription, Tally
from newsletter.numbers import DAY, WEEK, Span
from newsletter.subscribing import end
from tests.factories import Tree, list_of
from tests.fixtures.following import READER
from tests.fixtures.following import follow_now as follow


def logged_in(*permissions: str) -> Client:
    user = User.objects.create_user(username="editor", password="x")
    codenames = ["access_admin", *permissions]
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def editor(db) -> Client:
    return logged_in("view_list")


def rows_of(answer) -> list[dict]:
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def test_lists_are_listed_with_their_numbers_and_those_nobody_ever_had_are_not(editor, tree: Tree):
    for number in range(3):
        follow(tree.health, f"reader{number}@example.org")
    end(follow(tree.justice))
    list_of(tree.harm_reduction)
    Tally.objects.create(list=list_of(tree.health), day=today(), signed_up=1234)
    rows = rows_of(editor.get(reverse("list:index"), {"export": "csv"}))
    assert [[*row.values()] for row in rows] == [
        ["Health", "English", "3", "0", "1234", "0"],
        ["Justice", "English", "0", "0", "0", "1"],
    ]
    page = editor.get(reverse("list:index")).content.decode()
    assert "Health" in page
    assert "Harm Reduction" not in page


def test_lists_are_found_by_words_of_their_names_and_sorted(editor, tree: Tree):
    follow(tree.health)
    follow(None)
    voices = List.objects.kept(List(page=tree.justice, locale=tree.justice.locale, kind="voices"))
    Subscription.objects.create(subscriber=Subscriber.objects.get(), list=voices)

    def found(**query: str) -> list[str]:
        return [row["List"] for row in rows_of(editor.get(reverse("list:index"), query | {"export": "csv"}))]

    assert found(q="voices just") == ["Justice · Voices"]
    assert found(q="fennmark") == ["Fennmark Foundation"]
    assert found(q="nothing") == []
    assert found(ordering="title") == ["Fennmark Foundation", "Health", "Justice · Voices"]
    assert found(ordering="-title") == ["Justice · Voices", "Health", "Fennmark Foundation"]


def test_listing_asks_as_much_for_three_lists_as_for_twelve(editor, tree: Tree):
    counts = []
    editor.get(reverse("list:index"))
    pages = [tree.health, tree.justice, tree.harm_reduction]
    for kinds in ([""], ["voices", "event", "publication"]):
        for kind, page in product(kinds, pages):
            followed = List.objects.kept(List(page=page, locale=page.locale, kind=kind, program=tree.program))
            List.objects.filter(pk=followed.pk).update(was_followed=True)
        with CaptureQueriesContext(connection) as queries:
            page = editor.get(reverse("list:index")).content.decode()
        assert page.count("Health and Rights") >= 3 * len(kinds)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_only_who_may_see_lists_sees_numbers_and_she_sees_no_address(tree: Tree):
    follow(tree.health)
    about = List.objects.get()
    addresses = [reverse("list:index"), reverse("list:everybody"), reverse("list:inspect", args=[about.pk])]
    nobody = logged_in("view_subscription")
    for address in addresses:
        for query in ({}, {"export": "csv"}):
            assert nobody.get(address, query).status_code == 302
            assert Client().get(address, query).status_code == 302
    User.objects.all().delete()
    editor = logged_in("view_list")
    for address in addresses:
        assert READER not in editor.get(address).content.decode()
    assert reverse("subscriber:index") not in editor.get(addresses[-1]).content.decode()
    assert not ModelLogEntry.objects.exists()


def test_numbers_of_a_list_are_a_chart_with_a_table_and_a_file(editor, tree: Tree):
    follow(tree.health)
    about = List.objects.get()
    Tally.objects.create(list=about, day=today() - timedelta(days=100), joined=2000)
    Tally.objects.create(list=about, day=today() - timedelta(days=3), signed_up=7, left=4, imported=50)
    address = reverse("list:inspect", args=[about.pk])
    page = editor.get(address).content.decode()
    assert page.count('<path class="line"') == 1
    assert "2,047" in page
    assert "style=" not in page.partition('<div class="numbers">')[2].partition("</figure>")[0]
    rows = rows_of(editor.get(address, {"export": "csv"}))
    assert len(rows) == 90
    assert [row["Subscribers"] for row in rows[-5:]] == ["2000", "2046", "2046", "2046", "2047"]
    assert [rows[-4][name] for name in ("Sign-ups", "Confirmed", "Imported", "Left")] == ["7", "0", "50", "4"]
    weeks = rows_of(editor.get(address, {"export": "csv", "of": "year"}))
    assert len(weeks) == 15
    assert (weeks[-1]["Subscribers"], weeks[-1]["Left"], weeks[-1]["To"]) == ("2047", "4", str(today()))
    assert weeks[0]["Confirmed"] == "2000"
    assert editor.get(address, {"export": "xlsx"}).status_code == 200


def test_numbers_of_the_organisation_count_each_person_once(editor, tree: Tree):
    follow(tree.health)
    follow(tree.justice)
    [row] = rows_of(editor.get(reverse("list:everybody"), {"export": "csv"}))
    assert (row["Subscribers"], row["Confirmed"]) == ("1", "1")


@pytest.mark.parametrize("of", ["", "days", "year", "\ud800", "x" * 5000])
def test_numbers_of_what_was_never_counted_are_a_page_too(editor, tree: Tree, of: str):
    about = list_of(tree.health)
    query = {"of": of.encode(errors="replace").decode()}
    assert (
        "Nothing has been counted"
        in editor.get(reverse("list:inspect", args=[about.pk]), query).content.decode()
    )
    assert editor.get(reverse("list:everybody"), query | {"export": "csv"}).status_code == 200
    assert editor.get(reverse("list:inspect", args=[about.pk + 1])).status_code == 404


@pytest.mark.parametrize(
    ("numbers", "labels"),
    [
        ([0], ["0", "1"]),
        ([3, 4], ["0", "1", "2", "3", "4"]),
        ([12_000, 12_040], ["12,000", "12,010", "12,020", "12,030", "12,040"]),
        ([0, 999], ["0", "500", "1,000"]),
    ],
)
def test_an_axis_has_few_round_labels_and_begins_at_zero_unless_little_happens_far_above(numbers, labels):
    spans = [Span(date(2026, 6, day), date(2026, 6, day), each) for day, each in enumerate(numbers, 1)]
    chart = Chart(spans, 90, DAY)
    assert [tick.label for tick in chart.line_axis.ticks] == labels
    assert bool(chart.area) is (numbers[0] < 12_000)


def test_months_stand_where_they_begin():
    spans = [Span(date(2026, 6, day), date(2026, 6, day), 1) for day in range(1, 11)]
    months = Chart(spans, 20, DAY).months
    assert [(each.label, each.at) for each in months] == [("Jun", "50.000%")]
    week = [Span(date(2025, 12, 29), date(2026, 1, 4), 1)]
    assert [each.label for each in Chart(week, 52, WEEK).months][-1] == "Dec"


def test_one_subscriber_is_told_of_in_the_singular():
    spans = [Span(date(2026, 6, day), date(2026, 6, day), day, signed_up=day) for day in (1, 2)]
    chart = Chart(spans, 90, DAY)
    assert "1 subscriber at first, 2 at last" in chart.told
    assert "1 subscriber, 1 sign-up," in chart.places[0].told
    assert "2 subscribers, 2 sign-ups," in chart.places[1].told
