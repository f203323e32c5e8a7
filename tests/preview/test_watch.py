"""Files are watched by looking at them: each test looks itself."""

from collections.abc import Mapping

import pytest

from mailkit.preview import Watcher

NEVER = 3600.0  # seconds between two looks of the watcher's own


def test_look_when_files_change_come_and_go_then_they_are_told_once() -> None:
    """And nobody is called when nothing has changed."""
    files: dict[str, object] = {"a": 1, "b": 1}
    calls: list[int] = []
    watcher = Watcher(lambda: dict(files), every=NEVER)
    end = watcher.subscribe(lambda: calls.append(watcher.version))
    assert watcher.look() == ()
    files.update(a=2, c=1)
    del files["b"]
    assert watcher.look() == ("a", "b", "c")
    assert watcher.look() == ()
    assert calls == [1]
    end()
    files["a"] = 3
    assert watcher.look() == ("a",)
    assert calls == [1]
    assert watcher.version == 2


def test_subscribe_when_the_last_listener_has_gone_then_nothing_is_watched() -> None:
    """And with the next one it begins from what is there then."""
    files: dict[str, object] = {"a": 1}
    looks: list[int] = []

    def stamps() -> Mapping[str, object]:
        looks.append(1)
        return dict(files)

    watcher = Watcher(stamps, every=NEVER)
    assert not watcher.is_watching
    assert looks == []
    first, second = watcher.subscribe(lambda: None), watcher.subscribe(lambda: None)
    assert len(looks) == 1
    first()
    assert watcher.is_watching
    second()
    second()
    assert not watcher.is_watching
    files["a"] = 2
    watcher.subscribe(lambda: None)()
    assert watcher.look() == ()


def test_look_when_a_folder_vanishes_meanwhile_then_it_is_told_at_the_next() -> None:
    """No error, and no change that is none."""
    answers: list[Mapping[str, object] | None] = [{"a": 1}, None, {}]

    def stamps() -> Mapping[str, object]:
        found = answers.pop(0)
        if found is None:
            raise FileNotFoundError
        return found

    watcher = Watcher(stamps, every=NEVER)
    end = watcher.subscribe(lambda: None)
    assert watcher.look() == ()
    assert watcher.look() == ("a",)
    end()


def test_subscribe_when_time_goes_by_then_the_watcher_looks_by_itself() -> None:
    """In its own thread, until the listener goes."""
    import threading

    looked = threading.Event()
    files: dict[str, object] = {"a": 1}
    watcher = Watcher(lambda: dict(files), every=0.001)
    end = watcher.subscribe(looked.set)
    files["a"] = 2
    assert looked.wait(30)
    end()


def test_stamps_when_they_fail_in_another_way_then_it_is_not_hidden() -> None:
    """A mistake of ours is none of the file system's."""
    watcher = Watcher(lambda: {}[1], every=NEVER)  # type: ignore[no-any-return, index]
    with pytest.raises(KeyError):
        watcher.look()
