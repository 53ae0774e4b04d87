"""The catalogue: every cause in the modules of this package, found by itself.

To add a cause, add a class to one of the modules (or a module): nothing here changes.
"""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module

from netdoctor.diagnosis.cause import Cause


def _collect() -> tuple[Cause, ...]:
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__, f"{__name__}."))
    found = {
        item.code: item()
        for name in modules
        for item in vars(import_module(name)).values()
        if inspect.isclass(item) and issubclass(item, Cause) and not inspect.isabstract(item)
    }
    return tuple(found.values())


ALL: tuple[Cause, ...] = _collect()
