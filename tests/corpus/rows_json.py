# SPDX-License-Identifier: Apache-2.0
"""Bad rows: files that are not JSON as the standard wants it, byte by byte."""

from __future__ import annotations

import json

from tests.corpus.bases import SMALL

_GOOD = json.dumps(SMALL).encode()


def _in_version(text: bytes) -> bytes:
    """The small config with `text` in place of its version, quotes included."""
    return _GOOD.replace(b'"1.3.0"', text, 1)


# name, requirements, bytes, message
ROWS: list[tuple[str, str, bytes, str]] = [
    ("empty", "JSN-1", b"", "line 1, column 1: there is no value"),
    ("blank", "JSN-1", b" \n ", "line 2, column 2: there is no value"),
    ("truncated", "JSN-1", _GOOD[:-1],
     f"line 1, column {len(_GOOD)}: expecting ',' delimiter"),
    ("trailing-text", "JSN-1", _GOOD + b"}",
     f"line 1, column {len(_GOOD) + 1}: text after the end of the value"),
    ("two-values", "JSN-1", _GOOD + b"\n{}",
     "line 2, column 1: text after the end of the value"),
    ("trailing-comma", "JSN-1", b'{"ociVersion": "1.3.0",}',
     "line 1, column 23: a comma before the end of an object or array"),
    ("trailing-comma-in-array", "JSN-1", b'{"a": [1, 2 ,\n]}',
     "line 1, column 13: a comma before the end of an object or array"),
    ("comment", "JSN-1", b'{\n// a\n"ociVersion": "1.3.0"}',
     "line 2, column 1: expecting property name enclosed in double quotes"),
    ("single-quotes", "JSN-1", b"{'ociVersion': '1.3.0'}",
     "line 1, column 2: expecting property name enclosed in double quotes"),
    ("bom", "JSN-1 PY-8", b"\xef\xbb\xbf" + _GOOD,
     "line 1, column 1: a byte order mark is not JSON"),
    ("utf-16", "JSN-1 PY-8", _GOOD.decode().encode("utf-16"),
     "line 1, column 1: byte 0xff is not UTF-8"),
    ("utf-32", "JSN-1 PY-8", _GOOD.decode().encode("utf-32-be"),
     "line 1, column 1: a value cannot start with '\\x00'"),
    ("latin-1", "JSN-1", _in_version(b'"\xe9"'), "line 1, column 17: byte 0xe9 is not UTF-8"),
    ("raw-surrogate", "JSN-1 PY-9", _in_version(b'"\xed\xa0\x80"'),
     "line 1, column 17: byte 0xed is not UTF-8"),
    ("control-character", "JSN-1", _in_version(b'"\x01"'),
     "line 1, column 17: invalid control character at"),
    ("duplicate", "JSN-2 PY-8", _GOOD[:-1] + b',\n"root": {"path": "x"}}',
     "line 2, column 1: member 'root' is given twice in one object"),
    ("duplicate-deep", "JSN-2 PY-8", _in_version(b'"1.3.0", "x": [{"a": 1, "b": 2, "a": 1}]'),
     "line 1, column 48: member 'a' is given twice in one object"),
    ("duplicate-escaped", "JSN-2", _in_version(b'"1.3.0", "oci\\u0056ersion": "1.3.0"'),
     "line 1, column 25: member 'ociVersion' is given twice in one object"),
    ("nan", "PY-8", _in_version(b"NaN"), "line 1, column 16: NaN is not JSON"),
    ("infinity", "PY-8", _in_version(b"Infinity"), "line 1, column 16: Infinity is not JSON"),
    ("minus-infinity", "PY-8", _in_version(b"-Infinity"),
     "line 1, column 16: -Infinity is not JSON"),
    ("1e400", "PY-8", _in_version(b"1e400"), "line 1, column 16: number 1e400 is out of range"),
    ("many-digits", "PY-11", _in_version(b"1" * 41),
     "line 1, column 16: number 111111111111... has 41 digits"),
    ("nul", "PY-9 MNT-10", _in_version(b'"1.3.0\\u0000"'),
     "line 1, column 16: string '1.3.0\\x00' has a NUL character in it"),
    ("nul-in-name", "PY-9", _in_version(b'"1.3.0", "a\\u0000": 1'),
     "line 1, column 25: string 'a\\x00' has a NUL character in it"),
    ("half-surrogate", "PY-9", _in_version(b'"\\ud800"'),
     "line 1, column 16: string '\\ud800' has half of a surrogate pair in it"),
    ("low-surrogate", "PY-9", _in_version(b'"\\uDC00x"'),
     "line 1, column 16: string '\\udc00x' has half of a surrogate pair in it"),
    ("deep-arrays", "PY-10", b"[" * 65 + b"]" * 65,
     "line 1, column 65: nested deeper than 64 levels"),
    ("deep-objects", "PY-10", b'{"a":' * 2000 + b"1" + b"}" * 2000,
     "line 1, column 321: nested deeper than 64 levels"),
    ("array", "VAL-1", b"[]", "[] is not an object"),
    ("string", "VAL-1", b'"config"', '"config" is not an object'),
    ("null", "VAL-1", b"null", "null is not an object"),
]
