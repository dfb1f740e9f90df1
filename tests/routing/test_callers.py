"""Who is answered: lists of numbers and names, callers without a number, and who is let in whatever the lists say."""

import pytest

from mailfax.routing.callers import CallerRules, refusal

LISTS = CallerRules(
    allow=("49301234567", "4940*"),
    reject=("4930*", "555xxxx"),
    reject_names=("*spam*", "Telemarket?ng"),
)


@pytest.mark.parametrize(
    ("caller", "name", "why"),
    [
        ("+49 30 99", "", "The caller +49 30 99 is rejected by 4930*."),
        ("5551234", "", "The caller 5551234 is rejected by 555xxxx."),
        ("55512345", "", None),
        ("4930-1234567", "Great SPAM Ltd", None),
        ("494012", "telemarketing", None),
        ("1", "Great SPAM Ltd", "The caller's name Great SPAM Ltd is rejected by *spam*."),
        ("1", "TELEMARKETING", "The caller's name TELEMARKETING is rejected by Telemarket?ng."),
        ("1", "Telemarket[i]ng", None),
        ("", "", None),
    ],
)
def test_lists(caller: str, name: str, why: str | None) -> None:
    assert refusal(caller, name, LISTS) == why


def test_a_caller_without_a_number_is_refused_where_one_is_wanted() -> None:
    assert refusal("", "ACME", CallerRules(reject_unknown=True)) == "The caller gives no number."
    assert refusal("1", "", CallerRules(reject_unknown=True)) is None


def test_where_only_some_are_allowed_nobody_else_is() -> None:
    rules = CallerRules(allow=("4940*",), only_allowed=True)
    assert refusal("49401", "", rules) is None
    assert refusal("4930", "", rules) == "The caller 4930 is not among those that are allowed."
    assert refusal("", "", rules) == "The caller without a number is not among those that are allowed."
