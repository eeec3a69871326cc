"""Mistakes in a YAML file that its reader does not tell, or not with their place: syntax, and a key given twice."""

from pathlib import Path

import yaml


def yaml_mistake(file: Path) -> str | None:
    """The first mistake in one line that begins with the file and the line; None if the file can be read."""
    try:
        text = file.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except FileNotFoundError:
        return f"{file}: there is no such file"
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return f"{file}, line {line}: byte {error.object[error.start]:#x} is not UTF-8; save the file as UTF-8"
    except yaml.MarkedYAMLError as error:
        return f"{file}, {place_and_words(error, text)}"
    except yaml.YAMLError as error:
        return f"{file}: {' '.join(str(error).split())}"
    if not isinstance(root, yaml.MappingNode):
        return f"{file}: it has to hold keys and values, such as `experiment: mine`"
    twice = repeated_key(root, "")
    return f"{file}, {twice}" if twice else None


def place_and_words(error: yaml.MarkedYAMLError, text: str) -> str:
    """The line of a mistake in the syntax, what the parser says of it, and what stands there.

    What is never closed, a quote, a bracket or a key without its colon, is told where it begins.
    """
    context = error.context or ""
    begins = error.context_mark if "scanning" in context or "flow" in context else None
    mark = begins or error.problem_mark or error.context_mark
    lines = text.splitlines()
    line = lines[mark.line].strip() if mark.line < len(lines) else "the end of the file"
    return f"line {mark.line + 1}: this is no YAML, {' '.join(filter(None, [context, error.problem]))}: {line}"


def repeated_key(node: yaml.Node, section: str) -> str | None:
    """Which key stands twice in one section, with its two lines: a reader would take the second and drop the first."""
    lines: dict[str, int] = {}
    if isinstance(node, yaml.SequenceNode):
        children = [(str(i), child) for i, child in enumerate(node.value)]
    elif isinstance(node, yaml.MappingNode):
        children = [(str(key.value), child) for key, child in node.value]
        for key, _ in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in lines:
                return f"line {line}: the key {section}{name} stands in line {lines[name]} already; take one out"
            lines[name] = line
    else:
        return None
    return next(filter(None, (repeated_key(child, f"{section}{name}.") for name, child in children)), None)
