"""Office documents become PDF by LibreOffice: started ahead in a sandbox, used for one document, thrown away with its profile.

A macro of ours (`office_serve.bas`) waits inside LibreOffice for the document. The sandbox has no network, of the machine's files only
programs and fonts, and limits on memory, processor, file size and time. Success is a PDF, never an exit status. Lives in the
process that starts the render children, which ask it over their pipe (`sandbox`): a child itself can start nothing.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import quote

from mailfax.render.settings import RenderSettings

PACKAGES = "libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui"
_MACRO = Path(__file__).with_name("office_serve.bas")
_POLL_S = 0.02
_START_S = 60.0
_END_S = 10.0
_FILE_BYTES = 256 << 20
# What a document may use is added to what LibreOffice has when it waits. It maps far more than it uses, so its data are what is limited
# (RLIMIT_DATA: memory of its own that can be written); the address space is for what might get round that.
_OWN_DATA_BYTES = 64 << 20
_ADDRESS_SPACE_BYTES = 1 << 30
_OPEN_FILES = 512
_LOCK = ".lock"  # in a profile that is in use
# With a new profile LibreOffice sets itself up, and asks by this status to be started again.
_AGAIN = ("sh", "-c", 'until "$@"; do [ $? = 81 ] || exit 1; done', "sh")
_LINES = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE library:{what} PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" '
    '"{what}.dtd">\n'
)
_BASIC = "http://openoffice.org/2000/"


class OfficeFailure(Exception):
    """There is no PDF; the text says why, as the end of a sentence about the document."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficeDocument:
    """What is to be converted. `suffix` tells LibreOffice the kind; `password` is empty where there is none."""

    octets: bytes
    suffix: str
    password: str = ""


Convert = Callable[[OfficeDocument], bytes]


def no_office(_document: OfficeDocument) -> bytes:
    """Refuse: for callers that have no desk."""
    raise OfficeFailure("is an office document, and those are not converted here")


class OfficeDesk:
    """Converts documents, each by a LibreOffice of its own; after the first one, the next LibreOffice is always started ahead."""

    def __init__(self, settings: RenderSettings, folder: Path | None = None) -> None:
        """Work below `folder`, which is this desk's alone: what a killed process left there is removed. None: the system's."""
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        self._settings, self._folder = settings, folder
        self._profile = _Profile()
        self._lock = threading.Lock()
        self._ahead: _Instance | None = None
        self._closed = False

    def start_ahead(self) -> None:
        """Start the LibreOffice of the next document, if it can be."""
        with self._lock:
            if self._ahead is None and not self._closed and office_program() and confinement():
                self._ahead = _Instance(self._settings, self._folder, self._profile)

    def convert(self, document: OfficeDocument) -> bytes:
        """Return the document as PDF. Blocks; raises OfficeFailure. Nothing of it is left behind."""
        if not office_program():
            raise OfficeFailure(f"needs LibreOffice, which this server does not have (apt-get install {PACKAGES})")
        if not confinement():
            raise OfficeFailure(
                "would need LibreOffice in a sandbox, which this server cannot make (apt-get install bubblewrap)"
            )
        with self._lock:
            instance, self._ahead = self._ahead, None
        if instance and not instance.is_alive:
            instance.close()
            instance = None
        instance = instance or _Instance(self._settings, self._folder, self._profile)
        try:
            instance.wait_until_ready()
            # The next one starts while this one works: two of them at most, and the next mail does not wait.
            self.start_ahead()
            return instance.convert(document, self._settings.office_s)
        finally:
            instance.close()

    def close(self) -> None:
        """End the LibreOffice that waits."""
        with self._lock:
            self._closed = True
            instance, self._ahead = self._ahead, None
        if instance:
            instance.close()


@cache
def office_program() -> Path | None:
    """Return the program itself, not the script that shows a splash screen; None where LibreOffice is not installed."""
    script = shutil.which("soffice") or shutil.which("libreoffice")
    if script is None:
        return None
    program = Path(script).resolve()
    return program.with_name("soffice.bin") if program.with_name("soffice.bin").exists() else program


@cache
def confinement() -> str:
    """Say what keeps LibreOffice from network and files: bwrap, unshare (network only), or nothing, which is an empty string."""
    for tool, command in (("bwrap", _bwrap(Path("/usr"))), ("unshare", _unshare())):
        if shutil.which(tool) is None:
            continue
        tried = subprocess.run([*command, "true"], capture_output=True, check=False, timeout=_START_S)  # noqa: S603 - ours
        if tried.returncode == 0:
            return tool
    return ""


def _unshare() -> list[str]:
    return ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child"]


def _bwrap(folder: Path) -> list[str]:
    """Show programs, fonts and this folder, and nothing else."""
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/sbin", "/lib", "/lib64"):
        path = Path(name)
        if path.is_symlink():
            command += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            command += ["--ro-bind", name, name]
    for name in ("/etc/fonts", "/etc/libreoffice", "/etc/ld.so.cache", "/etc/alternatives", "/var/cache/fontconfig"):
        command += ["--ro-bind-try", name, name]
    own = ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 - a new one, inside
    return [*command, *own, "--bind", str(folder), str(folder)]


def _limits(settings: RenderSettings) -> list[str]:
    """Limit what LibreOffice may use, by util-linux: nothing of ours runs between fork and exec."""
    return [
        "prlimit",
        f"--data={_OWN_DATA_BYTES + settings.memory_bytes}",
        f"--as={_ADDRESS_SPACE_BYTES + 2 * settings.memory_bytes}",
        f"--cpu={settings.cpu_s}",
        f"--fsize={_FILE_BYTES}",
        f"--nofile={_OPEN_FILES}",
        "--core=0",
    ]


class _Instance:
    """One LibreOffice with its own profile, waiting for its one document."""

    def __init__(self, settings: RenderSettings, below: Path | None, profile: "_Profile") -> None:
        if below is not None:
            below.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix="mailfax-office-", dir=below))
        self._profile = profile
        try:
            profile.write(self._folder / "profile")
            self._job = self._folder / "job"
            self._job.mkdir()
            self._process = self._start(settings)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def _start(self, settings: RenderSettings) -> subprocess.Popen[bytes]:
        sandbox = _bwrap(self._folder) if confinement() == "bwrap" else _unshare()
        office: Sequence[str] = (
            *_AGAIN,
            str(office_program()),
            f"-env:UserInstallation=file://{quote(str(self._folder / 'profile'))}",
            "--headless",
            "--norestore",
            "--nologo",
            "--nodefault",
            "--nolockcheck",
            f'macro:///Standard.Fax.Serve("{self._job}")',
        )
        environment = {
            "HOME": str(self._folder),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "SAL_USE_VCLPLUGIN": "svp",
        }
        return subprocess.Popen(  # noqa: S603 - no argument comes from a mail
            [*_limits(settings), *sandbox, *office],
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )

    def wait_until_ready(self) -> None:
        """Wait until it can take its document. Raises OfficeFailure."""
        self._wait_for(
            self._job / "ready", time.monotonic() + _START_S, "could not be opened: LibreOffice did not start"
        )
        self._profile.keep(self._folder / "profile")

    def convert(self, document: OfficeDocument, seconds: float) -> bytes:
        source = self._job / f"document.{document.suffix}"
        source.write_bytes(document.octets)
        order = self._job / "order"
        order.write_text(f"{source}\n{document.password}\n", encoding="utf-8")
        order.rename(self._job / "go")
        late = f"took LibreOffice more than {seconds:g} s, or more than it may use"
        self._wait_for(self._job / "status", time.monotonic() + seconds, late)
        pdf = self._job / "out.pdf"
        if not pdf.is_file() or pdf.is_symlink() or not pdf.stat().st_size:
            if document.password:
                raise OfficeFailure("cannot be read by LibreOffice, or is not opened by the password that was given")
            raise OfficeFailure(
                "cannot be read by LibreOffice: it is damaged, locked, too large, or of another kind than its name says"
            )
        return pdf.read_bytes()

    @property
    def is_alive(self) -> bool:
        """Say whether it still runs."""
        return self._process.poll() is None

    def _wait_for(self, path: Path, deadline: float, complaint: str) -> None:
        while not path.exists():
            # It may have written the file and ended between the two looks.
            if (self._process.poll() is not None and not path.exists()) or time.monotonic() > deadline:
                raise OfficeFailure(complaint)
            time.sleep(_POLL_S)

    def close(self) -> None:
        """End every process of it, and remove its profile and all it wrote."""
        with suppress(ProcessLookupError):  # it has ended
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        # What runs inside of the sandbox ends a moment later, and may still be writing.
        deadline = time.monotonic() + _END_S
        while self._folder.exists() and time.monotonic() < deadline:
            shutil.rmtree(self._folder, ignore_errors=True)
            time.sleep(_POLL_S)


class _Profile:
    """What each LibreOffice begins with. The first sets its profile up, which takes as long as starting; the others get a copy of that.

    It is copied before a document is handed over, so nothing of any document is in it.
    """

    def __init__(self) -> None:
        self._set_up: dict[Path, bytes] = {}

    def write(self, folder: Path) -> None:
        """Write the profile of a new LibreOffice."""
        if not self._set_up:
            _write_profile(folder)
        for path, octets in self._set_up.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(octets)

    def keep(self, folder: Path) -> None:
        """Keep a profile that was set up and in which no document was opened yet."""
        if not self._set_up:
            found = (path for path in folder.rglob("*") if path.is_file() and path.name != _LOCK)
            self._set_up = {path.relative_to(folder): path.read_bytes() for path in found}


def _write_profile(profile: Path) -> None:
    """Write a new profile, with our macro in it; those of the documents' own never run."""
    basic = profile / "user" / "basic"
    (basic / "Standard").mkdir(parents=True)
    (basic / "script.xlc").write_text(
        _LINES.format(what="libraries")
        + f'<library:libraries xmlns:library="{_BASIC}library" xmlns:xlink="http://www.w3.org/1999/xlink"><library:library '
        'library:name="Standard" xlink:href="$(USER)/basic/Standard/script.xlb/" xlink:type="simple" library:link="false"/>'
        "</library:libraries>\n",
        encoding="utf-8",
    )
    (basic / "Standard" / "script.xlb").write_text(
        _LINES.format(what="library")
        + f'<library:library xmlns:library="{_BASIC}library" library:name="Standard" library:readonly="false" '
        'library:passwordprotected="false"><library:element library:name="Fax"/></library:library>\n',
        encoding="utf-8",
    )
    (basic / "Standard" / "Fax.xba").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">\n'
        f'<script:module xmlns:script="{_BASIC}script" script:name="Fax" script:language="StarBasic">'
        f"{escape(_MACRO.read_text(encoding='utf-8'))}</script:module>\n",
        encoding="utf-8",
    )
    settings = (
        ("/org.openoffice.Setup/Office", "ooSetupInstCompleted", "true"),
        ("/org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
        ("/org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", "false"),
        ("/org.openoffice.Office.Common/Misc", "UseOpenCL", "false"),
        ("/org.openoffice.Office.Common/Save/Document", "CreateBackup", "false"),
    )
    items = "".join(
        f'<item oor:path="{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>\n'
        for path, name, value in settings
    )
    (profile / "user" / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<oor:items xmlns:oor="http://openoffice.org/2001/registry" '
        'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
        f"{items}</oor:items>\n",
        encoding="utf-8",
    )
