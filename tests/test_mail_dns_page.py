"""The page of the admin about mail and the DNS."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from harmhub.mail.dns.report import report
from harmhub.mail.dns.sending import Sending
from harmhub.mail.keys import record_of
from tests.fixtures.names import site_key

PAGE = "/admin/mails/dns/"


def signed_in(client, group: str):
    user = get_user_model().objects.create_user("somebody", password="somebody")
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)
    return client


@pytest.fixture
def moderator(db, client):
    return signed_in(client, "Moderators")


def test_who_may_see_the_mails_reads_how_it_is_and_may_ask_again(well_named_site, moderator):
    assert reverse("mail:dns") == PAGE
    page = moderator.get(PAGE)
    assert "Nothing is missing or wrong." in page.text
    assert "v=spf1 a:smtp.example.net -all" in page.text
    assert page.text.count("dns-badge--good") >= 9
    assert f'href="{PAGE}"' in page.text
    asked = len(well_named_site.asked)
    moderator.get(PAGE)
    assert len(well_named_site.asked) == 2 * asked


def test_what_is_missing_comes_with_the_record_to_publish(well_named_site, moderator):
    for name in ("mail.example.org", "spring._domainkey.mail.example.org", "_dmarc.mail.example.org"):
        well_named_site.text(name)
    page = moderator.get(PAGE).text
    assert "3 things are missing or wrong" in page
    for text in ("v=spf1 a:smtp.example.net ~all", record_of(site_key()), "v=DMARC1; p=none"):
        assert f'<code dir="ltr">{text}</code>' in page.replace("&#x2B;", "+")
    assert "spring._domainkey.mail.example.org" in page
    assert "PRIVATE" not in page


def test_while_nobody_answers_the_page_says_so(settings, name_server, well_named_site, moderator):
    well_named_site.is_silent = True
    page = moderator.get(PAGE)
    assert page.status_code == 200
    assert "as far as can be seen" in page.text
    assert "did not answer in time" in page.text


@pytest.mark.django_db
def test_who_may_not_see_the_mails_sees_nothing_and_asks_nobody(well_named_site, client):
    assert client.get(PAGE).status_code == 302
    editor = signed_in(client, "Editors")
    assert editor.get(PAGE).status_code == 302
    assert PAGE not in editor.get("/admin/").text
    assert well_named_site.asked == []


def test_the_way_there_is_among_the_settings(well_named_site, moderator):
    assert PAGE in moderator.get("/admin/").text
    assert moderator.post(PAGE).status_code == 405


HOSTILE = [
    "v=spf1 <script>alert(1)</script> -all",
    "v=spf1 include:<b>.example -all",
    "v=spf1 include:" + "a" * 300 + ".example include:.. redirect=.",
    "v=spf1 include:\\999.example a:*.example mx:bücher.example -all",
    "v=spf1 " + "ip4:192.0.9.1 " * 4_000,
    "v=spf1 include:mail.example.org redirect=mail.example.org",
    "v=DMARC1; p=<script>alert(1)</script>",
    "v=DMARC1; p=reject; p=none",
    "v=DMARC1; =; p",
    "v=DKIM1; p=" + "A" * 30_000,
    "v=DKIM1; p=%%%; k=<i>",
    "\x00\x1b[2J\x7f\u202eevil",
    "",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_records_are_shown_as_text_and_break_nothing(well_named_site, moderator, text):
    text = text.encode().decode("latin-1")
    for name in ("mail.example.org", "spring._domainkey.mail.example.org", "_dmarc.mail.example.org"):
        well_named_site.text(name, text)
    page = moderator.get(PAGE)
    assert page.status_code == 200
    main = page.text[page.text.index('<div class="dns">') :]
    for unsafe in ("<script>alert", "<b>.example", "<i>", "\x00", "\x1b", "\u202e"):
        assert unsafe not in main
    assert len(main) < 60_000


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=some.lists(
        some.text(alphabet='v=spf1DMARCKI;: ampxincludetr/%{}.-+~?0248\\"', max_size=80), max_size=3
    ),
    version=some.sampled_from(["", "v=spf1 ", "v=DMARC1;", "v=DKIM1;"]),
)
def test_no_record_breaks_the_report(well_named_site, texts, version):
    told = [version + text for text in texts]
    for name in ("mail.example.org", "spring._domainkey.mail.example.org", "_dmarc.mail.example.org"):
        well_named_site.text(name, *told)
    assert len(report(Sending.of_site())) == 5
