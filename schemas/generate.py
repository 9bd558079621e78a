# SPDX-License-Identifier: Apache-2.0
"""Turns the JSON Schemas into pyrunc/config/_check*.py (fast) and _schemas.py.

Run as `python schemas/generate.py`; a test asserts that what is committed is what this writes.
Only the keywords that the schemas use are known: anything else stops the generation.
"""

from __future__ import annotations

import json
import pprint
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = HERE.parent / "pyrunc" / "config"
BASE = "https://pyrunc.invalid/schemas/"

Schema = dict[str, Any]
Steps = tuple[str, ...]

TYPES = {"object": "dict", "array": "list", "string": "str", "integer": "int", "boolean": "bool"}
ANNOTATIONS = {"$schema", "id", "title", "description", "definitions",
               "x-ids", "x-section", "x-wants"}
KEYWORDS = {"$ref", "type", "enum", "pattern", "minLength", "maxLength", "minItems", "minimum",
            "maximum", "required", "dependencies", "anyOf", "properties", "additionalProperties",
            "items"}

# The accept path has no `re`: each pattern of the schemas, and the expression that says the same.
PATTERNS = {
    "^/": '{v}[:1] == "/"',
    "^[^=]+=": '{v}.find("=") > 0',
    "^[^\\n]*$(?!\\n)": '"\\n" not in {v}',
    "^MB:[^\\n]*$(?!\\n)": "is_mbps({v})",
    "^[rwm]+$(?!\\n)": "is_access({v})",
    "^[1-9][0-9]{0,6}[KMG]B$(?!\\n)": "is_page_size({v})",
}
# The documents that come in are checked on the accept path, those that go out only in tests.
CHECKS = {"_check_config": ("config",), "_check_process": ("process",),
          "_check_resources": ("resources",), "_check_seccomp": ("seccomp",),
          "_check_documents": ("state", "process-state", "features")}
# What a document may lack is checked in a module of its own, imported when it is there. What stands
# in the other schemas is written into each module that needs it.
OWNERS = {f"{name}.schema.json": module for module, names in CHECKS.items() for name in names}

GRAMMARS = {"semver": "is_semver({v})", "list": "is_list({v})"}  # of common.schema.json

HEADER = '''# SPDX-License-Identifier: Apache-2.0
# ruff: noqa
"""Generated from schemas/ by schemas/generate.py: do not edit. {about}"""
'''

CHECK_HEAD = '''
from __future__ import annotations

from pyrunc.config.grammar import is_access, is_list, is_mbps, is_page_size, is_semver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # Where the value is, and the way through the schemas to the keyword that refuses it, with
    # slashes between the steps.
    Failure = tuple[tuple[str | int, ...], str] | None


def _at(items: list[Any], item: Any) -> int:
    return next(index for index, other in enumerate(items) if other is item)


def _below(path: tuple[str | int, ...], steps: str, failure: Any) -> Failure:
    return (*path, *failure[0]), steps + "/" + failure[1]
'''


def load_schemas(directory: Path = HERE) -> dict[str, Schema]:
    """The schemas by file name."""
    return {path.name: json.loads(path.read_text("utf-8"))
            for path in sorted(directory.glob("*.schema.json"))}


def steps_code(steps: Steps) -> str:
    """The way through the schemas as one string, as code."""
    return json.dumps("/".join(steps))


class Generator:
    """Writes one function for each object schema that is reached, scalars inline."""

    def __init__(self, schemas: dict[str, Schema], module: str) -> None:
        self.schemas = schemas
        self.module = module
        self.functions: dict[str, list[str]] = {}
        self.enums: dict[tuple[str, ...], str] = {}

    def resolve(self, reference: str, file: str) -> tuple[str, str, Schema]:
        """The file, the pointer and the schema behind a $ref that stands in `file`."""
        target, _, pointer = reference.partition("#")
        target = target or file
        schema = self.schemas[target]
        for step in pointer.split("/")[1:]:
            schema = schema[step]
        return target, pointer, schema

    def function(self, file: str, pointer: str, schema: Schema) -> str:
        """The name of the function for `schema`, which its first use writes if it is ours."""
        name = "_" + "_".join((file.partition(".")[0].replace("-", "_"),
                               *pointer.split("/")[2:]))
        if name not in self.functions and OWNERS.get(file, self.module) == self.module:
            self.functions[name] = []  # recursion would end here
            body = self.check(schema, "v", file, (), (), 1)
            self.functions[name] = [f"def {name}(v: Any) -> Failure:", *body, "    return None"]
        return name

    def check(self, schema: Schema, v: str, file: str, path: Steps, steps: Steps,
              depth: int) -> list[str]:
        """Lines that return a failure when `v` does not fit; `path` holds code, `steps` words."""
        unknown = set(schema) - KEYWORDS - ANNOTATIONS
        if unknown:
            raise ValueError(f"{file}: keywords the generator does not know: {sorted(unknown)}")
        if "$ref" in schema:
            return self.reference(schema["$ref"], v, file, path, steps, depth)
        pad = "    " * depth
        lines = []
        for keyword, condition in self.conditions(schema, v):
            lines += [f"{pad}if {condition}:",
                      f"{pad}    return {self.path_code(path)}, {steps_code((*steps, keyword))}"]
        if "anyOf" in schema:
            lines += self.any_of(schema["anyOf"], v, path, steps, depth)
        if "dependencies" in schema:
            lines += self.dependencies(schema["dependencies"], v, path, steps, depth)
        lines += self.members(schema, v, file, path, steps, depth)
        if "items" in schema:
            lines += self.items(schema["items"], v, file, path, steps, depth)
        return lines

    @staticmethod
    def path_code(path: Steps) -> str:
        if not path:
            return "()"
        return "(" + ", ".join(path) + ("," if len(path) == 1 else "") + ")"

    def reference(self, reference: str, v: str, file: str, path: Steps, steps: Steps,
                  depth: int) -> list[str]:
        target, pointer, schema = self.resolve(reference, file)
        if schema.get("type") not in ("object", "array") and "$ref" not in schema:
            grammar = GRAMMARS.get(pointer.rpartition("/")[2])
            if grammar:
                schema = {**schema, "pattern": grammar}
            return self.check(schema, v, target, path, steps, depth)
        name = self.function(target, pointer, schema)
        pad = "    " * depth
        owner = OWNERS.get(target, self.module)
        away = [f"{pad}from pyrunc.config.{owner} import {name}"] if owner != self.module else []
        return [*away, f"{pad}if (f := {name}({v})) is not None:",
                f"{pad}    return _below({self.path_code(path)}, {steps_code(steps)}, f)"]

    def conditions(self, schema: Schema, v: str) -> list[tuple[str, str]]:
        """Each plain keyword with the condition under which it refuses `v`."""
        found = []
        if "type" in schema:
            found.append(("type", f"type({v}) is not {TYPES[schema['type']]}"))
        if "enum" in schema:
            found.append(("enum", f"{v} not in {self.enum(schema['enum'])}"))
        if "maxLength" in schema:
            found.append(("maxLength", f"len({v}) > {schema['maxLength']}"))
        if "pattern" in schema:
            pattern = schema["pattern"]
            code = PATTERNS.get(pattern, pattern if pattern in GRAMMARS.values() else None)
            if code is None:
                raise ValueError(f"no expression for the pattern {pattern}")
            found.append(("pattern", f"not ({code.format(v=v)})"))
        if "minLength" in schema:
            found.append(("minLength", f"len({v}) < {schema['minLength']}"))
        if "minItems" in schema:
            found.append(("minItems", f"len({v}) < {schema['minItems']}"))
        if "minimum" in schema:
            found.append(("minimum", f"{v} < {schema['minimum']}"))
        if "maximum" in schema:
            found.append(("maximum", f"{v} > {schema['maximum']}"))
        if schema.get("required"):
            tests = " and ".join(f"{json.dumps(name)} in {v}" for name in schema["required"])
            found.append(("required", f"not ({tests})"))
        return found

    def enum(self, words: list[Any]) -> str:
        key = tuple(words)
        return self.enums.setdefault(key, f"_WORDS_{len(self.enums)}")

    def any_of(self, branches: list[Schema], v: str, path: Steps, steps: Steps,
               depth: int) -> list[str]:
        if any(set(branch) != {"required"} for branch in branches):
            raise ValueError("anyOf is only known with branches of `required`")
        pad = "    " * depth
        tests = " or ".join(
            "(" + " and ".join(f"{json.dumps(name)} in {v}" for name in branch["required"]) + ")"
            for branch in branches)
        return [f"{pad}if not ({tests}):",
                f"{pad}    return {self.path_code(path)}, {steps_code((*steps, 'anyOf'))}"]

    def dependencies(self, dependencies: dict[str, list[str]], v: str, path: Steps, steps: Steps,
                     depth: int) -> list[str]:
        pad = "    " * depth
        lines = []
        for name, needed in dependencies.items():
            tests = " and ".join(f"{json.dumps(other)} in {v}" for other in needed)
            way = steps_code((*steps, "dependencies"))
            lines += [f"{pad}if {json.dumps(name)} in {v} and not ({tests}):",
                      f"{pad}    return {self.path_code(path)}, {way}"]
        return lines

    def members(self, schema: Schema, v: str, file: str, path: Steps, steps: Steps,
                depth: int) -> list[str]:
        pad = "    " * depth
        lines = []
        inner = f"m{depth}"
        required = schema.get("required", ())
        for name, member in schema.get("properties", {}).items():
            key = json.dumps(name)
            here = depth if name in required else depth + 1
            if name not in required:
                lines.append(f"{pad}if {key} in {v}:")
            lines.append(f"{'    ' * here}{inner} = {v}[{key}]")
            lines += self.check(member, inner, file, (*path, key),
                                (*steps, "properties", name), here)
        if "additionalProperties" in schema:
            if "properties" in schema:
                raise ValueError("additionalProperties is only known without properties")
            lines.append(f"{pad}for k{depth}, {inner} in {v}.items():")
            lines += self.check(schema["additionalProperties"], inner, file, (*path, f"k{depth}"),
                                (*steps, "additionalProperties"), depth + 1)
        return lines

    def items(self, schema: Schema, v: str, file: str, path: Steps, steps: Steps,
              depth: int) -> list[str]:
        inner = f"i{depth}"
        return [f"{'    ' * depth}for {inner} in {v}:",
                *self.check(schema, inner, file, (*path, f"_at({v}, {inner})"),
                            (*steps, "items"), depth + 1)]


def write_check(schemas: dict[str, Schema], module: str) -> str:
    """The text of a module of checks: one function for each of its documents."""
    generator = Generator(schemas, module)
    entries = [(name.replace("-", "_"),
                generator.function(f"{name}.schema.json", "", schemas[f"{name}.schema.json"]))
               for name in CHECKS[module]]
    blocks = ["\n".join(lines) for lines in generator.functions.values()]
    words = [f"{name} = frozenset((" + ", ".join(map(json.dumps, key)) + "))"
             for key, name in generator.enums.items()]
    text = HEADER.format(about="The first layer, fast: None, or the first failure found.")
    text += CHECK_HEAD + "\n\n" + "\n".join(words) + "\n\n\n"
    text += "\n\n\n".join(blocks) + "\n\n\n"
    return text + "\n".join(f"{name} = {function}" for name, function in entries) + "\n"


def write_schemas(schemas: dict[str, Schema]) -> str:
    """The text of _schemas.py: the schemas as one dict, so that an installed package has them."""
    text = HEADER.format(about="The schemas by file name.")
    text += "\nfrom __future__ import annotations\n\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n"
    text += "    from typing import Any\n\n"
    text += f"BASE = {json.dumps(BASE)}\n\nSCHEMAS: dict[str, dict[str, Any]] = "
    return text + pprint.pformat(schemas, width=100, sort_dicts=False) + "\n"


def outputs() -> dict[Path, str]:
    """Each generated file with its text."""
    schemas = load_schemas()
    found = {TARGET / f"{module}.py": write_check(schemas, module) for module in CHECKS}
    return {**found, TARGET / "_schemas.py": write_schemas(schemas)}


def main() -> int:
    for path, text in outputs().items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
