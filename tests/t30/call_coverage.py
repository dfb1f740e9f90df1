"""Which branches of the engines the `.call` scripts do not reach: .venv/bin/python tests/t30/call_coverage.py (after .venv/bin/pip install coverage).

Replays every script and prints each branch of caller and answerer that none of them takes.
"""

import sys
from pathlib import Path

import coverage

sys.path.insert(0, str(Path(__file__).parent))
ROOT = Path(__file__).resolve().parents[2]
ENGINES = ["calling", "caller", "caller_ecm", "answering", "answerer", "answerer_ecm", "asking", "serving", "exchange"]


def main() -> None:
    engines = [str(ROOT / "mailfax" / "t30" / f"{name}.py") for name in ENGINES]
    measured = coverage.Coverage(branch=True, include=engines, data_file=None)
    measured.start()
    from mailfax.t30.replay import parse, replay

    scripts = sorted((Path(__file__).parent / "calls").glob("*.call"))
    for script in scripts:
        replayed = replay(parse(script.read_text().splitlines()))
        if replayed.difference:
            print(f"{script.name}: {replayed.difference}")
    measured.stop()
    print(f"{len(scripts)} scripts")
    measured.report(show_missing=True)


if __name__ == "__main__":
    main()
