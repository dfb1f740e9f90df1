"""From a number as somebody wrote it to the number that is dialled, and the class of destination it is. Pure; asked by `outbound`.

Three forms: canonical (`+12025551234`, or the digits of a private plan), which addresses, reports and headers show; dialled (what
the plan's country or the domain's dial table makes of it); and the last digits on a line, which has a prefix of its own.

Emergency and short numbers are looked up before anything is parsed, and what would be dialled is looked up again at the
end: no prefix, area code or dial rule can make an emergency call of a fax.
"""

import re
from dataclasses import dataclass, replace
from typing import assert_never

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, ShortNumberCost, ValidationResult

from mailfax.model.address import FaxAddress
from mailfax.routing.kinds import Kind
from mailfax.routing.settings import Domain, E164Plan, PrivatePlan

# What is called in an emergency somewhere: a private plan does not say in which country its exchange stands. Those of the first
# line no plan can have; the others it has where one of its ranges says so, as 101 is often a telephone in the house.
_EMERGENCY_EVERYWHERE = frozenset({"000", "112", "911", "999"})
_EMERGENCY_SOMEWHERE = frozenset(
    [
        "100",
        "101",
        "102",
        "103",
        "104",
        "108",
        "110",
        "111",
        "113",
        "114",
        "115",
        "117",
        "118",
        "119",
        "190",
        "191",
        "193",
        "995",
        "997",
        "998",
    ]
)
_SATELLITE = {870, 878, 881, 882, 883}  # Inmarsat, universal, mobile satellite, international networks: ITU-T E.164
_INTERNATIONAL_PREMIUM = 979
_NANP = 1  # no trunk digit tells local numbers from others: seven digits are local, ten are not
_TYPES = {
    PhoneNumberType.PREMIUM_RATE: Kind.PREMIUM,
    PhoneNumberType.SHARED_COST: Kind.PREMIUM,
    PhoneNumberType.UAN: Kind.PREMIUM,
    PhoneNumberType.VOICEMAIL: Kind.PREMIUM,
    PhoneNumberType.PERSONAL_NUMBER: Kind.PREMIUM,  # +44 70 and its like: they follow a person at any price
    PhoneNumberType.PAGER: Kind.PREMIUM,
}
_PAY_PER_CALL = re.compile(
    r"\+1[2-9][0-9]{2}976[0-9]{4}"
)  # of each area in North America, which the metadata do not tell from others


class NumberFault(ValueError):
    """There is no such number; the text is one plain sentence for the sender."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One rule that was applied, and what came of it; `mailfax number explain` shows them."""

    rule: str
    result: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """A number that could be dialled. `country` (ISO 3166) is empty in a private plan and for numbers of no country."""

    canonical: str
    dialled: str
    kind: Kind
    country: str = ""
    steps: tuple[Step, ...] = ()


def destination(written: str, domain: Domain) -> Destination:
    """Find what a number (digits, perhaps with a + before them) means in a domain. Raises NumberFault."""
    match domain.plan:
        case PrivatePlan():
            found = _private(written, domain.name, domain.plan)
        case E164Plan():
            found = _e164(written, domain.plan)
        case _ as never:
            assert_never(never)
    return found


def dialled(address: FaxAddress, domain: Domain) -> str:
    """Return what is dialled for an address in canonical form. Raises NumberFault."""
    return destination(address.number, domain).dialled


def _private(written: str, name: str, plan: PrivatePlan) -> Destination:
    if _private_emergency(written, plan):
        return _emergency(written)
    if written.startswith("+"):
        wanted = " or ".join(map(str, sorted(plan.lengths)))
        raise NumberFault(f"{written} is in international form; numbers of {name} are {wanted} digits without +.")
    if len(written) not in plan.lengths:
        wanted = " or ".join(map(str, sorted(plan.lengths)))
        raise NumberFault(f"{written} has {len(written)} digits; numbers of {name} have {wanted}.")
    if plan.ranges and not _in_a_range(written, plan):
        ranges = ", ".join(f"{low}-{high}" for low, high in plan.ranges)
        raise NumberFault(f"{written} is in no range of {name}: {ranges}.")
    number, rule = _by_table(written, plan.dial)
    steps = (
        Step(rule="plan", result=f"{written} fits the private plan of {name}"),
        Step(rule=f"dial {rule}" if rule is not None else "dial as it stands", result=number),
    )
    if _private_emergency(number, plan):
        return _emergency(number, steps)
    return Destination(canonical=written, dialled=number, kind=Kind.INTERNAL, steps=steps)


def _in_a_range(number: str, plan: PrivatePlan) -> bool:
    return any(len(low) == len(number) and low <= number <= high for low, high in plan.ranges)


def _private_emergency(number: str, plan: PrivatePlan) -> bool:
    return number in _EMERGENCY_EVERYWHERE or (number in _EMERGENCY_SOMEWHERE and not _in_a_range(number, plan))


def _e164(written: str, plan: E164Plan) -> Destination:
    """Read a number as a telephone of `plan.country` would dial it."""
    if not written.startswith("+") and phonenumbers.is_emergency_number(written, plan.country):
        return _emergency(written)
    number = _parsed(written, plan.country)
    if not written.startswith("+") and phonenumbers.is_valid_short_number_for_region(number, plan.country):
        return _short(written, number, plan)
    steps: list[Step] = []
    if (local := _with_area_code(written, number, plan)) is not None:
        number = local
        steps.append(Step(rule=f"area code {plan.area_code}", result=f"{written} is a local number"))
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != ValidationResult.IS_POSSIBLE:
        raise NumberFault(f"{written} is no telephone number: {_WHY.get(reason, 'it is no possible number')}.")
    canonical = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    steps.insert(0, Step(rule=f"plan e164, country {plan.country}", result=canonical))
    kind, country = _kind(number, plan)
    dial, rule = _by_table(canonical, plan.dial)
    if rule is None:
        dial, rule = _as_in_country(number, plan.country), f"as dialled in {plan.country}"
    else:
        rule = f"dial {rule}"
    steps += [Step(rule="class", result=kind.value), Step(rule=rule, result=dial)]
    found = Destination(canonical=canonical, dialled=dial, kind=kind, country=country, steps=tuple(steps))
    if _calls_for_help(dial, plan.country, whole=_dials_whole(dial, number, plan.country)):
        return _emergency(dial, found.steps)
    return replace(found, kind=Kind.SHORT) if _dials_short(dial, plan.country) else found


_WHY = {
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "its area code is missing",
    ValidationResult.INVALID_COUNTRY_CODE: "there is no such country code",
    ValidationResult.TOO_SHORT: "it is too short",
    ValidationResult.INVALID_LENGTH: "numbers there have another length",
    ValidationResult.TOO_LONG: "it is too long",
}


def _parsed(written: str, country: str) -> PhoneNumber:
    try:
        return phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException as error:
        raise NumberFault(f"{written} is no telephone number of {country} or of any other country.") from error


def _with_area_code(written: str, number: PhoneNumber, plan: E164Plan) -> PhoneNumber | None:
    """Return a number that lacks its area code with it; None for one that is whole.

    It lacks it when it is too short to be whole, or begins without the digit that whole ones begin with and fits behind the area code.
    """
    own = phonenumbers.country_code_for_region(plan.country)
    if not plan.area_code or written.startswith("+") or number.country_code != own:
        return None
    local = _parsed(f"+{own}{plan.area_code}{written}", plan.country)
    if phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        return local
    trunk = phonenumbers.ndd_prefix_for_region(plan.country, True)
    if own == _NANP or trunk is None or written.startswith(trunk):
        return None
    return local if phonenumbers.is_possible_number(local) else None


def _kind(number: PhoneNumber, plan: E164Plan) -> tuple[Kind, str]:
    """Return the class of a number and its country."""
    if number.country_code in _SATELLITE:
        return Kind.SATELLITE, ""
    if number.country_code == _INTERNATIONAL_PREMIUM:
        return Kind.PREMIUM, ""
    region = phonenumbers.region_code_for_number(number)
    country = "" if region in {None, "001"} else region
    if not phonenumbers.is_valid_number(number):
        return Kind.UNKNOWN, country
    of_type = phonenumbers.number_type(number)
    if _PAY_PER_CALL.fullmatch(phonenumbers.format_number(number, PhoneNumberFormat.E164)):
        return Kind.PREMIUM, country
    if of_type in _TYPES:
        return _TYPES[of_type], country
    if region != plan.country:
        return Kind.INTERNATIONAL, country
    if of_type == PhoneNumberType.TOLL_FREE:
        return Kind.TOLL_FREE, country
    national = phonenumbers.national_significant_number(number)
    local = plan.area_code and national.startswith(plan.area_code)
    return (Kind.LOCAL if local else Kind.NATIONAL), country


def _short(written: str, number: PhoneNumber, plan: E164Plan) -> Destination:
    cost = phonenumbers.expected_cost_for_region(number, plan.country)
    kind = Kind.PREMIUM if cost == ShortNumberCost.PREMIUM_RATE else Kind.SHORT
    steps = (Step(rule="short numbers", result=f"{written} is one of {plan.country}"),)
    return Destination(canonical=written, dialled=written, kind=kind, country=plan.country, steps=steps)


def _dials_whole(digits: str, number: PhoneNumber, country: str) -> bool:
    """Say whether these digits, dialled in the country, are this very number and no other."""
    try:
        heard = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_valid_number(number) and heard == number)


def _calls_for_help(digits: str, country: str, *, whole: bool) -> bool:
    """Say whether these digits reach an emergency number, also where a zero in front takes an outside line.

    Some exchanges connect as soon as they have heard one, whatever follows; but not when it is the beginning of a `whole` number that there
    is: in Lithuania 03 calls an ambulance, and 031234567 is a town.
    """
    at_once = not whole and phonenumbers.connects_to_emergency_number(digits, country)
    exactly = (phonenumbers.is_emergency_number(each, country) for each in (digits, digits.lstrip("0")))
    return bool(at_once or any(exactly))


def _dials_short(digits: str, country: str) -> bool:
    """Say whether these digits, dialled in the country, reach a short number; what cannot be read is none."""
    try:
        return bool(phonenumbers.is_valid_short_number_for_region(phonenumbers.parse(digits, country), country))
    except phonenumbers.NumberParseException:
        return False


def _emergency(number: str, steps: tuple[Step, ...] = ()) -> Destination:
    step = Step(rule="emergency numbers", result=f"{number} calls for help")
    return Destination(canonical=number, dialled=number, kind=Kind.EMERGENCY, steps=(*steps, step))


def _by_table(canonical: str, table: tuple[tuple[str, str], ...]) -> tuple[str, str | None]:
    """Put what the longest prefix stands for in its place; say which rule that was, or None."""
    fitting = [(prefix, instead) for prefix, instead in table if canonical.startswith(prefix)]
    if not fitting:
        return canonical, None
    prefix, instead = max(fitting, key=lambda rule: len(rule[0]))
    return instead + canonical.removeprefix(prefix), f'"{prefix}" = "{instead}"'


def _as_in_country(number: PhoneNumber, country: str) -> str:
    """Return the digits that a telephone of the country dials: local prefix or international prefix and all."""
    shown = phonenumbers.format_out_of_country_calling_number(number, country)
    if shown.startswith("+"):
        raise NumberFault(
            f"{shown} cannot be dialled: {country} has several prefixes for calls abroad; set one in the dial table."
        )
    return phonenumbers.normalize_digits_only(shown)
