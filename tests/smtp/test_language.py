"""The language files: whole, with no gap, and wrong ones refused with the place."""

from pathlib import Path

import pytest

from mailfax.model.outcome import Outcome
from mailfax.smtp.language import LanguageError, english, load_languages

IN_THE_DIALOGUE = {  # said by SMTP only, or of received faxes; no notice has them
    *("bad-number", "no-such-number", "not-our-domain", "not-permitted", "destination-denied", "not-your-address"),
    *("automatic-mail", "loop", "too-big", "too-many-recipients", "disk-full", "store-busy", "not-an-owner"),
    *("call-rejected", "not-a-fax", "mail-refused", "mail-deferred"),
    *("unknown-name", "not-proved", "proof-waits", "list-unreadable", "empty-list", "not-alone"),
}


def test_german_says_everything_that_english_says() -> None:
    languages = load_languages()
    german = languages["de"]
    assert german.phrases.keys() == languages["en"].phrases.keys()
    same = {key for key, phrase in german.phrases.items() if phrase == languages["en"].phrases[key]}
    assert same <= {"column_seconds"}, "not translated"
    missing = {outcome.code for outcome in Outcome} - german.outcomes.keys() - IN_THE_DIALOGUE
    assert missing == set()


def test_notes_of_the_spool_are_said_in_the_language() -> None:
    german = load_languages()["de"]
    assert german.note("Given up after 3 calls.") == "Nach 3 Anrufen aufgegeben."
    assert german.note("Page 7 was sent but not confirmed.") == "Seite 7 wurde gesendet, aber nicht bestätigt."
    assert german.note("Something else.") == "Something else."
    assert english().note("Given up after 3 calls.") == "Given up after 3 calls."


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("french.toml", "", "two or three small letters"),
        ("fr.toml", "x = [", "fr.toml: "),
        ("fr.toml", "[phrase]", "there is no table phrase"),
        ("fr.toml", '[phrases]\nhello = "x"', "there is no phrase hello"),
        ("fr.toml", '[phrases]\njob = "Travail {id}"', "{id} means nothing here; there are: job"),
        ("fr.toml", '[phrases]\njob = "Travail {"', "fr.toml: job: "),
        ("fr.toml", '[outcomes]\nbussy = ["a", "b", "c"]', "there is no outcome bussy"),
        ("fr.toml", '[outcomes]\nbusy = ["a", "b"]', "busy needs three texts"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(LanguageError) as refused:
        load_languages(tmp_path)
    assert said in str(refused.value)


def test_a_file_may_change_a_language_of_ours_in_part(tmp_path: Path) -> None:
    (tmp_path / "de.toml").write_text('[phrases]\ndelivered = "angekommen"\n')
    german = load_languages(tmp_path)["de"]
    assert (german.say("delivered"), german.say("held")) == ("angekommen", "zurückgehalten")
