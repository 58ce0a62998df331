"""The package and the header say the same, and a library that is missing is told with what to do."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tickplane
from tickplane import _constants, _library, _structures


@pytest.fixture(scope="module")
def header() -> str:
    """The text of tickplane.h."""
    named = os.environ.get("TICKPLANE_HEADER")
    path = Path(named) if named else Path(__file__).parents[2] / "include" / "tickplane.h"
    if not path.exists():
        pytest.skip("no tickplane.h beside the package, so nothing was compared with it")
    return path.read_text()


def test_numbers_are_the_headers(header: str) -> None:
    numbers = {name: int(number) for name, number in re.findall(r"#define TP_(\w+) (-?\d+)", header)}
    ours = {name: number for name, number in vars(_constants).items() if name.isupper()}
    assert len(ours) > 50
    assert ours == {name: numbers.get(name) for name in ours}


def test_structures_are_the_headers(header: str) -> None:
    scalars = {
        "size_t": ctypes.c_size_t,
        "int64_t": ctypes.c_int64,
        "uint64_t": ctypes.c_uint64,
        "uint16_t": ctypes.c_uint16,
        "uint32_t": ctypes.c_uint32,
        "double": ctypes.c_double,
        "const char *": ctypes.c_char_p,
        "char": ctypes.c_char * _structures.SYMBOL_BYTES,
    }
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    bodies = {name: body for body, name in re.findall(r"typedef struct \{(.*?)\} (\w+);", text, re.DOTALL)}
    sizes = {name: int(size) for name, size in re.findall(r"TP_SIZE_\((\w+), (\d+)\)", header)}
    assert f"#define TP_SYMBOL_BYTES {_structures.SYMBOL_BYTES}\n" in header
    assert f"#define TP_KEY_BYTES {_structures.KEY_BYTES}\n" in header
    for name, structure in _structures.STRUCTURES.items():
        fields = re.findall(r"(const char \*|\w+ )(\w+)(?:\[\w+\])?;", bodies[name])
        expected = [(field, scalars[kind.strip() if "*" not in kind else kind]) for kind, field in fields]
        assert list(structure._fields_) == expected, name
        assert ctypes.sizeof(structure) == sizes[name]


def test_calls_are_the_headers(header: str) -> None:
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    declared = {
        name: (result.strip(), [] if arguments == "void" else arguments.split(","))
        for result, name, arguments in re.findall(r"^([\w ]+ \*?)(tp_\w+)\((.*?)\);", text, re.MULTILINE)
    }
    assert len(declared) > 50
    plain = {
        "int32_t": ctypes.c_int32,
        "uint32_t": ctypes.c_uint32,
        "uint64_t": ctypes.c_uint64,
        "size_t": ctypes.c_size_t,
        "const char *": ctypes.c_char_p,
        "void": None,
    }
    for name, (result, arguments) in _library.CALLS.items():
        said, parameters = declared[name]
        assert result is plain.get(said, ctypes.c_void_p), name
        assert len(arguments) == len(parameters), name
        for ours, theirs in zip(arguments, parameters):
            kind = " ".join(theirs.split()[:-1])
            is_pointer = ours in (ctypes.c_void_p, ctypes.c_char_p) or hasattr(ours, "contents")
            assert is_pointer if "*" in theirs else ours is plain[kind], (name, theirs)


def test_the_version_is_the_librarys() -> None:
    assert tickplane.library_version() == tickplane.__version__


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Another Python, with another environment."""
    clean = {name: value for name, value in os.environ.items() if name != "TICKPLANE_LIBRARY"}
    return subprocess.run(
        [sys.executable, "-c", program], env={**clean, **environment}, capture_output=True, text=True, timeout=60
    )


OPEN = """
import tickplane
try:
    print(tickplane.library_version())
except tickplane.LibraryNotFound as failure:
    print(failure)
"""


def test_a_missing_library_is_told_with_what_to_do(tmp_path: Path) -> None:
    told = run(OPEN, TICKPLANE_LIBRARY="/nowhere/libtickplane.so")
    assert "libtickplane was not found (/nowhere/libtickplane.so" in told.stdout, told
    assert "cargo build --release -p tickplane-ffi" in told.stdout and "TICKPLANE_LIBRARY" in told.stdout
    told = run(OPEN, TICKPLANE_LIBRARY="libm.so.6")
    assert "is not the libtickplane of this package's release" in told.stdout, told


def test_a_library_of_another_interface_is_refused() -> None:
    told = run("import tickplane._library as l; l.ABI_VERSION = 77" + OPEN, **library_at())
    assert f"has interface {_constants.ABI_VERSION}, this package is for 77: install both of one release" in told.stdout, told


def library_at() -> dict[str, str]:
    """The library that is tested, for another Python."""
    return {"TICKPLANE_LIBRARY": os.environ["TICKPLANE_LIBRARY"]}


def test_the_systems_loader_finds_it(tmp_path: Path) -> None:
    (tmp_path / _library.SONAME).symlink_to(Path(os.environ["TICKPLANE_LIBRARY"]).resolve())
    told = run(OPEN, LD_LIBRARY_PATH=str(tmp_path))
    assert told.stdout.strip() == tickplane.__version__, told


def test_a_wheel_may_bring_it_along(tmp_path: Path) -> None:
    package = Path(__file__).parents[1]
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    environment = {**os.environ, "TICKPLANE_BUNDLE": os.environ["TICKPLANE_LIBRARY"]}
    subprocess.run([*build, "--wheel-dir", str(tmp_path), str(package)], env=environment, check=True, timeout=120)
    (wheel,) = tmp_path.glob("tickplane-*-py3-none-linux_*.whl")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, "--target", str(tmp_path / "site"), str(wheel)], check=True, timeout=120)
    told = run(OPEN + "print(tickplane.__file__)", PYTHONPATH=str(tmp_path / "site"))
    assert told.stdout.split() == [tickplane.__version__, str(tmp_path / "site/tickplane/__init__.py")], told
