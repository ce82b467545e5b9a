"""Addresses that pages have left lead to where they are now, and nowhere else."""

from urllib.parse import quote

from django.test import Client
from wagtail.contrib.redirects.models import Redirect

from tests.factories import Tree
from topics.models import TopicPage

OLD = "/topics/health/harm-reduction/drug-checking/"


def move(slug: str, below: str) -> None:
    TopicPage.objects.get(slug=slug).move(TopicPage.objects.get(slug=below), "last-child")


def led(client: Client, path: str) -> tuple[int, str]:
    answer = client.get(path)
    return answer.status_code, answer.headers.get("Location", "")


def test_page_that_moved_is_found_and_so_are_the_parts_of_its_listing(tree: Tree, client: Client):
    move("drug-checking", "justice")
    new = "/topics/justice/drug-checking/"
    for part in ("", "voices/", "program/health-and-rights/2024/", "since/2024-01-01-7/"):
        assert led(client, f"{OLD}{part}") == (301, f"{new}{part}")
    assert led(client, f"{OLD}?a=b") == (301, new)
    assert led(client, f"{OLD}nothing/") == (404, "")


def test_browser_asks_again_since_the_page_may_come_back(tree: Tree, client: Client):
    move("drug-checking", "justice")
    assert client.get(OLD).headers["Cache-Control"] == "no-cache"
    move("drug-checking", "harm-reduction")
    assert client.get(OLD).status_code == 200


def test_page_that_came_back_and_left_leads_nowhere(tree: Tree, client: Client):
    move("drug-checking", "justice")
    move("drug-checking", "harm-reduction")
    TopicPage.objects.get(slug="drug-checking").unpublish()
    assert led(client, OLD) == (404, "")
    assert led(client, "/topics/justice/drug-checking/") == (404, ""), "the address tells the title"


def test_alias_that_moved_leads_to_what_it_repeats(tree: Tree, client: Client):
    tree.drug_checking.create_alias(parent=tree.justice, update_slug="testing")
    move("testing", "health")
    for part in ("", "voices/"):
        assert led(client, f"/topics/justice/testing/{part}") == (301, f"{OLD}{part}")
    TopicPage.objects.get(slug="testing").unpublish()
    assert led(client, "/topics/justice/testing/") == (404, "")


def test_nobody_is_led_in_a_circle(tree: Tree, client: Client):
    for address in ("/old/", "http://testserver/old/", "https://testserver/old/?a=b"):
        Redirect.objects.all().delete()
        Redirect.add_redirect("/old", redirect_to=address)
        assert led(client, "/old/") == (404, "")
    Redirect.add_redirect("/дом", redirect_to=quote("/дом/"))
    assert led(client, "/дом/") == (404, ""), "the same address in other letters"


def test_same_address_on_another_host_is_no_circle(tree: Tree, client: Client):
    Redirect.add_redirect("/old", redirect_to="https://archive.example.org/old/")
    assert led(client, "/old/") == (301, "https://archive.example.org/old/")


def test_editors_lead_elsewhere_for_a_while_or_for_good(tree: Tree, client: Client):
    Redirect.add_redirect("/shop", redirect_to="https://shop.example.org/", is_permanent=False)
    Redirect.add_redirect("/us", redirect_to=tree.health)
    assert led(client, "/shop/") == (302, "https://shop.example.org/")
    assert led(client, "/us/") == (301, "/topics/health/")
    assert led(client, "/us/voices/") == (301, "/topics/health/voices/")
    assert led(client, "/shop/voices/") == (404, ""), "what is elsewhere has no such parts"
    assert client.post("/us/").status_code in (403, 404, 405)
