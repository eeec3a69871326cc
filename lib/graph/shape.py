"""Violations of the schema of the parameters, in a user's words: each with its key, all at once."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

SHOWN = 12  # names in a message
TOP = "top level"
NUMBER = re.compile(r"([+-]?\d+)(\.\d*)?[eE]([+-]?)(\d+)")


def violations(config: Mapping[str, Any], schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Dotted keys and what is wrong with each. Not told is a key that is missing where a misspelt one is told."""
    absent: dict[str, list[str]] = {}  # by section
    for error in sorted(Draft202012Validator(schema).iter_errors(config), key=key_of):
        if error.validator in ("required", "dependentRequired"):
            absent.setdefault(key_of(error), []).extend(missing(error))
        else:
            yield from of_error(error)
    for section, names in absent.items():
        if len(names) == 1:
            yield ".".join(filter(None, [section, *names])), "it is missing"
        elif names:
            yield section or TOP, f"keys are missing: {', '.join(names)}"


def key_of(error: ValidationError) -> str:
    """The dotted key of the value that is wrong; nothing for the whole file."""
    return ".".join(map(str, error.absolute_path))


def of_error(error: ValidationError) -> Iterator[tuple[str, str]]:
    """One violation as keys and words."""
    key = key_of(error)
    inside = f"{key}." if key else ""
    match error.validator:
        case "additionalProperties":
            for name in unknown(error):
                yield f"{inside}{name}", f"there is no such key here{suggestion(name, error)}"
        case "anyOf":
            kinds = [option["required"][0] for option in error.validator_value]
            meant = next((f"; did you mean {best[0]}?" for name in error.instance if (best := close(name, kinds))), "")
            yield key, f"it has none of the keys {', '.join(kinds)}, one of which says what it is{meant}"
        case "propertyNames" | "pattern" | "not" | "enum" if "propertyNames" in error.absolute_schema_path:
            yield f"{inside}{error.instance}", f"a key of this name cannot stand here{described(error)}"
        case "type":
            yield key or TOP, wrong_type(error)
        case "enum":
            known = ["null" if value is None else str(value) for value in error.validator_value]
            best = close(error.instance, known) if isinstance(error.instance, str) else []
            meant = f"; did you mean {best[0]}?" if best else ""
            yield key, f"{error.instance!r} is not one of {', '.join(known)}{meant}"
        case "minProperties" | "minItems":
            yield key, f"{len(error.instance)} entries are too few: at least {error.validator_value} have to be here"
        case "pattern" if "description" in error.schema:
            yield key, f"{error.instance!r} is not of this form{described(error)}"
        case _:
            yield key or TOP, f"{shortened(error)}{described(error)}"


def unknown(error: ValidationError) -> list[str]:
    """The keys of a section that the schema does not have."""
    return [name for name in error.instance if name not in error.schema.get("properties", {})]


def missing(error: ValidationError) -> list[str]:
    """The key that is missing, unless a key that is not known is probably meant to be it."""
    name = re.match(r"'(.*?)' is a ", error.message)[1]
    others = [other for other in error.instance if other not in error.schema.get("properties", {})]
    return [] if any(close(other, [name]) for other in others) else [name]


def close(name: str, known: list[str]) -> list[str]:
    """The known name that a name is probably meant to be, or none."""
    return get_close_matches(str(name), known, n=1, cutoff=0.7)


def suggestion(name: str, error: ValidationError) -> str:
    """What a key that is not known may be meant to be, or the keys that may be added."""
    known = list(error.schema.get("properties", {}))
    if best := close(name, known):
        return f"; did you mean {best[0]}?"
    rest = [other for other in known if other not in error.instance]
    listed = ", ".join(rest[:SHOWN]) + (", …" if len(rest) > SHOWN else "")
    return f"; keys that may be added: {listed}" if rest else "; take it out"


def wrong_type(error: ValidationError) -> str:
    """A value of another type; of a number that YAML takes for a text, how to write it."""
    value, wanted = error.instance, error.validator_value
    if value is None:
        return f"nothing stands here; {wanted} is needed"
    if isinstance(value, str) and wanted in ("number", "integer"):
        if found := NUMBER.fullmatch(value.strip()):
            whole, fraction, sign, power = found.groups()
            number = f"{whole}{fraction or '.0'}e{sign or '+'}{power}"
            is_whole = wanted == "integer" and float(number).is_integer()
            return f"{value} is text in YAML: write {int(float(number)) if is_whole else number}"
        if re.fullmatch(r"[+-]?\d+(\.\d*)?", value.strip()):
            return f"'{value}' is text in YAML: write {value.strip()} without quotes"
    return shortened(error)


def shortened(error: ValidationError) -> str:
    """The validator's words with a long value cut."""
    text = repr(error.instance)
    return error.message.replace(text, f"{text[:80]}…") if len(text) > 80 else error.message


def described(error: ValidationError) -> str:
    """What the schema says of such a value, if it says something."""
    words = error.schema.get("description")
    return f": {words}" if words else ""
