"""The doors: what a package says it offers is what it offers, and opening the front door costs next to nothing."""

import importlib
import pkgutil
import subprocess
import sys
from types import ModuleType

import pytest

import mailkit

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(mailkit.__path__, "mailkit.")
    if not module.name.endswith("__main__")
)
PACKAGES = [name for name in MODULES if hasattr(importlib.import_module(name), "__path__")]
HEAVY = (
    "lxml",
    "premailer",
    "typer",
    "rich",
    "starlette",
    "sqlalchemy",
    "email_validator",
    "tenacity",
    "asyncio",
    "sqlite3",
)


@pytest.mark.parametrize("name", MODULES)
def test_all_lists_what_is_there(name: str) -> None:
    """Every module lists its names, each once; each one is there, and none is private."""
    module = importlib.import_module(name)
    assert len(module.__all__) == len(set(module.__all__))
    for public in module.__all__:
        assert not public.startswith("_")
        assert hasattr(module, public)


def test_the_front_door_lists_what_it_has() -> None:
    """``mailkit.__all__`` equals the names that can be imported from it, about thirty at most."""
    assert mailkit.__all__ == sorted(mailkit.__all__)
    assert len(mailkit.__all__) <= 35
    for name in mailkit.__all__:
        assert getattr(mailkit, name) is not None
    assert set(mailkit.__all__) <= set(dir(mailkit))
    with pytest.raises(AttributeError, match="has no attribute 'Massage'"):
        _ = mailkit.Massage


# What an ASGI server is pointed at is called app by custom, in each room that has one to serve.
APPS = {"mailkit.bulk.unsubscribe", "mailkit.inbox"}


def test_each_name_has_one_home() -> None:
    """A name that two packages offer is the same thing."""
    homes: dict[str, object] = {}
    for package in PACKAGES:
        module = importlib.import_module(package)
        for name in getattr(module, "__all__", ()):
            if name == "app" and package in APPS:
                continue
            if not isinstance(value := getattr(module, name), ModuleType):
                assert homes.setdefault(name, value) is value, f"{name} is two things"


def test_every_door_imports_only_what_it_lists() -> None:
    """A package's ``__init__`` holds no code: its public names are those in ``__all__``."""
    for package in PACKAGES:
        module = importlib.import_module(package)
        for name in module.__all__:
            getattr(module, name)  # some doors load what is asked for
        own = {
            name
            for name, value in vars(module).items()
            if not name.startswith("_") and not isinstance(value, ModuleType)
        }
        assert own == set(getattr(module, "__all__", ())), package


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sorted(sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import mailkit", HEAVY),
        ("from mailkit import MessageBuilder, errors", HEAVY),
        (
            "import mailkit as m; m.MessageBuilder().from_('a@b.example').to('c@d.example').subject('Zoë').text('x').build()",
            HEAVY,
        ),
        (
            "from mailkit import Campaign, Mailer, Templates",
            ("lxml", "premailer", "typer", "rich", "starlette", "sqlalchemy"),
        ),
        ("import mailkit.cli", ("lxml", "premailer", "starlette", "sqlalchemy", "email_validator")),
    ],
)
def test_import_loads_nothing_heavy(code: str, heavy: tuple[str, ...]) -> None:
    """Libraries that cost time are loaded when they are first used, not before."""
    assert not loaded_after(code) & set(heavy)
