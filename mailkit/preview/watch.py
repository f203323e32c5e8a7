"""Watches files by looking at them again and again, while somebody wants to know."""

import threading
from collections.abc import Callable, Mapping

__all__ = ["Watcher"]


class Watcher:
    """Tells its listeners when a file has come, gone or changed.

    ``stamps`` returns a value for each file that changes when the file does. The first listener starts a thread that looks
    ``every`` so many seconds, the last one ends it.
    """

    def __init__(self, stamps: Callable[[], Mapping[str, object]], *, every: float = 0.3) -> None:
        self._stamps = stamps
        self._every = every
        self._seen: Mapping[str, object] = {}
        self._listeners: list[Callable[[], object]] = []
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self.version = 0
        """How many times something has changed."""

    @property
    def is_watching(self) -> bool:
        return bool(self._listeners)

    def subscribe(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Have ``listener`` called after each change, in the watcher's thread. Returns what ends that."""
        with self._lock:
            if not self._listeners:
                self._seen = self._now()
                self._ended = threading.Event()
                threading.Thread(target=self._watch, args=(self._ended,), name="mailkit-watch", daemon=True).start()
            self._listeners = [*self._listeners, listener]

        def end() -> None:
            with self._lock:
                self._listeners = [one for one in self._listeners if one is not listener]
                if not self._listeners:
                    self._ended.set()

        return end

    def look(self) -> tuple[str, ...]:
        """Look once: return the names of the files that are not as they were, and tell the listeners when there are any."""
        with self._lock:
            before, self._seen = self._seen, self._now()
            names = sorted({*before, *self._seen})
            changed = tuple(name for name in names if before.get(name) != self._seen.get(name))
            self.version += bool(changed)
            listeners = self._listeners if changed else []
        for listener in listeners:
            listener()
        return changed

    def _now(self) -> Mapping[str, object]:
        try:
            return self._stamps()
        except OSError:  # a folder goes away while it is gone through: the next look will tell
            return self._seen

    def _watch(self, ended: threading.Event) -> None:
        while not ended.wait(self._every):
            self.look()
