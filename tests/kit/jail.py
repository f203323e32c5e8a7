"""A root folder for a server that was unpacked and not installed: it finds the paths and users that it was built for."""

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

UNPACKED = Path(__file__).parents[2] / ".servers"


def unpacked(package: str, program: str) -> str | None:
    """Say why a program of an unpacked package cannot be run, or None."""
    if not (UNPACKED / package / program).exists():
        return f"not unpacked: {package} (run .ci/install-servers)"
    if shutil.which("chroot", path="/usr/sbin:/usr/bin") is None:
        return "not installed: chroot"
    return None


def furnish(root: Path, package: str, users: dict[str, int], *, extra: Iterable[Path] = ()) -> None:
    """Copy a package to `root`, with the libraries of its programs, a shell, a null device and a list of users."""
    shutil.copytree(UNPACKED / package, root, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns("doc"))
    for path in [Path("/bin/sh"), *extra]:
        _copy(path, root)
    programs = [path for path in root.rglob("*") if path.is_file() and _is_elf(path)]
    for library in _libraries(programs):
        _copy(library, root)
    for folder in ("etc", "dev", "tmp", "var"):
        (root / folder).mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    subprocess.run(["mknod", "-m", "666", root / "dev/null", "c", "1", "3"], check=True)
    everybody = {"root": 0, **users}
    (root / "etc/passwd").write_text("".join(f"{name}:x:{n}:{n}::/:/bin/sh\n" for name, n in everybody.items()))
    (root / "etc/group").write_text("".join(f"{name}:x:{n}:\n" for name, n in everybody.items()))


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _libraries(programs: list[Path]) -> set[Path]:
    """The shared libraries of the programs, and those of the libraries."""
    listed = subprocess.run(["ldd", *programs], check=False, capture_output=True, text=True, env={"LC_ALL": "C"}).stdout
    if lost := re.findall(r"(\S+) => not found", listed):
        raise RuntimeError(f"shared libraries that are missing here: {', '.join(sorted(set(lost)))}")
    return {Path(path) for path in re.findall(r"(/\S+) \(0x", listed)}


def _copy(path: Path, root: Path) -> None:
    """Copy a file to the same place below `root`; a link's target comes under the link's name."""
    target = root / path.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        shutil.copy2(path, target)
