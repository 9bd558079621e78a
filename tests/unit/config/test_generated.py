# SPDX-License-Identifier: Apache-2.0
"""The generated check: it is fresh, imports nothing heavy, and says what the schemas say."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyrunc.config import grammar
from pyrunc.config._schemas import SCHEMAS

TOP = Path(__file__).parents[3]


def generator():
    """The module schemas/generate.py."""
    spec = importlib.util.spec_from_file_location("generate", TOP / "schemas" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_files_are_fresh():
    """PY-12: _check*.py and _schemas.py are what schemas/generate.py writes now."""
    for path, text in generator().outputs().items():
        assert path.read_text("utf-8") == text, f"run python schemas/generate.py: {path.name}"


def test_generator_stops_at_an_unknown_keyword():
    """PY-12: a keyword that the generated check would not honour stops the generation."""
    module = generator()
    with pytest.raises(ValueError, match="keywords the generator does not know"):
        module.Generator({}, "x").check({"type": "string", "format": "uri"}, "v", "x", (), (), 1)


def test_every_reference_resolves():
    """PY-3: every $ref of the schemas leads to a schema."""
    def walk(node, file):
        if isinstance(node, dict):
            if "$ref" in node:
                target, _, pointer = node["$ref"].partition("#")
                found = SCHEMAS[target or file]
                for step in pointer.split("/")[1:]:
                    found = found[step]
                assert isinstance(found, dict)
            for member in node.values():
                walk(member, file)
        elif isinstance(node, list):
            for item in node:
                walk(item, file)

    for file, schema in SCHEMAS.items():
        walk(schema, file)


def test_schemas_are_draft_4():
    """PY-5: all schemas are valid draft 4, in which 1.0 is no integer."""
    from jsonschema import Draft4Validator

    for schema in SCHEMAS.values():
        assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
        Draft4Validator.check_schema(schema)
    assert not Draft4Validator({"type": "integer"}).is_valid(1.0)


def _pattern(name):
    node = SCHEMAS["common.schema.json"]["definitions"].get(name)
    return node["pattern"]


PAIRS = [
    (_pattern("semver"), grammar.is_semver, "0123456789.-+aZ \n"),
    (_pattern("list"), grammar.is_list, "0123456789-, \nx"),
    ("^MB:[^\\n]*$(?!\\n)", grammar.is_mbps, "MB:0=\n"),
    ("^[rwm]+$(?!\\n)", grammar.is_access, "rwmx\n"),
    ("^[1-9][0-9]{0,6}[KMG]B$(?!\\n)", grammar.is_page_size, "0129KMGB\n"),
]


@pytest.mark.parametrize(("pattern", "function", "alphabet"), PAIRS)
def test_grammar_function_equals_pattern(pattern, function, alphabet):
    """PY-6: a grammar written without `re` accepts exactly what the schema's pattern accepts."""
    @settings(max_examples=400, deadline=None)
    @given(st.one_of(st.text(alphabet, max_size=14), st.text(max_size=6),
                     st.from_regex(pattern), st.from_regex(pattern).map(lambda text: text + "\n")))
    def check(text):
        assert function(text) == bool(re.search(pattern, text))

    check()


@pytest.mark.parametrize("pattern", ["^/", "^[^=]+=", "^[^\\n]*$(?!\\n)"])
def test_inline_expression_equals_pattern(pattern):
    """PY-6: an expression that the generator puts in place of a pattern means the same."""
    expression = generator().PATTERNS[pattern].format(v="text")

    @settings(max_examples=500, deadline=None)
    @given(st.one_of(st.text("/=a\n", max_size=6), st.text(max_size=6)))
    def check(text):
        assert bool(eval(expression, {"text": text})) == bool(re.search(pattern, text))

    check()


HEAVY = ("argparse", "typing", "enum", "dataclasses", "logging", "subprocess", "pathlib", "re",
         "json", "functools", "contextlib", "signal", "jsonschema", "collections")


def test_accept_path_imports_nothing_heavy():
    """PY-12: accepting a config with every part imports none of the slow modules."""
    code = ("import sys; sys.path.insert(0, sys.argv[1])\n"
            "from pyrunc.config.validate import load_config\n"
            "load_config(open(sys.argv[2], 'rb').read())\n"
            "print(' '.join(sys.modules))")
    good = TOP / "tests" / "corpus" / "good" / "everything.json"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code, TOP, good],
                          capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "pyrunc.config.rules.seccomp" in loaded
    assert not loaded & (set(HEAVY) | {"pyrunc.config.explain", "pyrunc.config._schemas"})


REFUSE = """
import sys; sys.path.insert(0, sys.argv[1])
before = sys.path[:]
from pyrunc.config.validate import load_config
try: load_config(sys.argv[2].encode())
except Exception as error: print(*[problem.sentence() for problem in error.problems], sep="\\n")
assert sys.path == before
"""
TWO_WRONG = '{"ociVersion": "1", "root": {"path": 5}}'
FIRST = ('ociVersion: "1" is not a version of SemVer 2.0.0 such as 1.3.0 '
         "(config.md, Specification version)\n")


def test_refusal_explains_without_jsonschema():
    """VAL-1: where jsonschema is not installed the first failure is still named exactly."""
    code = "import sys; sys.modules['jsonschema'] = None" + REFUSE
    done = subprocess.run([sys.executable, "-c", code, TOP, TWO_WRONG],
                          capture_output=True, text=True, check=True)
    assert done.stdout == FIRST


def test_refusal_finds_jsonschema_in_an_isolated_interpreter():
    """VAL-1: the program runs with -I -S; a refusal still finds jsonschema, and every problem."""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", REFUSE, TOP, TWO_WRONG],
                          capture_output=True, text=True, check=True)
    assert done.stdout == FIRST + "root.path: 5 is not a string (config.md, Root)\n"
