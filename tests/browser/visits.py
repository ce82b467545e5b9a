"""One visit for every public page and state that a reader can meet."""

from dataclasses import dataclass

from playwright.sync_api import Page, Response

from tests.browser import ways
from tests.browser.hub import HARM_REDUCTION, Hub
from tests.browser.ways import Way, at, by_link, of
from tests.fixtures.site import Site


@dataclass(frozen=True)
class Visit:
    """``way(page, hub, site)`` leads to the page that is meant, which is made of ``template`` and answers
    ``status``."""

    name: str
    template: str
    way: Way
    status: int = 200


VISITS = [
    Visit("home", "content/home.html", at("/")),
    Visit("topic index", "topics/topic_index.html", at("/topics/")),
    Visit("area", "topics/topic.html", at("/topics/health/")),
    Visit("topic", "topics/topic.html", at(HARM_REDUCTION)),
    Visit("topic, one kind", "topics/topic.html", at(f"{HARM_REDUCTION}events/")),
    Visit("topic, one year", "topics/topic.html", at(f"{HARM_REDUCTION}2024/")),
    Visit("topic, older page", "topics/topic.html", ways.older),
    Visit("topic in Arabic", "topics/topic.html", at(f"/ar{HARM_REDUCTION}")),
    Visit("topic without work", "topics/topic.html", at("/topics/justice/")),
    Visit("topic, kind without work", "topics/topic.html", at("/topics/justice/events/")),
    Visit("program index", "topics/program_index.html", at("/programs/")),
    Visit("program", "topics/program.html", at("/programs/health-and-rights/")),
    Visit("person index", "topics/person_index.html", at("/people/")),
    Visit("person", "topics/person.html", at("/people/nadia-brenner/")),
    Visit("Voices index", "content/kind_index.html", at("/voices/")),
    Visit("event index", "content/kind_index.html", at("/events/")),
    Visit("publication index", "content/kind_index.html", at("/publications/")),
    Visit("Voices article", "content/voices.html", of("Voices article")),
    *(
        Visit(name, "content/event.html", of(name))
        for name in ("coming event", "past event", "cancelled event", "postponed event")
    ),
    Visit("publication", "content/publication.html", of("publication")),
    Visit("information page", "content/info.html", at("/staying-safe-online/")),
    Visit("contact form", "contact/form.html", ways.contact),
    Visit("contact error", "contact/form.html", ways.contact_error, 422),
    Visit("message sent", "contact/sent.html", ways.message_sent),
    Visit("message sent twice", "contact/repeated.html", ways.message_repeated),
    Visit("message to a topic that is gone", "contact/gone.html", ways.topic_gone, 404),
    Visit("message in a rush", "contact/form.html", ways.message_in_a_rush, 429),
    Visit("too many messages", "contact/form.html", ways.too_many_messages, 429),
    Visit("look-up", "contact/look_up.html", at("/contact/look-up/")),
    Visit("look-up in Arabic", "contact/look_up.html", at("/ar/contact/look-up/")),
    Visit("look-up in vain", "contact/look_up.html", ways.opened_by_nothing, 422),
    Visit("opened message", "contact/opened.html", ways.look_up),
    Visit("answered message", "contact/opened.html", ways.answered),
    Visit("no further words", "contact/opened.html", ways.no_further_words, 422),
    Visit("delete a message", "contact/delete.html", ways.delete),
    Visit("deleted message", "contact/deleted.html", ways.deleted),
    Visit("search", "content/search.html", at("/search/")),
    Visit("search results", "content/search.html", at("/search/?q=evening&kind=events&year=2024")),
    Visit("search for a mistyped word", "content/search.html", at("/search/?q=reductoin")),
    Visit("search in vain", "content/search.html", at("/search/?q=qqqqqq")),
    Visit("too many searches", "403.html", ways.too_many_searches, 429),
    Visit("newsletter", "newsletter/sign_up.html", at(f"/newsletter/?of={HARM_REDUCTION}events/")),
    Visit("sign-up error", "newsletter/sign_up.html", ways.sign_up_error, 422),
    Visit("signed up", "newsletter/check_mail.html", ways.signed_up),
    Visit("too many sign-ups", "newsletter/sign_up.html", ways.too_many_sign_ups, 429),
    Visit("confirm", "newsletter/confirm.html", by_link("confirm")),
    Visit("confirmed", "newsletter/confirmed.html", by_link("confirm", "Confirm")),
    Visit("dead link", "newsletter/dead_link.html", at("/newsletter/confirm/?t=unknown"), 404),
    Visit("leave", "newsletter/leave.html", by_link("leave")),
    Visit("left", "newsletter/left.html", by_link("leave", "Leave")),
    Visit("what she gets", "newsletter/manage.html", by_link("manage", "Save")),
    Visit("link that is too old", "newsletter/old_link.html", at("/newsletter/manage/?t=unknown"), 404),
    Visit("leave all lists", "newsletter/leave_all.html", by_link("manage/leave", purpose="manage")),
    Visit("another address", "newsletter/move.html", by_link("manage/address", purpose="manage")),
    Visit(
        "no other address",
        "newsletter/move.html",
        by_link("manage/address", "Ask both addresses", "manage"),
        422,
    ),
    Visit("both addresses asked", "newsletter/move_asked.html", ways.address_to_move_to),
    Visit("erase", "newsletter/erase.html", by_link("manage/erase", purpose="manage")),
    Visit("erased", "newsletter/erased.html", by_link("manage/erase", "Erase my address", "manage")),
    Visit("a link to ask for", "newsletter/ask_for_link.html", by_link("link", purpose="leave")),
    Visit("a link that was sent", "newsletter/link_sent.html", by_link("link", "Send me the link", "leave")),
    Visit("agree", "newsletter/agree.html", by_link("agree", purpose="receive")),
    Visit("agreed", "newsletter/agreed.html", by_link("agree", "Agree", "receive")),
    Visit("400", "400.html", at("/%00"), 400),
    Visit("403", "403.html", ways.strange_form, 403),
    Visit("404", "404.html", at("/nowhere/"), 404),
    Visit("405", "405.html", ways.form_to_a_page, 405),
    Visit("413", "400.html", ways.too_long, 413),
    Visit("500", "500.html", ways.broken, 500),
    Visit("503", "503.html", ways.without_database, 503),
    Visit("message without database", "contact/unavailable.html", ways.contact_without_database, 503),
    Visit("look-up without database", "contact/look_up_unavailable.html", ways.look_up_without_database, 503),
    Visit("sign-up without database", "newsletter/unavailable.html", ways.sign_up_without_database, 503),
    Visit("link without database", "newsletter/link_unavailable.html", ways.link_without_database, 503),
    Visit("page with a password", "wagtailcore/password_required.html", at("/for-members/")),
    Visit("wrong password", "wagtailcore/password_required.html", ways.wrong_password),
]


def answer_of(page: Page, visit: Visit, hub: Hub, site: Site) -> Response:
    """Make the visit; return the response that the page shown came with."""
    answers: list[Response] = []
    page.on(
        "response", lambda response: response.request.is_navigation_request() and answers.append(response)
    )
    visit.way(page, hub, site)
    page.wait_for_load_state("load")
    assert answers[-1].status == visit.status, f"{answers[-1].status} {page.url}"
    return answers[-1]
