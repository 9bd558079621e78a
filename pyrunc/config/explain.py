# SPDX-License-Identifier: Apache-2.0
"""Says everything that is wrong with a refused config; nothing of this is loaded for a good one."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from itertools import islice

from pyrunc.config._schemas import BASE, SCHEMAS
from pyrunc.config.locate import fault_position, place
from pyrunc.config.problems import ERROR, Problem, show
from pyrunc.jsonio import JsonError, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from pyrunc.config.problems import Path
    from pyrunc.config.types import Json
    from pyrunc.config.validate import Kind

    Steps = tuple[str, ...]
    Schema = dict[str, Any]

MAX_PROBLEMS = 100
_MANY_WORDS = 12
_validators: dict[str, Any] = {}

_TYPES = {"object": "an object", "array": "an array", "string": "a string",
          "integer": "an integer", "boolean": "true or false"}


def explain(data: bytes, value: Json, kind: Kind, softened: list[Problem],
            allow_newer: bool = False) -> list[Problem]:
    """All problems of `value`, which `data` spells: the schema's first, then the rules'.

    `softened` are notes of the pre-pass that shall refuse. Each problem knows its line and column.
    """
    problems = schema_problems(kind, value)
    problems += kind.second(value, allow_newer, bool(problems))
    for note in softened:
        note.level = ERROR
        problems.append(note)
    unique: dict[tuple[str, str], Problem] = {}
    for problem in problems[:MAX_PROBLEMS]:
        unique.setdefault(problem.key(), problem)
    found = list(unique.values())
    place(found, decode(data))
    return found


def json_problem(error: JsonError, data: bytes) -> Problem:
    """The problem of a file that is not JSON, or not JSON as strictly as we read it."""
    ids = "JSN-2" if "given twice" in error.message else "JSN-1"
    problem = Problem(ids, (), error.message, "RFC 8259")
    problem.line, problem.column = error.line, error.column
    if not error.line:
        try:
            problem.line, problem.column = fault_position(decode(data))
        except JsonError:
            pass  # not even text
    if problem.line:
        problem.says = f"line {problem.line}, column {problem.column}: {error.message}"
    return problem


def schema_problems(kind: Kind, value: Json) -> list[Problem]:
    """What the schemas have against `value`."""
    if kind.check(value) is None:
        return []
    found: list[Problem] = []
    for path, steps in islice(schema_errors(kind, value), MAX_PROBLEMS):
        found.extend(describe(value, path, steps, kind.schema))
    return found


def schema_errors(kind: Kind, value: Json) -> Iterator[tuple[Path, Steps]]:
    """Where and by which keyword the schemas refuse `value`: all of it as jsonschema finds it.

    Where jsonschema is not installed, only the failure that the generated check found.
    """
    validate = document_errors(kind.schema, value)
    if validate is None:
        failure = kind.check(value)
        return iter(()) if failure is None else iter(((failure[0], tuple(failure[1].split("/"))),))
    return iter(validate)


def document_errors(schema: str, value: Json) -> Iterable[tuple[Path, Steps]] | None:
    """The errors that jsonschema finds in `value` by the schema named `schema`, lazily.

    Each is the path of the value and the way through the schemas to the keyword. None when
    jsonschema is not installed.
    """
    validator = _validator(schema)
    if validator is None:
        return None
    return ((tuple(error.absolute_path), tuple(map(str, error.absolute_schema_path)))
            for error in validator.iter_errors(value))


def _validator(schema: str) -> Any:
    """The validator of the schema so named, made once; None when jsonschema is not installed."""
    if schema in _validators:
        return _validators[schema]
    more = _site_directories()
    sys.path += more
    try:
        from jsonschema import Draft4Validator
        from referencing import Registry
        from referencing.jsonschema import DRAFT4
    except ImportError:
        return None
    finally:
        sys.path[len(sys.path) - len(more):] = []
    resources = [(BASE + name, DRAFT4.create_resource(contents))
                 for name, contents in SCHEMAS.items()]
    registry: Registry[Any] = Registry().with_resources(resources)
    # no retriever: nothing is ever fetched
    validator = Draft4Validator({"$ref": f"{BASE}{schema}.schema.json"}, registry=registry)
    _validators[schema] = validator
    return validator


def _site_directories() -> list[str]:
    """Where jsonschema is installed, if an interpreter started with -S does not look there."""
    if not sys.flags.no_site:
        return []
    import site
    from os import path

    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    environment = path.dirname(path.dirname(sys.executable))  # without site, sys.prefix is the base
    places = [f"{environment}/lib/{version}/site-packages", *site.getsitepackages()]
    return [place for place in places
            if place not in sys.path and path.isdir(path.join(place, "jsonschema"))]


def nodes(steps: Steps, schema: str) -> Iterator[Schema]:
    """The schemas passed on the way `steps` from the top of the one named `schema`.

    A $ref on the way is followed; `steps`, like jsonschema's paths, does not mention it.
    """
    file = f"{schema}.schema.json"
    node: Any = SCHEMAS[file]
    for step in steps:
        if isinstance(node, dict):
            yield node
        if "$ref" in node:
            file, node = _resolve(node["$ref"], file)
            yield node
        node = node[step] if isinstance(node, dict) else node[int(step)]


def _resolve(reference: str, file: str) -> tuple[str, Schema]:
    target, _, pointer = reference.partition("#")
    target = target or file
    node: Any = SCHEMAS[target]
    for step in pointer.split("/")[1:]:
        node = node[step]
    return target, node


def describe(value: Json, path: Path, steps: Steps, schema: str) -> Iterator[Problem]:
    """The problems behind one failure of a schema, in the words of this file."""
    chain = list(nodes(steps, schema))
    node = chain[-1]
    if steps[-1] == "type" and len(chain) > 1 and "x-ids" in chain[-2] and "$ref" in chain[-2]:
        chain.pop()  # a wrong type is about the member, not about what should be in it
    ids = _last(chain, "x-ids", "VAL-1")
    section = _last(chain, "x-section", "")
    for step in path:
        value = value[step]
    members = node.get("properties", {})
    for more, says, meant in _says(steps[-1], node, value, node.get("x-wants", "")):
        about = [members[name] for name in more if name in members]
        if steps[-1] == "dependencies":
            about += [members[name] for name in node["dependencies"]]
        named = " ".join([ids, *(member["x-ids"] for member in about if "x-ids" in member)])
        yield Problem(" ".join(dict.fromkeys(named.split())), (*path, *more), says,
                      _last(about, "x-section", section), meant=meant)


def _last(chain: list[Schema], keyword: str, default: str) -> str:
    """The value of `keyword` in the last schema of `chain` that has it."""
    for node in reversed(chain):
        if keyword in node:
            return str(node[keyword])
    return default


def _says(keyword: str, node: Schema, value: Json,
          wants: str) -> Iterator[tuple[Path, str, str]]:
    """The rest of the path, the words, and a suggestion for a failed `keyword` of `node`."""
    if keyword == "required":
        for name in node["required"]:
            if name not in value:
                yield (name,), "is missing" + _instead(name, value, node), ""
    elif keyword == "dependencies":
        for name, needed in node["dependencies"].items():
            for other in needed:
                if name in value and other not in value:
                    yield (other,), f"is missing; {name} cannot be without it", ""
    elif keyword == "enum":
        yield (), f"{show(value)} is not one of {_words(node)}", suggestion(value, node["enum"])
    elif keyword == "anyOf":
        yield (), wants, ""
    else:
        yield (), f"{show(value)} is {_SHORT[keyword](node, wants)}", ""


_SHORT: dict[str, Callable[[Schema, str], str]] = {
    "type": lambda node, _: f"not {_TYPES[node['type']]}",
    "minimum": lambda node, _: f"not between {node['minimum']} and {node['maximum']}",
    "maximum": lambda node, _: f"not between {node['minimum']} and {node['maximum']}",
    "maxLength": lambda node, _: f"longer than {node['maxLength']} characters",
    "minLength": lambda node, _: "empty",
    "minItems": lambda node, _: "empty",
    "pattern": lambda node, wants: f"not {wants}",
}


def _words(node: Schema) -> str:
    words = node["enum"]
    return ", ".join(words) if len(words) <= _MANY_WORDS else f"the {len(words)} known words"


def _instead(name: str, value: dict[str, Json], node: Schema) -> str:
    """What stands in an object in place of the missing member `name`, if anything alike does."""
    known = node.get("properties", {})
    other = suggestion(name, [member for member in value if member not in known])
    return f", but there is {show(other)}" if other else ""


_ALIASES = {"net": "network", "mnt": "mount", "SCHED_NORMAL": "SCHED_OTHER"}


def suggestion(word: Json, words: Iterable[str]) -> str:
    """The one of `words` that `word` probably should have been, or ""."""
    if not isinstance(word, str) or not word:
        return ""
    known = {other.lower(): other for other in words}
    wanted = _ALIASES.get(word, word).lower()
    if wanted in known:
        return known[wanted]
    for lower, other in known.items():
        if lower.endswith("_" + wanted):
            return other
    close = get_close_matches(wanted, known, n=1, cutoff=0.7)
    return known[close[0]] if close else ""
