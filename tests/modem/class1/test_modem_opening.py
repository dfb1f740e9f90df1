"""A modem that is opened without being known: what it is asked, what follows from its answers, and what a probe finds."""

from scripted_modem import ERROR, OK, WAKE, ScriptedModem, modem, step

from mailfax.modem.class1 import Class1Line, Class1Settings
from mailfax.modem.line import IncomingCall
from mailfax.modem.opening import Identified, Wished, identify, modem_settings
from mailfax.modem.probing import probe_port
from mailfax.modem.profile import FaxClass, choose, load_profiles, questions
from mailfax.t30.modulation import Modulation

OURS = load_profiles()
CODES = b"\r\n24,48,72,96\r\n"


def answering(answers: dict[str, bytes], classes: bytes, *then: object, extra: tuple[str, ...] = ()) -> ScriptedModem:
    """Return a modem that is asked all questions in order, and says ERROR to those that it has no answer to."""
    asked = [
        step(question, b"\r\n" + answers[question] + b"\r\n" + OK if question in answers else ERROR)
        for question in (*questions(OURS.values()), *extra)
    ]
    return modem(step("ATE0V1Q0", OK), *asked, step("AT+FCLASS=?", classes + OK), *then, awake=True)


def test_a_modem_is_asked_who_it_is_and_set_up_as_its_model_wants() -> None:
    scripted = answering({"AT+FMI?": b"USROBOTICS"}, b"\r\n0,1,2.0\r\n")
    found = identify(scripted, "scripted", questions(OURS.values()), scripted.clock)
    assert found.classes == (FaxClass.CLASS1, FaxClass.CLASS2_0)
    profile = choose(OURS, found.answers, found.classes)
    settings = modem_settings(Wished(device="scripted"), profile, FaxClass.CLASS1)
    scripted.script.extend(
        [
            step("ATE0V1Q0", OK),
            step("ATZ", OK),
            step("ATE0V1Q0X4S0=0S7=60", OK),
            step("ATS13=1&D2&C1", OK),
            step("AT&H1&I0&R2", OK),
            step("AT+FCLASS=1", OK),
            step("AT&H1&I0&R2", OK),  # which it has just forgotten
            step("AT+FAR=1", ERROR),  # refused, and no harm done
            step("AT+FTM=?", CODES + OK),
            step("AT+FRM=?", CODES + OK),
            step("AT#CID=1", OK),
        ]
    )
    line = Class1Line(settings, scripted, clock=scripted.clock)
    assert not scripted.script
    assert line.best_modulation is Modulation.V29_9600


def test_a_modem_that_knows_no_question_is_used_by_what_holds_for_any() -> None:
    scripted = answering({}, b"")
    scripted.script[-1] = step("AT+FCLASS=?", ERROR)
    found = identify(scripted, "scripted", questions(OURS.values()), scripted.clock)
    assert found == Identified(answers={**dict.fromkeys(questions(OURS.values()), ""), "AT+FCLASS=?": ""}, classes=())
    assert choose(OURS, found.answers, found.classes).name == "generic-class1"


def test_a_probe_says_what_the_modem_can_in_each_class_and_leaves_it_in_none() -> None:
    scripted = answering(
        {"AT+FMI?": b"CONEXANT"},
        b"\r\n0,1,2\r\n",
        step("AT+FCLASS=1", OK),
        step("AT+FTM=?", b"\r\n24,48,72,73,74,96\r\n" + OK),
        step("AT+FRM=?", CODES + OK),
        step("AT+FAR=?", b"\r\n(0,1)\r\n" + OK),
        step("AT+F34=?", ERROR),
        step("AT+FCLASS=2", OK),
        step("AT+FDCC=?", b"\r\n+FDCC: (0,1),(0-5),(0-2),(0-2),(0,1,3),(0,1),(0),(0-7)\r\n" + OK),
        step("AT+FCLASS=0", OK),
        step("AT+VCID=1", ERROR),
        step("ATE0V1Q0", OK),
        extra=("AT+FMR?",),
    )
    probed = probe_port(scripted, "scripted", 57600, OURS, scripted.clock)
    assert not scripted.script
    one, two = probed.abilities
    assert (probed.profile.name, probed.caller_id) == ("conexant", False)
    assert one.sends[-1] is Modulation.V17_7200
    assert (one.receives[-1], one.entered, one.adaptive, one.v34) == (Modulation.V29_9600, True, True, False)
    assert (two.fax_class, two.codings) == (FaxClass.CLASS2, ("MH", "MR", "MMR"))


def test_what_rings_while_a_modem_is_asked_who_it_is_is_no_answer_and_is_not_lost() -> None:
    scripted = answering({"AT+FMI?": b"NMBR=5551111\r\nNDID=5559001\r\n\r\nCONEXANT"}, b"\r\nRING\r\n\r\n0,1\r\n")
    scripted.say((0.001, b"\r\nRING\r\n"))
    found = identify(scripted, "scripted", questions(OURS.values()), scripted.clock)
    assert (found.answers["AT+FMI?"], found.classes) == ("CONEXANT", (FaxClass.CLASS1,))
    scripted.script.extend(WAKE)
    settings = Class1Settings(device="scripted", number="5559000")
    line = Class1Line(settings, scripted, clock=scripted.clock, heard=found.heard)
    assert line.wait_for_call(5) == IncomingCall(called="5559001", caller="5551111")
