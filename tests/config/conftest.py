"""The families of the toy system, which exist only while these tests run."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

import pytest
from toy_system import TOYS, System, define_system

from archsim import registry
from archsim.registry import Family


@pytest.fixture(scope="session")
def toy() -> Iterator[type[System]]:
    """The model of the toy system; its families are taken back at the end, so no other test sees them."""
    with pytest.MonkeyPatch.context() as patch:
        own = {name: Family(name, f"no_package_of_{name}") for name in TOYS}
        patch.setattr(registry, "FAMILIES", MappingProxyType({**registry.FAMILIES, **own}))
        yield define_system()
