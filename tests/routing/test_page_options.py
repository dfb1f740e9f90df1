"""What a sender may ask of a fax: read from headers, subject tags and the suffix of an address; what is not known is named (MI9)."""

import pytest

from mailfax.model.options import (
    OPTIONS,
    OptionFault,
    PaperSize,
    SendOptions,
    asked_in_mail,
    asked_in_suffix,
    drawn_for,
    page_options,
    send_options,
    split_suffix,
    without_tags,
)
from mailfax.model.page import Resolution
from mailfax.model.photo import PhotoScreen


def test_headers_ask_in_any_letters_and_other_headers_do_not() -> None:
    fields = [("To", "a@b"), ("x-fax-PAPER", " Letter "), ("X-Fax-Photo", "BEST"), ("X-Fax-Password", " S3cret ")]
    asked = page_options(asked_in_mail(fields, "Hello"))
    assert (asked.paper, asked.photos, asked.password) == (PaperSize.LETTER, PhotoScreen.BEST, "S3cret")


def test_a_forwarded_fax_keeps_the_headers_that_this_gateway_wrote() -> None:
    assert asked_in_mail([("X-Fax-Id", "F1"), ("X-Fax-CSID", "1"), ("X-Fax-Quality", "good")], "") == {}


@pytest.mark.parametrize(
    ("subject", "asked", "faxed"),
    [
        ("[standard] Offer", {"resolution": "standard"}, "Offer"),
        (" [Fine paper=LEGAL] Offer [2]", {"resolution": "fine", "paper": "legal"}, "Offer [2]"),
        ("[nocover fine] Offer", {"cover": "none", "resolution": "fine"}, "Offer"),
        ("[cover=Sales] Offer", {"cover": "sales"}, "Offer"),
        ("[a-list] Offer", {}, "[a-list] Offer"),
        ("[Fine Arts] Exhibition", {}, "[Fine Arts] Exhibition"),
        ("[Fwd: standard] Offer [standard]", {}, "[Fwd: standard] Offer [standard]"),
        ("Re: [standard] Offer", {}, "Re: [standard] Offer"),
        ("[] Offer", {}, "[] Offer"),
    ],
)
def test_tags_stand_first_in_the_subject(subject: str, asked: dict[str, str], faxed: str) -> None:
    assert asked_in_mail([], subject) == asked
    assert without_tags(subject) == faxed


@pytest.mark.parametrize("subject", ["[paper=a0] Offer", "[standard paper=a0] Offer"])
def test_a_value_that_is_not_known_is_named_also_in_a_tag(subject: str) -> None:
    with pytest.raises(OptionFault, match="paper=a0 is not known here"):
        asked_in_mail([], subject)


@pytest.mark.parametrize("subject", ["[password=Geheim7] Offer", "[my password=Geheim7] Offer"])
def test_a_password_in_brackets_is_neither_printed_nor_logged(subject: str) -> None:
    with pytest.raises(OptionFault, match="taken from the header") as fault:
        asked_in_mail([], subject)
    assert "Geheim7" not in str(fault.value)


def test_the_nearest_to_the_recipient_wins() -> None:
    mail = asked_in_mail([("X-Fax-Resolution", "standard"), ("X-Fax-Paper", "legal")], "[fine] Hello")
    assert mail == {"resolution": "fine", "paper": "legal"}
    own = send_options(asked_in_suffix(("standard",)))
    assert own.over(send_options(mail)).resolution is Resolution.STANDARD
    assert SendOptions().over(send_options(mail)).resolution is Resolution.FINE


@pytest.mark.parametrize(
    ("word", "resolution"),
    [("superfine", Resolution.SUPERFINE), ("300", Resolution.INCH_300), ("400", Resolution.ULTRAFINE)],
)
def test_resolutions_beyond_fine_and_what_is_drawn_for_them(word: str, resolution: Resolution) -> None:
    asked = asked_in_mail([("X-Fax-Resolution", word)], "[400] Offer")
    assert asked == {"resolution": word}  # a number in brackets is part of the subject
    assert send_options(asked).resolution is resolution
    assert page_options(asked).dense is resolution
    assert drawn_for([resolution, None, Resolution.STANDARD]) is resolution
    assert drawn_for([resolution, Resolution.INCH_400]) is Resolution.ULTRAFINE
    assert asked_in_suffix((f"resolution={word}",)) == {"resolution": word}
    assert send_options(asked).held_against(SendOptions(resolution=Resolution.FINE)) == (f"resolution={word}",)


@pytest.mark.parametrize(
    ("local", "number", "words"),
    [
        ("5551234+standard", "5551234", ("standard",)),
        ("+12025551234+resolution=standard", "+12025551234", ("resolution=standard",)),
        ("5551234#1387+fine+standard", "5551234#1387", ("fine", "standard")),
        ("FAX=+12025551234/T33S=1387+fine", "FAX=+12025551234/T33S=1387", ("fine",)),
        ('"202 555 1234+fine"', '"202 555 1234"', ("fine",)),
        ("+12025551234", "+12025551234", ()),
        ("FAX=+12025551234", "FAX=+12025551234", ()),
        ("+p1", "+p1", ()),
    ],
)
def test_a_suffix_is_split_off_and_a_plus_before_digits_is_none(
    local: str, number: str, words: tuple[str, ...]
) -> None:
    assert split_suffix(local) == (number, words)


@pytest.mark.parametrize(
    ("fields", "words", "sentence"),
    [
        (
            [("X-Fax-Resolution", "hyperfine")],
            (),
            "X-Fax-Resolution: hyperfine is not known here; it can be standard, fine, superfine, 300, 400.",
        ),
        ([("X-Fax-Colour", "red")], (), "The header X-Fax-Colour is not known here; there are X-Fax-Resolution, "),
        ([("X-Fax-Paper", "")], (), "X-Fax-Paper: nothing is not known here; it can be a4, letter, legal, b4, a3."),
        ([("X-Fax-Paper", "a4"), ("X-Fax-Paper", "legal")], (), "X-Fax-Paper stands there twice"),
        ([("X-Fax-Photo", "b\u00e9st\r\nX")], (), "X-Fax-Photo: b?st??X is not known"),
        ([("X-Fax-Cover", "../x")], (), "../x is no name of a cover"),
        ([], ("paper=legal",), "paper= holds for a whole mail; write it as the header X-Fax-Paper."),
        ([], ("password=Geheim7",), "A password is taken from the header X-Fax-Password only."),
        ([], ("anna",), "anna is not an option of a fax"),
    ],
)
def test_what_is_not_known_is_named(fields: list[tuple[str, str]], words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(OptionFault) as fault:
        asked_in_suffix(words) if words else asked_in_mail(fields, "")
    assert sentence in str(fault.value)
    assert "Geheim7" not in str(fault.value)


def test_every_option_has_a_header_and_a_meaning() -> None:
    headers = [option.header for option in OPTIONS]
    assert len(set(headers)) == len(headers)
    assert {"X-Fax-Resolution", "X-Fax-Send-At", "X-Fax-Not-After", "X-Fax-Hours", "X-Fax-Priority"} <= set(headers)
    assert all(option.meaning for option in OPTIONS)
