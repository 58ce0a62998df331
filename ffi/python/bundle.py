"""Puts libtickplane into the wheel where TICKPLANE_BUNDLE names it, so that the wheel needs nothing else."""

import os
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VARIABLE = "TICKPLANE_BUNDLE"


class Bundle(BuildHookInterface):  # type: ignore[type-arg, misc, unused-ignore]
    """Without the variable the wheel is pure Python and finds the library at run time."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        named = os.environ.get(VARIABLE)
        if not named or version == "editable":
            return
        library = Path(named).resolve()
        if not library.is_file():
            raise FileNotFoundError(f"{VARIABLE}: no file {library}; name the libtickplane.so that you built")
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["force_include"][str(library)] = "tickplane/libtickplane.so"
