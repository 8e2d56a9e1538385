"""What is said of installed distributions, whole and damaged."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from environment import packages


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty site folder that the module takes for the interpreter's."""
    monkeypatch.setattr(
        importlib.metadata,
        "distributions",
        lambda: importlib.metadata.Distribution.discover(path=[str(tmp_path)]),
    )
    return tmp_path


def install(site: Path, name: str, source: str = "value = 1\n") -> Path:
    """Write a distribution of one module as pip leaves it; return its metadata folder."""
    (site / f"{name}.py").write_text(source)
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "RECORD").write_text(f"{name}.py,sha256=abc,{len(source)}\n{name}-1.0.dist-info/RECORD,,\n")
    return info


def test_a_whole_distribution_is_not_damaged(site: Path) -> None:
    install(site, "Some_Package")
    assert packages.damaged() == []
    assert packages.installed() == {"some-package": "1.0"}


def test_a_missing_or_cut_file_is_noticed(site: Path) -> None:
    install(site, "whole")
    install(site, "missing")
    install(site, "cut")
    (site / "missing.py").unlink()
    (site / "cut.py").write_text("val")
    assert {packages.name_of(found) for found in packages.damaged()} == {"missing", "cut"}


def test_a_distribution_that_was_killed_before_its_record_is_forgotten(site: Path) -> None:
    whole = install(site, "whole")
    unfinished = install(site, "unfinished")
    (unfinished / "RECORD").unlink()
    (unfinished / "METADATA").unlink()
    (found,) = packages.damaged()
    assert packages.name_of(found) == "unfinished"
    packages.forget(found)
    assert not unfinished.exists()
    assert whole.exists()


def test_a_failed_import_is_reported_with_its_reason() -> None:
    assert packages.try_imports(["numpy", "no-such-distribution"]) == {}
