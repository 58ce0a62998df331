"""The examples do what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Writer

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_follow_prints_the_last_candle_and_each_that_closes(writer: Writer) -> None:
    writer("fill 10")
    lines = (EXAMPLES / "follow.py").read_text().splitlines()
    assert len([line for line in lines if line.strip()]) <= 6
    program = "\n".join(lines).replace("tickplane.open()", f"tickplane.open('test', {str(writer.root)!r})")
    following = subprocess.Popen([sys.executable, "-uc", program], stdout=subprocess.PIPE, text=True)
    assert following.stdout is not None
    try:
        assert "row=9)" in following.stdout.readline()
        for row in range(10, 13):
            writer(f"fill {row + 1}")
            assert f"row={row})" in following.stdout.readline()
    finally:
        following.kill()
        following.wait()
        following.stdout.close()


def test_the_readme_begins_with_follow() -> None:
    readme = (EXAMPLES.parent / "README.md").read_text()
    assert f"```python\n{(EXAMPLES / 'follow.py').read_text()}```" in readme


def test_plot_draws_candles_and_an_indicator(writer: Writer, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="no matplotlib, so nothing was drawn")
    writer("fill 24")
    picture = tmp_path / "btc.png"
    arguments = ["binance", "BTC-USDT", "1m", "rsi_14", str(picture), "--instance", "test", "--root", str(writer.root)]
    told = subprocess.run(
        [sys.executable, str(EXAMPLES / "plot.py"), *arguments], capture_output=True, text=True, timeout=120, env=os.environ
    )
    assert told.returncode == 0, told.stderr
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) > 5000
    assert "24 candles" in told.stdout
