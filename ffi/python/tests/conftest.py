"""A live plane for each test: a writer in a process of its own that does what it is told."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import tickplane

#: The series and the instrument of the writer.
KEY = ("binance", "BTC-USDT", "1m")
INSTRUMENT = ("binance", "BTC-USDT")
#: Rows the writer keeps unless told otherwise, and trades.
DEPTH = 24
TRADES_KEPT = 16
INTERVAL_NS = 60_000_000_000


class Writer:
    """The writing process; every value it publishes follows from a row or a number."""

    def __init__(self, root: Path, depth: int = DEPTH) -> None:
        self.root = root
        program = os.environ.get("TICKPLANE_TEST_WRITER")
        if not program:
            pytest.skip("TICKPLANE_TEST_WRITER is not set: run `cargo test -p tickplane-ffi python`")
        self._process = subprocess.Popen(
            [program, "--exact", "python::writer", "--nocapture", "--test-threads=1"],
            env={**os.environ, "TICKPLANE_PYTHON_ROOT": str(root), "TICKPLANE_PYTHON_DEPTH": str(depth)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.pid = int(self._answer("ready"))

    def __call__(self, command: str) -> None:
        """Has it do something, and waits until it is done."""
        self.start(command)
        self._answer("done")

    def start(self, command: str) -> None:
        """Has it do something without end."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """SIGKILL, as the system does it to a process that needs too much memory."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe and not pipe.closed:
                pipe.close()

    def _answer(self, word: str) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(f"> {word}"):
                return line.removeprefix(f"> {word}").strip()
        raise AssertionError("the writer ended by itself")


def candle(row: int, revision: int = 0) -> tuple[float, ...]:
    """What the writer publishes as the candle of a row: its ten fields."""
    x = float(row + revision)
    return (row * INTERVAL_NS, x + 1, x + 2, x + 3, x + 4, x + 5, x + 6, x + 7, row, 1)


@pytest.fixture
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for planes, in shared memory where there is some."""
    base = Path("/dev/shm")
    folder = base / f"tickplane-python-{os.getpid()}" if base.is_dir() else tmp_path_factory.mktemp("planes")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def writer(root: Path) -> Iterator[Writer]:
    """A writer with nothing published."""
    writer = Writer(root)
    yield writer
    writer.kill()


@pytest.fixture
def plane(writer: Writer) -> Iterator[tickplane.Plane]:
    """The writer's plane, open."""
    with tickplane.open("test", writer.root, restart_timeout=10) as plane:
        yield plane
