"""Fields that name a file: relative to the configuration in which they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationInfo

DIRECTORIES: Final = "archsim_directories"
"""Key of the validation context: folders in which a file that a document names is looked for, in order."""


def _found(name: str, info: ValidationInfo) -> str:
    """Return the name with the folder of the configuration where the file is there, else unchanged."""
    for directory in (info.context or {}).get(DIRECTORIES, ()):
        beside = Path(directory) / name
        if beside.is_file():
            return str(beside)
    return name


NamedFile = Annotated[str, Field(min_length=1), AfterValidator(_found)]
"""Path of a file, relative to the configuration or to one that it extends, else to the working directory."""
