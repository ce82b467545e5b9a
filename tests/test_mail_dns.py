"""What the admin says of the DNS, which a real name server tells it."""

import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from harmhub.mail.dns import asking
from harmhub.mail.dns.finding import State
from harmhub.mail.dns.report import report
from harmhub.mail.dns.sending import Sending
from harmhub.mail.keys import record_of
from tests.fixtures.names import site_key

KEY, OTHER = site_key(), generate_private_key(65537, 2048)
GOOD, BETTER, MISSING, WRONG, UNKNOWN = State


@pytest.fixture
def site(well_named_site):
    return well_named_site


def findings(name: str) -> list[tuple[State, str]]:
    """Return state and words of what is said of one subject."""
    [section] = [each for each in report(Sending.of_site()) if each.name == name]
    return [(each.state, each.text) for each in section.findings]


def states(name: str) -> list[State]:
    return [state for state, _text in findings(name)]


def test_where_all_is_well_all_is_good(site):
    told = {section.name: section for section in report(Sending.of_site())}
    assert {each.state for section in told.values() for each in section.findings} == {GOOD}
    assert [*told] == ["sender", "spf", "dkim", "dmarc", "mx"]
    assert ("mail.example.org", "TXT") in site.asked
    assert len(site.asked) == len(set(site.asked)), "nothing is asked twice"


SPF = {
    "ends openly": (["v=spf1 a:smtp.example.net"], BETTER, "says nothing of other servers"),
    "ends neutrally": (["v=spf1 a:smtp.example.net ?all"], BETTER, "says nothing of other servers"),
    "lets everybody": (["v=spf1 +all"], WRONG, "every server in the world"),
    "lets everybody, in short": (["v=spf1 all"], WRONG, "every server in the world"),
    "is there twice": (["v=spf1 -all", "v=spf1 mx -all"], WRONG, "several SPF records"),
    "has an unknown word": (["v=spf1 ipv4:192.0.9.1 -all"], WRONG, "“ipv4:192.0.9.1”"),
    "has a word without its value": (["v=spf1 include: -all"], WRONG, "“include:”"),
    "has an address that is none": (["v=spf1 ip4:1.2.3 -all"], WRONG, "“ip4:1.2.3”"),
    "goes on in a way that depends": (["v=spf1 redirect=%{d}.example"], UNKNOWN, "(redirect)"),
    "goes on elsewhere": (["v=spf1 redirect=none.example"], WRONG, "“none.example”"),
    "includes what has none": (["v=spf1 include:none.example -all"], WRONG, "“none.example”"),
    "includes itself": (["v=spf1 include:mail.example.org -all"], WRONG, "more than 10 look-ups"),
    "asks too often": (
        [f"v=spf1 {' '.join(f'a:h{n}.example' for n in range(11))} -all"],
        WRONG,
        "more than 10",
    ),
    "is no SPF record": (["v=spf10 -all", "spf1"], MISSING, "no SPF record"),
}


@pytest.mark.parametrize(("records", "state", "words"), SPF.values(), ids=SPF)
def test_an_spf_record_that(site, records, state, words):
    site.text("mail.example.org", *records)
    assert any(found == state and words in text for found, text in findings("spf")), findings("spf")


COVERING = {
    "v=spf1 ip4:192.0.9.0/24 -all": GOOD,
    "v=spf1 IP4:192.0.9.25 ~ALL": GOOD,
    "v=spf1 a:other.example/24 -all": GOOD,
    "v=spf1 mx:mx.example ~all": GOOD,
    "v=spf1 include:outer.example -all": GOOD,
    "v=spf1 redirect=outer.example": GOOD,
    "v=spf1 ip6:2001:db8::/32 -all": BETTER,
    "v=spf1 -ip4:192.0.9.25 ip4:192.0.9.0/24 -all": BETTER,
    "v=spf1 -all": BETTER,
    "v=spf1 a -all": BETTER,
    "v=spf1 exists:%{i}.example -all": UNKNOWN,
    "v=spf1 ptr -all": UNKNOWN,
    "v=spf1 include:%{d}.example ip4:192.0.9.25 -all": UNKNOWN,
}


@pytest.mark.parametrize(("record", "state"), COVERING.items())
def test_whether_spf_covers_the_mail_server_is_told_where_it_can_be(site, record, state):
    site.text("mail.example.org", record)
    site.text("outer.example", "v=spf1 include:inner.example -all")
    site.text("inner.example", "v=spf1 ip4:192.0.9.25 ?all")
    site.records["other.example", "A"] = ["192.0.9.1"]
    site.records["mx.example", "MX"] = ["10 away.example.", "20 smtp.example.net."]
    found, words = findings("spf")[-1]
    assert (found, "smtp.example.net" in words) == (state, True)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "mailhost", "10.0.0.1", "::1", "away.example.net"]
)
def test_of_a_mail_server_without_an_address_of_its_own_nothing_is_claimed(site, settings, host):
    settings.MAILERS["outgoing"]["OPTIONS"]["host"] = host
    assert findings("spf")[-1][0] == UNKNOWN
    site.text("mail.example.org")
    [section] = [each for each in report(Sending.of_site()) if each.name == "spf"]
    assert section.findings[0].publish.text in {"v=spf1 mx ~all", f"v=spf1 a:{host} ~all"}


DKIM = {
    "is missing": ([], MISSING, "not published"),
    "has another key": ([record_of(OTHER)], WRONG, "Another key"),
    "was taken back": (["v=DKIM1; p="], WRONG, "taken back"),
    "is there twice": ([record_of(KEY), record_of(OTHER)], WRONG, "several records"),
    "has no key": (["v=spf1 -all"], WRONG, "no key in it"),
    "is of another version": ([record_of(KEY).replace("DKIM1", "DKIM2")], WRONG, "another part"),
    "is of another kind": ([record_of(KEY).replace("k=rsa", "k=ed25519")], WRONG, "another part"),
    "is for another hash": ([record_of(KEY) + "; h=sha1"], WRONG, "another part"),
    "is not for mail": ([record_of(KEY) + "; s=tlsrpt"], WRONG, "another part"),
    "is for tests": ([record_of(KEY) + "; t=s:y"], BETTER, "only testing"),
    "has no base64": (["p=hello!"], WRONG, "Another key"),
    "is no list": (["hello"], WRONG, "no key in it"),
}


@pytest.mark.parametrize(("records", "state", "words"), DKIM.values(), ids=DKIM)
def test_a_dkim_record_that(site, records, state, words):
    site.text("spring._domainkey.mail.example.org", *records)
    found, text = findings("dkim")[-1]
    assert (found, words in text) == (state, True), text


def test_a_dkim_record_may_be_written_in_other_ways(site):
    spki, pkcs1 = (
        KEY.public_key().public_bytes(serialization.Encoding.PEM, form).decode().split("-----")[2]
        for form in (serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1)
    )
    for text in (
        f"p={' '.join(spki.split())};",
        f"v=DKIM1;h=sha256:sha1;s=*; k=rsa;p={''.join(pkcs1.split())}",
    ):
        site.text("spring._domainkey.mail.example.org", text)
        assert states("dkim") == [GOOD], text


def test_where_the_site_does_not_sign_it_says_what_cannot_be_seen(site, settings):
    settings.DKIM_KEY = None
    [(state, words)] = findings("dkim")
    assert state == UNKNOWN
    assert "does not sign" in words
    assert not any("_domainkey" in name for name, _kind in site.asked)


def test_a_weak_key_could_be_better(site, settings):
    settings.DKIM_KEY = weak = generate_private_key(65537, 1024)
    site.text("spring._domainkey.mail.example.org", record_of(weak))
    assert states("dkim") == [GOOD, BETTER]


DMARC = {
    "is missing": ([], MISSING, "no DMARC record"),
    "is of another version": (["v=DMARC2; p=none"], MISSING, "no DMARC record"),
    "only watches": (["v=DMARC1; p=none"], BETTER, "do nothing"),
    "sets aside": (["v=DMARC1;p=Quarantine;adkim=s;aspf=s"], GOOD, "set aside"),
    "is for a part": (["v=DMARC1; p=quarantine; pct=20"], BETTER, "set aside"),
    "has no policy": (["v=DMARC1; rua=mailto:a@example.org"], WRONG, "no policy"),
    "has a policy nobody knows": (["v=DMARC1; p=destroy"], WRONG, "no policy"),
    "is there twice": (["v=DMARC1; p=none", "v=DMARC1; p=reject"], WRONG, "several DMARC records"),
}


@pytest.mark.parametrize(("records", "state", "words"), DMARC.values(), ids=DMARC)
def test_a_dmarc_record_that(site, records, state, words):
    site.text("_dmarc.mail.example.org", *records)
    assert any(found == state and words in text for found, text in findings("dmarc")), findings("dmarc")


@pytest.mark.parametrize(("record", "state"), [("p=reject", GOOD), ("p=reject; sp=none", BETTER)])
def test_a_domain_without_a_policy_has_that_of_the_one_above(site, record, state):
    site.text("_dmarc.mail.example.org")
    site.text("_dmarc.example.org", f"v=DMARC1; {record}")
    assert "that of example.org" in findings("dmarc")[0][1]
    assert findings("dmarc")[1][0] == state
    assert not any(name == "_dmarc.org" for name, _kind in site.asked)


def test_a_strict_policy_is_wrong_while_nothing_vouches_for_the_mail(site):
    site.text("mail.example.org")
    assert states("dmarc")[1] == GOOD, "DKIM does"
    site.text("spring._domainkey.mail.example.org")
    assert states("dmarc")[1] == WRONG


@pytest.mark.parametrize(
    ("envelope", "tags", "key", "state"),
    [
        ("mail.example.org", "; aspf=s; adkim=s", None, GOOD),
        ("bounces.mail.example.org", "", None, GOOD),
        ("bounces.mail.example.org", "; aspf=s", None, WRONG),
        ("bounces.mail.example.org", "; aspf=s", KEY, GOOD),
        ("provider.example.net", "", None, WRONG),
        ("provider.example.net", "", KEY, GOOD),
    ],
)
def test_an_envelope_of_another_domain_is_aligned_where_it_lies_below(
    site, settings, envelope, tags, key, state
):
    site.text("_dmarc.mail.example.org", f"v=DMARC1; p=none{tags}")
    site.text(envelope, "v=spf1 -all")
    settings.DKIM_KEY = key
    sending = Sending.of_site()
    told = {each.name: each for each in report(Sending(**(vars(sending) | {"envelope": envelope})))}
    assert told["dmarc"].findings[-1].state == state


MX = {
    "takes none": ({("mail.example.org", "MX"): ["0 ."]}, WRONG, "takes no mail"),
    "has only an address": ({("mail.example.org", "A"): ["192.0.9.1"]}, BETTER, "no MX record"),
    "has nothing": ({}, MISSING, "no MX record and no address"),
}


@pytest.mark.parametrize(("records", "state", "words"), MX.values(), ids=MX)
def test_a_domain_that_as_to_mail(site, records, state, words):
    del site.records["mail.example.org", "MX"]
    site.records |= records
    [(found, text)] = findings("mx")
    assert (found, words in text) == (state, True)


@pytest.mark.parametrize("address", ["updates@localhost", "a@hub.local", "a@127.0.0.1", "nobody", "a@b..org"])
def test_a_sender_at_no_domain_is_wrong_and_nobody_is_asked(site, settings, address):
    settings.DKIM_KEY, settings.DEFAULT_FROM_EMAIL = None, address
    [section] = report(Sending.of_site())
    assert [each.state for each in section.findings] == [WRONG]
    assert site.asked == []


def test_a_sender_of_another_domain_than_the_site_is_mentioned(site, settings):
    settings.PUBLIC_URL = "https://www.example.com"
    assert states("sender") == [GOOD, BETTER]


def test_what_cannot_be_asked_is_told_apart_from_what_is_not_there(site):
    site.broken = {"_dmarc.mail.example.org", "outer.example"}
    assert findings("dmarc") == [(UNKNOWN, "The DNS could not be asked, or did not answer in time.")]
    site.text("mail.example.org", "v=spf1 include:outer.example -all")
    assert states("spf") == [GOOD, GOOD, UNKNOWN, UNKNOWN]


def test_a_resolver_that_never_answers_takes_five_seconds_at_most(site):
    site.is_silent = True
    begun = time.monotonic()
    told = report(Sending.of_site())
    assert time.monotonic() - begun < asking.SECONDS_IN_ALL + 1
    assert {each.state for section in told[1:] for each in section.findings} == {UNKNOWN}


def test_a_machine_without_a_resolver_says_so(site, settings, monkeypatch):
    settings.DNS_SERVER = None
    monkeypatch.setattr("dns.resolver.Resolver.read_resolv_conf", _none)
    assert states("spf") == [UNKNOWN]


def _none(resolver, file):
    import dns.resolver

    raise dns.resolver.NoResolverConfiguration


def test_a_long_answer_is_asked_for_again_by_tcp(site):
    site.text("mail.example.org", "v=spf1 a:smtp.example.net -all", *(f"{n}{'x' * 200}" for n in range(40)))
    assert states("spf") == [GOOD] * 4
    assert site.asked.count(("mail.example.org", "TXT")) == 2
