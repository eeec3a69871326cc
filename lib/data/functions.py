"""Functions that params.yaml names as `module:function`, with arguments."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any


def function(key: str, spec: Mapping[str, Any], *values: Any) -> Callable[..., Any]:
    """The function of `spec` with its `arguments` bound.

    key: of the spec in params.yaml. values: examples of the positional arguments that it will be called with.
    Raises ValueError with the key if there is no such function or it does not take these arguments.
    """
    module, _, attribute = spec["function"].partition(":")
    try:
        target = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{key}.function: {spec['function']} cannot be loaded: {error}") from error
    arguments = dict(spec.get("arguments", {}))
    try:
        inspect.signature(target).bind(*values, **arguments)
    except TypeError as error:
        raise ValueError(f"{key}.arguments do not fit {spec['function']}: {error}") from error
    return partial(target, **arguments)
