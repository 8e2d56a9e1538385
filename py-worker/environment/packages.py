"""Report installed distributions as one line of JSON; optionally mend or try them.

    python -I packages.py                     {"prefix", "python", "installed": {name: version}, …}
    python -I packages.py --check             list the distributions with missing or cut files in "damaged"
    python -I packages.py --mend              … and forget them, so that pip installs them again
    python -I packages.py --try NAME NAME …   import what these distributions provide; failures in "broken"

Names are normalised (lower case, `-` for `_` and `.`).
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import re
import shutil
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path


def normalise(name: str) -> str:
    """The form of a distribution's name in which two spellings of it are equal."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_whole(distribution: Distribution) -> bool:
    """Whether every file that the distribution's RECORD lists is there with its full size.

    pip writes RECORD last, so a distribution without one was cut short while it was copied.
    """
    files = distribution.files
    if not files or distribution.read_text("RECORD") is None:
        return False
    for file in files:
        if file.size is None:
            continue
        try:
            if Path(str(file.locate())).stat().st_size != file.size:
                return False
        except OSError:
            return False
    return True


def metadata_folder(distribution: Distribution) -> Path | None:
    """The distribution's `*.dist-info` folder."""
    folder = getattr(distribution, "_path", None)
    return folder if isinstance(folder, Path) and folder.suffix == ".dist-info" else None


def damaged() -> list[Distribution]:
    """The distributions that lack some of their files."""
    return [found for found in importlib.metadata.distributions() if not is_whole(found)]


def forget(distribution: Distribution) -> None:
    """Remove a distribution's metadata: pip then takes it for missing."""
    folder = metadata_folder(distribution)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def installed() -> dict[str, str]:
    """Name and version of every distribution on the path; the first one found wins, as for `import`."""
    versions: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        versions.setdefault(name_of(distribution), distribution.version)
    return versions


def name_of(distribution: Distribution) -> str:
    """A distribution's normalised name; one cut short has lost its own, but not its folder's."""
    folder = metadata_folder(distribution)
    name = distribution.metadata["Name"] or (folder.name.split("-")[0] if folder else "")
    return normalise(name)


def try_imports(names: Iterable[str]) -> dict[str, str]:
    """Import the modules of each named distribution; return the reason for each that fails."""
    modules: dict[str, list[str]] = {}
    for module, owners in importlib.metadata.packages_distributions().items():
        for owner in owners:
            modules.setdefault(normalise(owner), []).append(module)
    broken: dict[str, str] = {}
    for name in map(normalise, names):
        try:
            for module in modules.get(name, []):
                if module.isidentifier() and not module.startswith("_"):
                    importlib.import_module(module)
        except Exception as error:
            broken[name] = f"{type(error).__name__}: {error}"
    return broken


def main() -> None:
    """Parse the arguments, do what they ask, print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--mend", action="store_true")
    parser.add_argument("--try", dest="attempt", nargs="*", default=[])
    arguments = parser.parse_args()
    lacking = damaged() if arguments.check or arguments.mend else []
    names = [name_of(distribution) for distribution in lacking]
    if arguments.mend:
        for distribution in lacking:
            forget(distribution)
    report = {
        "prefix": sys.prefix,
        "python": ".".join(map(str, sys.version_info[:3])),
        "installed": installed(),
        "broken": try_imports(arguments.attempt),
        "damaged": names,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
