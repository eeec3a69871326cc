"""Functions that params.yaml names, as `module:function` with arguments."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any


def function(key: str, spec: Mapping[str, Any], *values: Any) -> Callable[..., Any]:
    """The function with its arguments, still to be called with as many values as are given as examples.

    key: of params.yaml, where the spec stands. Raises ValueError, naming it, where there is no such function or its
    arguments do not fit.
    """
    module, _, attribute = spec["function"].partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{key}.function: {spec['function']} cannot be loaded: {error}") from error
    arguments = dict(spec.get("arguments", {}))
    try:
        inspect.signature(found).bind(*values, **arguments)
    except TypeError as error:
        raise ValueError(f"{key}.arguments do not fit {spec['function']}: {error}") from error
    return partial(found, **arguments)
