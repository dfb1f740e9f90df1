"""Takes from a process what it does not need to open what strangers sent: files, the network, other processes.

Two layers that need no privilege and no namespace, and hold for root too. Landlock: nothing can be written, and nothing
read but Python, its libraries and the fonts. Seccomp: no socket, no program, no other process. A kernel gives what it has;
`mailfax check` says what that is. Called by the child of `sandbox` before it reads anything, and for good: what needs
another program (an office document) has to be done by another child.
"""

import errno
import os
import socket
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path

from py_landlock import AccessFs, Landlock, LandlockError

try:
    import pyseccomp
except (OSError, RuntimeError):  # no libseccomp.so.2 on this machine
    pyseccomp = None

_PACKAGE = Path(__file__).resolve().parents[1]
_SYSTEM = (
    "/usr/lib", "/lib", "/lib64", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/usr/share/zoneinfo", "/usr/share/fonts",
    "/usr/local/share/fonts", "/etc/fonts", "/usr/share/fontconfig", "/var/cache/fontconfig", "/proc/self",
)  # fmt: skip
_CLONE_THREAD = 0x00010000  # of sched.h: a decoder may have threads, but no process
_NETWORK = ("accept", "accept4", "bind", "connect", "listen", "socket", "socketpair")
_PROCESSES = (
    "execve", "execveat", "fork", "vfork", "kill", "tkill", "ptrace", "pidfd_open", "pidfd_getfd", "pidfd_send_signal",
    "process_vm_readv", "process_vm_writev", "kcmp", "shmget", "semget", "msgget", "mq_open",
)  # fmt: skip
_KERNEL = (
    "mount", "umount2", "move_mount", "open_tree", "fsopen", "pivot_root", "chroot", "setns", "unshare", "bpf", "perf_event_open",
    "userfaultfd", "io_uring_setup", "keyctl", "add_key", "request_key", "init_module", "finit_module", "delete_module",
    "kexec_load", "reboot", "swapon", "swapoff", "open_by_handle_at", "fanotify_init", "clock_settime", "settimeofday",
    "sethostname", "setdomainname", "quotactl", "acct", "syslog", "setuid", "setgid", "setresuid", "setresgid", "setgroups", "capset",
)  # fmt: skip


class Layer(StrEnum):
    """What holds a render child, beside the limits of seconds, memory and file size, which always do."""

    LANDLOCK = "Landlock"
    SECCOMP = "seccomp"


def confine(readable: Iterable[Path] = ()) -> frozenset[Layer]:
    """Confine this process for good; `readable` are further files it needs. Returns the layers that the kernel gave."""
    layers = set()
    if _landlock(readable):
        layers.add(Layer.LANDLOCK)
    if _seccomp():
        layers.add(Layer.SECCOMP)
    return frozenset(layers)


def _landlock(readable: Iterable[Path]) -> bool:
    try:
        rules = Landlock(strict=False)
        for path in (*_libraries(), *readable):
            if path.is_dir():
                rules.allow_read(path)
            elif path.exists():
                rules.add_path_rule(path, access=AccessFs.READ_FILE)
        rules.apply()
    except (LandlockError, OSError):  # an old kernel, or one started without it
        return False
    return True


def _libraries() -> Iterator[Path]:
    """Yield where Python, its packages, shared libraries and fonts are."""
    yield from map(Path, _SYSTEM)
    yield from (Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    yield Path(sys.base_prefix) / "lib"
    yield _PACKAGE
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - a home may be missing
    yield Path(cache) / "fontconfig"


def _seccomp() -> bool:
    if pyseccomp is None:
        return False
    try:
        rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
        denied = pyseccomp.ERRNO(errno.EPERM)
        for call in (*_NETWORK, *_PROCESSES, *_KERNEL):
            _deny(rules, denied, call)
        rules.add_rule(denied, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, _CLONE_THREAD, 0))
        # Its flags lie in memory, where no filter can look: the C library then falls back to clone.
        rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
        rules.add_rule(denied, "tgkill", pyseccomp.Arg(0, pyseccomp.NE, os.getpid()))
        rules.load()
    except OSError:
        return False
    return True


def _deny(rules: "pyseccomp.SyscallFilter", denied: int, call: str) -> None:
    try:
        rules.add_rule(denied, call)
    except OSError as error:  # a call that this machine's architecture does not have
        if error.errno not in {errno.EFAULT, errno.EINVAL, errno.EDOM}:
            raise


def trespasses() -> tuple[str, ...]:
    """Try in this process, which is confined, what it may not do; return what was not refused, in words."""
    attempts: tuple[tuple[str, Callable[[], object]], ...] = (
        ("read files", lambda: os.listdir("/etc")),  # noqa: PTH208 - a plain attempt
        ("write files", _write_file),
        ("open sockets", lambda: socket.socket().close()),
        ("start processes", _start_process),
    )
    return tuple(name for name, attempt in attempts if not _is_refused(attempt))


def _is_refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except PermissionError:
        return True
    return False


def _write_file() -> None:
    os.close(os.open("/tmp", os.O_TMPFILE | os.O_WRONLY))  # noqa: S108 - it has no name, so nobody can take it first


def _start_process() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
