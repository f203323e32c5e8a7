"""Postfix's smtp-sink, a server that throws everything away, and smtp-source, a client that sends without end: they are
as fast as such programs get, and what others are measured beside."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.kit.daemon import HOST, SEARCH_PATH, START_WITHIN, accepts, end, free_ports, without


def missing() -> str | None:
    """Say what keeps the two from being started here, or None."""
    return without("smtp-sink", "smtp-sink", "smtp-source")


@contextmanager
def smtp_sink(*options: str) -> Iterator[int]:
    """Run smtp-sink on a free port, which is told, until the block ends. See smtp-sink(1) for the options."""
    (port,) = free_ports(1)
    command = [_path("smtp-sink"), "-u", "nobody", *options, f"inet:{HOST}:{port}", "100"]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + START_WITHIN
        while not accepts(HOST, port):
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError(f"smtp-sink does not listen on port {port}")
            time.sleep(0.02)
        yield port
    finally:
        end(process)


def smtp_source(port: int, *options: str, within: float = 60.0) -> float:
    """Run smtp-source against a port, and return the seconds it took. See smtp-source(1) for the options."""
    began = time.monotonic()
    subprocess.run([_path("smtp-source"), *options, f"inet:{HOST}:{port}"], check=True, timeout=within)
    return time.monotonic() - began


def _path(program: str) -> str:
    return shutil.which(program, path=SEARCH_PATH) or program
