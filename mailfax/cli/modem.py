"""`mailfax modem`: look at a modem, talk to it, and make or take one call with it, without queue or mail.

The commands and their options; what they do is in `trial`, `probing` and `terminal`, imported when it is wanted.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from mailfax.model.page import Resolution
from mailfax.modem.at.settings import FlowControl
from mailfax.modem.opening import AUTO, Wished
from mailfax.modem.profile import FaxClass, Profile, ProfileError, load_profiles

EPILOG = (
    "Exit status: 0 delivered or received, 1 not, 2 uncertain (the last page was sent, its confirmation was not heard), "
    "64 wrong usage."
)
_EX_USAGE = 64
app = typer.Typer(
    help="Try a fax modem: look at it, talk to it, make one call.", no_args_is_help=True, rich_markup_mode=None
)

Device = Annotated[
    str, typer.Argument(help="Where the modem is: /dev/ttyUSB0, socket://host:port or rfc2217://host:port.")
]
Speed = Annotated[
    int | None, typer.Option(help="Speed of the serial port in bit/s, instead of the profile's.", min=300)
]
Flow = Annotated[
    FlowControl | None, typer.Option(help="How the modem holds back our data, instead of the profile's way.")
]
Init = Annotated[
    list[str] | None, typer.Option(help="AT command after the usual ones that set the modem up; may be given again.")
]
Class = Annotated[FaxClass | None, typer.Option("--class", help="Fax class; without it the best that the modem has.")]
ProfileName = Annotated[str, typer.Option("--profile", help="Model of the modem (docs/modems.md); auto asks it.")]
ProfileFolder = Annotated[
    Path | None, typer.Option("--profiles", help="Folder of profiles of your own.", exists=True, file_okay=False)
]
StationId = Annotated[str, typer.Option(help="Our fax number, as the far machine shows it (at most 20 characters).")]
Transcript = Annotated[
    Path | None, typer.Option(help="Write the signalling of the call to this file.", dir_okay=False, writable=True)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON; progress goes to standard error.")]


@app.command(epilog=EPILOG)
def send(
    device: Device,
    number: Annotated[str, typer.Argument(help="Number to dial.")],
    files: Annotated[
        list[Path], typer.Argument(help="What to fax: PDF, text, HTML, pictures.", exists=True, dir_okay=False)
    ],
    station_id: StationId = "",
    name: Annotated[str, typer.Option(help="Our name in the line at the top of each page.")] = "mailfax",
    subaddress: Annotated[
        str, typer.Option(help="For whom behind the far machine (SUB); it is not sent to a machine that takes none.")
    ] = "",
    sender_id: Annotated[
        str, typer.Option(help="What we call ourselves there, or the password it asks of senders (SID).")
    ] = "",
    resolution: Annotated[Resolution, typer.Option(help="Best resolution to send in.")] = Resolution.FINE,
    max_rate: Annotated[int, typer.Option(help="Highest rate in bit/s, for a bad line.", min=2400)] = 14400,
    from_page: Annotated[
        int, typer.Option(help="First page to send, to go on after a call that was cut off.", min=1)
    ] = 1,
    cover: Annotated[
        bool, typer.Option("--cover", help="With --from-page: begin with a short page that says which pages follow.")
    ] = False,
    speed: Speed = None,
    flow: Flow = None,
    init: Init = None,
    fax_class: Class = None,
    profile: ProfileName = AUTO,
    profiles: ProfileFolder = None,
    dial_prefix: Annotated[
        str, typer.Option(help="Digits before the number, for example 0, for an outside line.")
    ] = "",
    transcript: Transcript = None,
    as_json: AsJson = False,
) -> None:
    """Fax files to a number."""
    from mailfax.cli import trial  # noqa: PLC0415 - the codec takes a second to load

    wished = _to_call(device, profile, fax_class, speed, flow, init, dial_prefix)
    order = trial.SendOrder(
        number=number,
        files=files,
        station_id=station_id,
        name=name,
        resolution=resolution,
        max_rate=max_rate,
        from_page=from_page,
        cover=cover,
        subaddress=subaddress,
        sender_id=sender_id,
    )
    trial.send(order, wished, known_profiles(profiles, profile), transcript, trial.Report(as_json=as_json))


@app.command(epilog=EPILOG)
def receive(
    device: Device,
    folder: Annotated[Path, typer.Argument(help="Where the fax goes, as TIFF and PDF.", file_okay=False)],
    wait: Annotated[float, typer.Option(help="Seconds to wait for a call; 0 waits for ever.", min=0)] = 0,
    number: Annotated[str, typer.Option(help="Number of this line, where the network signals none.")] = "",
    rings: Annotated[int, typer.Option(help="Answer after so many rings.", min=1)] = 1,
    caller_id: Annotated[
        str | None, typer.Option(help="Command that turns caller id on, instead of the profile's; empty for none.")
    ] = None,
    station_id: StationId = "",
    speed: Speed = None,
    flow: Flow = None,
    init: Init = None,
    fax_class: Class = None,
    profile: ProfileName = AUTO,
    profiles: ProfileFolder = None,
    transcript: Transcript = None,
    as_json: AsJson = False,
) -> None:
    """Wait for one call, answer it, and keep what comes."""
    from mailfax.cli import trial  # noqa: PLC0415 - as above

    wished = Wished(
        device=device,
        number=number,
        profile=profile,
        fax_class=fax_class,
        speed=speed,
        flow=flow,
        extra_init=tuple(init or ()),
        rings=rings,
        caller_id=caller_id,
    )
    order = trial.ReceiveOrder(folder=folder, wait_s=wait, station_id=station_id)
    trial.receive(order, wished, known_profiles(profiles, profile), transcript, trial.Report(as_json=as_json))


@app.command(epilog=EPILOG)
def poll(
    device: Device,
    number: Annotated[str, typer.Argument(help="Number to dial.")],
    folder: Annotated[Path, typer.Argument(help="Where the fax goes, as TIFF and PDF.", file_okay=False)],
    selector: Annotated[str, typer.Option(help="Which document of the far machine is wanted (SEP).")] = "",
    subaddress: Annotated[str, typer.Option(help="The subaddress behind the far machine that has it (PSA).")] = "",
    password: Annotated[str, typer.Option(help="The password that it wants (PWD).")] = "",
    station_id: StationId = "",
    speed: Speed = None,
    flow: Flow = None,
    init: Init = None,
    fax_class: Class = None,
    profile: ProfileName = AUTO,
    profiles: ProfileFolder = None,
    dial_prefix: Annotated[
        str, typer.Option(help="Digits before the number, for example 0, for an outside line.")
    ] = "",
    transcript: Transcript = None,
    as_json: AsJson = False,
) -> None:
    """Fetch the document that a fax machine offers (polling)."""
    from mailfax.cli import trial  # noqa: PLC0415 - as above

    wished = replace(_to_call(device, profile, fax_class, speed, flow, init, dial_prefix), polls=True)
    order = trial.PollOrder(
        number=number, folder=folder, station_id=station_id, selector=selector, subaddress=subaddress, password=password
    )
    trial.poll(order, wished, known_profiles(profiles, profile), transcript, trial.Report(as_json=as_json))


@app.command(epilog="Exit status: 0 a usable fax modem, 1 not, or the trial call failed, 64 wrong usage.")
def probe(
    device: Device,
    call: Annotated[str, typer.Option(help="Send a test page to the fax machine at this number.")] = "",
    loop: Annotated[
        str, typer.Option(help="A second modem that takes this call; the page is compared pixel by pixel.")
    ] = "",
    speed: Speed = None,
    profiles: ProfileFolder = None,
    as_json: AsJson = False,
) -> None:
    """Find out what a modem is and can do, try it, and print what to put in the configuration."""
    from mailfax.cli import probing  # noqa: PLC0415

    if loop and not call:
        _fail("--loop needs --call NUMBER, the number of the second modem's line.")
    order = probing.ProbeOrder(device=device, speed=speed, call=call, loop=loop, as_json=as_json)
    probing.probe(order, known_profiles(profiles, AUTO))


@app.command(epilog="A line that begins with ! sends octets written in hex: !10 03. Ctrl-D ends.")
def at(
    device: Device,
    speed: Annotated[int, typer.Option(help="Speed of the serial port in bit/s.", min=300)] = 115200,
    flow: Annotated[FlowControl, typer.Option(help="How the modem holds back our data.")] = FlowControl.RTS_CTS,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the answer to a line.", min=0)] = 5.0,
    log: Annotated[
        Path | None, typer.Option(help="Add everything that is said to this file.", dir_okay=False, writable=True)
    ] = None,
) -> None:
    """Talk to a modem: each line of standard input is a command; what the modem says comes with its time."""
    from mailfax.cli import terminal  # noqa: PLC0415

    terminal.talk(terminal.Session(device=device, speed=speed, flow=flow, wait_s=wait, log=log))


def _to_call(
    device: str,
    profile: str,
    fax_class: FaxClass | None,
    speed: int | None,
    flow: FlowControl | None,
    init: list[str] | None,
    dial_prefix: str,
) -> Wished:
    """Return what is wanted of a modem that is to make a call: who calls it does not matter."""
    return Wished(
        device=device,
        profile=profile,
        fax_class=fax_class,
        speed=speed,
        flow=flow,
        extra_init=tuple(init or ()),
        dialled_first=dial_prefix,
        caller_id="",
    )


def known_profiles(folder: Path | None, wanted: str) -> dict[str, Profile]:
    """Return the profiles, the wanted one among them, or exit."""
    try:
        known = load_profiles(folder)
    except ProfileError as error:
        _fail(str(error))
    if wanted not in {AUTO, *known}:
        _fail(f"there is no profile {wanted}; known are: {', '.join(known)}.")
    return known


def _fail(sentence: str) -> NoReturn:
    typer.echo(f"mailfax: {sentence}", err=True)
    raise typer.Exit(_EX_USAGE)
