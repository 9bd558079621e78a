# SPDX-License-Identifier: Apache-2.0
"""The interpreter with the package frozen in: a faster python3.N, never another behaviour."""

from __future__ import annotations

import ast
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "csrc"))

import build_image  # noqa: E402
import build_interpreter  # noqa: E402

PREFIX = Path(sys.executable).parent.parent
SITE = PREFIX / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
PACKAGE = SITE / "pyrunc"
INTERPRETER = PACKAGE / build_interpreter.name()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The front door of an installation without the interpreter: python3.N is started."""
    prefix = tmp_path_factory.mktemp("plain")
    site = prefix / SITE.relative_to(PREFIX)
    shutil.copytree(PACKAGE, site / "pyrunc", ignore=shutil.ignore_patterns("_python*"))
    for backend in SITE.glob("_cffi_backend*.so"):
        (site / backend.name).symlink_to(backend)
    (prefix / "bin").mkdir()
    shutil.copy(PREFIX / "bin" / "pyrunc", prefix / "bin" / "pyrunc")
    return prefix / "bin" / "pyrunc"


def call(program: Path, *args: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one call without any environment."""
    done = subprocess.run([str(program), *args], env={}, cwd="/", capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


STATE = """
import codecs, encodings, os, signal, sys, threading
state = {name: repr(getattr(sys, name)) for name in (
    "argv", "base_prefix", "exec_prefix", "executable", "orig_argv", "platlibdir",
    "prefix", "version", "warnoptions", "_stdlib_dir", "_xoptions")}
state["flags"] = [getattr(sys.flags, name) for name in (
    "hash_randomization", "isolated", "no_site", "optimize", "safe_path", "utf8_mode")]
state["environment"] = dict(os.environ)
state["codec"] = codecs.encode("\\xe9", "latin-1")
state["codecs"] = list(encodings.__path__)
state["streams"] = [(s.fileno(), s.encoding, s.errors, s.line_buffering, s.newlines)
                    for s in (sys.stdin, sys.stdout, sys.stderr)]
state["signals"] = [repr(signal.getsignal(n)) for n in range(1, 32)]
state["main"] = threading.main_thread().ident == threading.get_ident()
thread = threading.Thread(target=state.update, args=({"thread": 1},))
thread.start()
thread.join()
child = os.fork()
if child == 0:
    os._exit(7)
state["child"] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(state, file=sys.stderr)
os._exit(0)
"""


def wait_until_reading(pid: int) -> None:
    """Waits until the process is in read(0, ...). proc_pid_syscall(5)."""
    until = time.monotonic() + 30
    while not Path(f"/proc/{pid}/syscall").read_text().startswith("0 0x0 "):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_it_was_built() -> None:
    """BUILD: wherever this Python has its static library (Debian: libpython3-dev)."""
    assert INTERPRETER.exists()


def test_all_modules_are_frozen(tmp_path: Path) -> None:
    """BUILD: the interpreter needs no module's file: a config is refused, explained and printed
    in a package directory that has none.
    """
    package = tmp_path / "pyrunc"
    package.mkdir()
    for name in ("__main__.py", "_version.txt", "_door"):
        shutil.copy(PACKAGE / name, package / name)
    for backend in SITE.glob("_cffi_backend*.so"):
        (tmp_path / backend.name).symlink_to(backend)
    (tmp_path / "config.json").write_text('{"ociVersion": "1.0.2", "hostname": 7}')
    command = [str(Path(sys.executable).absolute()), "-I", "-S", "-X", "pyrunc=pyrunc",
               str(package / "__main__.py")]
    for verb, code, text in (("features", 0, '"ociVersionMax"'), ("validate", 1, "hostname")):
        done = subprocess.run([*command, verb, *([str(tmp_path)] if code else [])],
                              executable=INTERPRETER, capture_output=True, text=True)
        assert done.returncode == code
        assert text in done.stdout + done.stderr


@pytest.mark.skipif(not build_image.possible(), reason="no Python that images are made of")
class TestImage:
    """The interpreter that goes on from the image of its start (csrc/image.c)."""

    def test_it_is_in_the_executable(self, tmp_path: Path) -> None:
        """BUILD: what was installed has one; only what has none can make one."""
        made = tmp_path / "made"
        for order in (("--rehearse", made, "1"), ("--make-image", made, "1", "/dev/null")):
            assert call(INTERPRETER, *map(str, order))[0] != 0
            assert not made.exists()

    def test_it_is_the_same_python(self, plain: Path, tmp_path: Path) -> None:
        """BUILD: what belongs to the process is this process's, as in python3.N: its names and
        options, environment, signals, codecs, threads, children.
        """
        # Imported by what explains a refusal: so this runs in the interpreter.
        site = plain.parent.parent / SITE.relative_to(PREFIX)
        (site / "jsonschema").mkdir()
        (site / "jsonschema" / "__init__.py").write_text(STATE)
        (tmp_path / "config.json").write_text('{"ociVersion": "1.0.2", "hostname": 7}')
        command = [sys.executable, "-I", "-S", "-X", "pyrunc=some name", "-X", "utf8",
                   str(site / "pyrunc" / "__main__.py"), "validate", str(tmp_path)]

        def state(executable: str) -> dict[str, object]:
            done = subprocess.run(command, executable=executable, capture_output=True, text=True,
                                  env={"A": "b", "C": "=d", "E": "", "LC_CTYPE": "C.UTF-8"})
            return dict(ast.literal_eval(done.stderr.splitlines()[0]))

        try:
            found = state(str(INTERPRETER))
            assert found == state(sys.executable)
        finally:
            shutil.rmtree(site / "jsonschema")
        assert found["codec"] == b"\xe9"
        assert (found["thread"], found["child"]) == (1, 7)

    def test_two_builds_hash_differently(self) -> None:
        """BUILD: the seed of string hashes is no constant that an attacker could look up."""
        seeds = {build_image.seed() for _ in range(8)}
        assert len(seeds) > 1

    @pytest.mark.parametrize("closed", [0, 1, 2])
    def test_a_closed_stream(self, plain: Path, tmp_path: Path, closed: int) -> None:
        """BUILD: a standard stream that is closed is None, as Python has it."""
        def answer(program: Path) -> tuple[int, str]:
            shell = f'exec "$0" --root "$1" list {closed}>&-'
            done = subprocess.run(["sh", "-c", shell, str(program), str(tmp_path)], env={},
                                  capture_output=True, text=True)
            return done.returncode, done.stdout

        assert answer(PREFIX / "bin" / "pyrunc") == answer(plain)

    def test_bytes_that_are_not_utf8(self, plain: Path, tmp_path: Path) -> None:
        """BUILD: arguments and environment are read as bytes, whatever they hold."""
        def answer(program: Path) -> tuple[int, bytes]:
            done = subprocess.run([str(program), "--root", str(tmp_path), "state", b"\xff\xfe"],
                                  env={b"A": b"\xff"}, capture_output=True)
            return done.returncode, done.stderr.replace(bytes(program), b"")

        assert answer(PREFIX / "bin" / "pyrunc")[0] == answer(plain)[0] == 1

    @pytest.mark.parametrize("ignored", [False, True])
    def test_interrupt(self, plain: Path, tmp_path: Path, ignored: bool) -> None:
        """BUILD: SIGINT ends it as it ends Python, unless the caller has it ignored."""
        def answer(program: Path) -> tuple[int, bytes]:
            trap = "trap '' INT; " if ignored else ""
            shell = f'{trap}exec "$0" validate -'
            child = subprocess.Popen(["sh", "-c", shell, str(program)], stdin=subprocess.PIPE,
                                     stderr=subprocess.PIPE, env={})
            assert child.stdin
            wait_until_reading(child.pid)
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(b"{", timeout=30)
            return child.returncode, err.partition(b" level=")[2]

        assert answer(PREFIX / "bin" / "pyrunc") == answer(plain)


@pytest.mark.parametrize("args", [
    ("features",), ("spec", "--help"), ("list",), ("state", "nobody"), ("create", "--bad"), (),
], ids=lambda args: " ".join(args) or "nothing")
def test_same_answers(plain: Path, tmp_path: Path, args: tuple[str, ...]) -> None:
    """BUILD: output, errors and exit codes are those of the plain interpreter."""
    command = ["--root", str(tmp_path), *args]
    fast, slow = call(PREFIX / "bin" / "pyrunc", *command), call(plain, *command)
    name = str(PREFIX / "bin" / "pyrunc")

    def anonymous(text: str) -> str:
        text = text.replace(name, "PYRUNC").replace(str(plain), "PYRUNC")
        return "".join(line for line in text.splitlines(True) if not line.startswith("time="))

    assert fast[0] == slow[0]
    assert anonymous(fast[1]) == anonymous(slow[1])
    assert anonymous(fast[2]) == anonymous(slow[2])


def test_by_hand_it_says_what_it_is() -> None:
    """BUILD: it is nobody's python3, and runs nothing but the package."""
    code, out, err = call(INTERPRETER, "-c", "print(1)")
    assert (code, out) == (1, "")
    assert err == "pyrunc: this interpreter is started by the program pyrunc: call that\n"


def test_without_the_python_of_the_build(tmp_path: Path) -> None:
    """BUILD: where the directories of the build's Python are missing, python3.N is started."""
    moved = tmp_path / "python"
    stdlib = sysconfig.get_path("stdlib").encode()
    moved.write_bytes(INTERPRETER.read_bytes().replace(stdlib, b"/" + b"x" * (len(stdlib) - 1)))
    moved.chmod(0o755)
    command = ["-I", "-S", "-X", "pyrunc=name", str(PACKAGE / "__main__.py"), "features"]
    done = subprocess.run([sys.executable, *command], executable=moved, capture_output=True,
                          text=True)
    assert done.returncode == 0
    assert '"ociVersionMax"' in done.stdout
    done = subprocess.run(["/nonexistent", *command], executable=moved, capture_output=True,
                          text=True)
    assert done.returncode == 1
    assert done.stderr.endswith(
        "nor /nonexistent can be reached: build pyrunc again for this machine's Python\n")


def test_without_the_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                             capsys: pytest.CaptureFixture[str]) -> None:
    """BUILD: a Python without its static library still gets a whole pyrunc."""
    monkeypatch.setattr(build_interpreter, "get_config_var", lambda _name: "/nonexistent")
    assert build_interpreter.interpreter(tmp_path, []) is None
    assert capsys.readouterr().out.startswith("note: /nonexistent")
