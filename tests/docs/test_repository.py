"""What is committed and what is installed: no addresses, locks that agree, a wheel that holds what it says."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PACKAGES = ("certs", "harness", "nodes", "scenarios")
LOCKS = ("runtime", "kafka", "container", "dev", "build")
# Joined here, since this file is committed as well.
INDEXES = (
    "pypi" + ".org",
    "python" + "hosted",
    "npmjs" + ".",
    "maven" + ".org",
    "maven.apache" + ".org",
    "proxy.golang" + ".",
)
MACHINE = re.compile(r"(?<![\w.$}~/-])/(?:" + "wo" + r"rk|ro" + r"ot|home/\w+|tmp/l" + r"ab)/")
PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[\w,-]+\])?==([^\s;\\]+)")


def tracked(root: Path) -> Iterator[tuple[Path, str]]:
    """Every committed text file, with its text."""
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        pytest.skip("not a git checkout, so nothing says what is committed")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=root, capture_output=True, text=True, timeout=30, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        path = root / name
        data = path.read_bytes() if path.is_file() else b""
        if b"\0" not in data:
            yield path.relative_to(root), data.decode("utf-8", errors="replace")


@pytest.fixture(scope="module")
def project(repo_root: Path) -> dict[str, Any]:  # Any: TOML as it comes
    """What pyproject.toml says."""
    return tomllib.loads((repo_root / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pins(repo_root: Path) -> dict[str, dict[str, set[str]]]:
    """For each lock, the versions of each distribution that it pins (one per platform where they differ)."""
    read: dict[str, dict[str, set[str]]] = {}
    for lock in LOCKS:
        rows = read.setdefault(lock, {})
        for line in (repo_root / "requirements" / f"{lock}.lock").read_text(encoding="utf-8").splitlines():
            if found := PIN.match(line):
                rows.setdefault(canonicalize_name(found[1]), set()).add(found[2])
    return read


def test_address_of_a_package_index_in_the_repository(repo_root: Path) -> None:
    """No committed text names the host of a package index: everyone installs from their own."""
    found = [f"{path}: {host}" for path, text in tracked(repo_root) for host in INDEXES if host in text]
    assert not found


def test_path_of_one_machine_in_the_repository(repo_root: Path) -> None:
    """No committed text names a folder that only one machine has."""
    found = [f"{path}: {hit[0]}" for path, text in tracked(repo_root) for hit in MACHINE.finditer(text)]
    assert not found


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_with_hashes_and_names_no_source(repo_root: Path, lock: str) -> None:
    """Every line of a lock is an exact version with its hashes; none says where to fetch it."""
    text = (repo_root / "requirements" / f"{lock}.lock").read_text(encoding="utf-8")
    entries = [part for part in re.split(r"^(?=\S)", text, flags=re.MULTILINE) if part and not part.startswith("#")]
    assert entries
    assert not [entry for entry in entries if not PIN.match(entry)]
    assert not [entry for entry in entries if "--hash=sha256:" not in entry]
    assert "://" not in text
    assert not re.search(r"^\s*(-i|--index|--extra-index|--find-links|--trusted-host)", text, re.MULTILINE)


def test_locks_agree(pins: dict[str, dict[str, set[str]]]) -> None:
    """A distribution has the same version in every lock that holds it, and a larger set holds the smaller one."""
    for name, versions in pins["dev"].items():
        assert all(other.get(name, versions) == versions for other in pins.values()), name
    for extra in ("kafka", "container"):
        assert pins["runtime"].keys() <= pins[extra].keys() <= pins["dev"].keys()
    assert pins["build"].keys() <= pins["dev"].keys()


def test_lock_holds_what_the_project_asks_for(
    project: dict[str, Any],  # Any: TOML as it comes
    pins: dict[str, dict[str, set[str]]],
) -> None:
    """Each dependency of pyproject.toml is in its lock, at a version it allows: `make lock` was not forgotten."""
    groups = project["dependency-groups"]
    asked = {
        "runtime": project["project"]["dependencies"],
        "kafka": project["project"]["optional-dependencies"]["kafka"],
        "container": project["project"]["optional-dependencies"]["container"],
        "build": [*groups["build"], *project["build-system"]["requires"]],
        "dev": [line for group in groups.values() for line in group if isinstance(line, str)],
    }
    for lock, lines in asked.items():
        for requirement in map(Requirement, lines):
            versions = pins[lock].get(canonicalize_name(requirement.name), set())
            assert any(requirement.specifier.contains(version, prereleases=True) for version in versions), requirement


@pytest.mark.parametrize("package", PACKAGES)
def test_root_of_a_package_holds_a_docstring_only(repo_root: Path, package: str) -> None:
    """Importing one of the four names does nothing, and each ships its types."""
    body = ast.parse((repo_root / package / "__init__.py").read_text(encoding="utf-8")).body
    assert [type(part) for part in body] in ([ast.Expr], [ast.Expr, ast.ImportFrom])
    assert all(part.module == "__future__" for part in body if isinstance(part, ast.ImportFrom))
    assert (repo_root / package / "py.typed").is_file()


@pytest.fixture
def wheel(repo_root: Path) -> metadata.Distribution:
    """The installed wheel, where the tests are run on it (`make test`)."""
    if os.environ.get("CORRIDOR_WHEEL") != "1":
        pytest.skip("the tests run on a checkout: `make test` runs them on the wheel")
    assert repo_root.is_dir()
    return metadata.distribution("corridor")


@pytest.mark.parametrize("package", PACKAGES)
def test_imported_package_is_the_wheels(wheel: metadata.Distribution, repo_root: Path, package: str) -> None:
    """Tests meet the installed wheel, never the sources beside them."""
    module = import_module(package)
    assert module.__file__ is not None
    assert Path(module.__file__) == Path(str(wheel.locate_file(f"{package}/__init__.py")))
    assert "site-packages" in Path(module.__file__).parts
    assert Path(module.__file__).parent != repo_root / package


def test_wheel_holds_the_four_packages_and_no_more(wheel: metadata.Distribution, repo_root: Path) -> None:
    """The wheel installs the four packages, whole, and the command `corridor`."""
    installed = {path.as_posix() for path in wheel.files or () if path.suffix != ".pyc"}
    tops = {name.split("/")[0] for name in installed if not name.startswith("../")}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert any(name.endswith("/bin/corridor") for name in installed)
    committed = {path.as_posix() for path, _ in tracked(repo_root) if path.parts[0] in PACKAGES}
    assert not committed - installed


def test_entry_points_of_the_wheel_load(wheel: metadata.Distribution) -> None:
    """The command and the pack of scenarios that the wheel declares are there."""
    declared = {(entry.group, entry.name) for entry in wheel.entry_points}
    assert {
        ("console_scripts", "corridor"),
        ("corridor.packs", "first-corridor"),
    } <= declared
    for entry in wheel.entry_points:
        assert entry.load() is not None


def test_version_told_once(wheel: metadata.Distribution, repo_root: Path, project: dict[str, Any]) -> None:  # Any: TOML
    """The wheel's version is pyproject's, and CHANGELOG.md has a section for it."""
    assert wheel.version == project["project"]["version"]
    assert f"## [{wheel.version}]" in (repo_root / "CHANGELOG.md").read_text(encoding="utf-8")
