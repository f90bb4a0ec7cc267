"""Builds the compiled modules, or says loudly that it could not: httpconn._speedups, and those of the package in C.

From CPython 3.14 on also httpconn._speedups_isolated, the same source for subinterpreters: the first version whose
standard library has an API for them, and serves in them (docs/cores.md).

It is optional: whatever keeps it from being built, the install goes on and the pure-Python parser serves.
Everything else about the package is in pyproject.toml.

    HTTPCONN_NO_EXTENSIONS=1        do not build it
    HTTPCONN_REQUIRE_EXTENSIONS=1   a build without it is a failed build
"""

import os
import platform
import shutil
import sys
import sysconfig
import threading
from glob import glob

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

REPORT = """
!!!
!!! httpconn IS BEING INSTALLED WITHOUT ITS COMPILED PARSER
!!!
!!! why    {reason}
!!! lost   the `cython` backend, and speed with it: the answers are the same, the CPU several times as much
!!! mend   Debian    apt-get install gcc libc6-dev python3-dev
!!!        Fedora    dnf install gcc python3-devel
!!!        macOS     xcode-select --install
!!!        Windows   install the C++ build tools of Visual Studio
!!!        and install httpconn anew from its sources with --force-reinstall --no-cache-dir
!!!        (pip keeps the wheel that it is making now, and would use it again)
!!! check  python -c "import httpconn; print(httpconn.backend())"
!!!
"""


def is_set(name: str) -> bool:
    """Whether a switch of the environment is on."""
    return os.environ.get(name, "0") not in ("", "0")


# Most Pythons were built with -g, and hand it on. It makes a wheel of two and a half times the size.
ASKED_FOR_DEBUG_INFORMATION = any(flag.startswith("-g") for flag in os.environ.get("CFLAGS", "").split())

NO_EXTENSIONS, REQUIRE_EXTENSIONS = is_set("HTTPCONN_NO_EXTENSIONS"), is_set("HTTPCONN_REQUIRE_EXTENSIONS")


def check_interpreter() -> None:
    """Raise where the extension would compile, but is not meant to serve."""
    if platform.python_implementation() != "CPython":
        raise RuntimeError(f"it is for CPython, and this is {platform.python_implementation()}")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        raise RuntimeError("it has not been shown safe on free-threaded Python yet")


ONE_AT_A_TIME = threading.Lock()


class OptionalBuildExt(build_ext):
    """build_ext that keeps generated C out of the tree, and survives whatever goes wrong."""

    has_failed = False

    def run(self) -> None:
        # Compilers side by side, and one more of them than processors: Cython translates one module at a time.
        self.parallel = self.parallel or (os.cpu_count() or 1) + 1
        super().run()
        if self.has_failed:  # compiled modules know each other's types: all of them, or none
            shutil.rmtree(os.path.join(self.build_lib, "httpconn", "_compiled"), ignore_errors=True)

    def copy_extensions_to_source(self) -> None:
        for ext in self.extensions:  # the folders of compiled modules have no source to be there for
            os.makedirs(os.path.dirname(ext.name.replace(".", "/")), exist_ok=True)
        super().copy_extensions_to_source()

    def build_extension(self, ext: Extension) -> None:
        try:
            check_interpreter()
            from Cython.Build import cythonize  # late: sdist and metadata do without it
            from Cython.Compiler import Options

            if self.compiler.compiler_type == "unix":  # MSVC's defaults are right as they are
                ext.extra_compile_args += level_of(ext.name, self.compiler.compiler_so[0])
                ext.extra_compile_args += [] if ASKED_FOR_DEBUG_INFORMATION else ["-g0"]
            with ONE_AT_A_TIME:  # Cython keeps what it knows in variables of its own
                Options.docstrings = ext.name in HAVE_DOCSTRINGS
                [translated] = cythonize([named(ext)], build_dir=self.build_temp, force=self.force, **HOW)
            ext.sources = translated.sources
            super().build_extension(ext)
        except Exception as error:  # no compiler, no headers, no Cython, a failed translation: all end alike
            if REQUIRE_EXTENSIONS:
                raise
            ext.optional = True  # setuptools then expects no file, in editable installs either
            if self.has_failed:
                return  # and has said so
            self.has_failed = True
            reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
            # pip shows this with -v only: what a build says is kept from the terminal. `make` repeats it.
            print(REPORT.format(reason=reason), file=sys.stderr, flush=True)


COMPILED = ["_wire.plain", "_wire.chunked", "_wire.plain_request", "_io.channel", "_io.source", "_io.watch",
            "_client.cycle", "_engine.clock", "_exchange.request_fields", "_exchange.response_fields",
            "_exchange.fast_reading", "_exchange.layouts", "_exchange.job", "_engine.many.host", "_engine.many.turn",
            "_engine.many.memory", "_engine.many.ordering", "_engine.many.state", "_engine.many.connection",
            "_engine.many.scheduler", "_engine.many.awaited", "_engine.threads.at_once",
            "adapters.at_hand"]  # fmt: skip
"""The modules of the package that are compiled too. Each has a ``.pxd`` beside it."""

HAVE_DOCSTRINGS = [f"httpconn.{name}" for name in ("_speedups", "_speedups_isolated")]
HAVE_DOCSTRINGS += [f"httpconn._compiled._exchange.{name}" for name in ("request_fields", "response_fields")]
"""Those with classes that users see. What the others' say is for who reads the sources."""

FOR_SIZE = ["_wire.chunked", "_io.channel", "_io.source", "_io.watch", "_engine.many.awaited", "_engine.many.host",
               "_engine.many.memory", "_engine.many.ordering", "_engine.many.state", "_engine.threads.at_once",
               "adapters.at_hand", "httpconn._speedups_isolated"]  # fmt: skip
"""Where an exchange spends little, or that not every exchange comes through: -Os takes half the time of -O2."""

NOT_WORTH_IT = ["-fno-code-hoisting", "-fno-dse", "-fno-expensive-optimizations", "-fno-forward-propagate",
                "-fno-gcse", "-fno-if-conversion", "-fno-ipa-icf", "-fno-ipa-modref", "-fno-ipa-pure-const",
                "-fno-ipa-sra", "-fno-schedule-insns2", "-fno-store-merging", "-fno-tree-ccp", "-fno-tree-dse",
                "-fno-tree-loop-vectorize", "-fno-tree-pre", "-fno-tree-pta", "-fno-tree-sink",
                "-fno-tree-slp-vectorize", "-fno-tree-tail-merge", "-fno-tree-vrp"]  # fmt: skip
"""Passes that take a third or more of gcc's time, and would spare 1 % of the instructions of an exchange."""


def level_of(name: str, compiler: str) -> list[str]:
    """Return how much a module is optimised: loops over bytes gain by the last level, objects no more than by -O2.

    The compilers are most of the time that building a wheel takes.
    """
    module = name.removeprefix("httpconn._compiled.")
    level = "-Os" if module in FOR_SIZE else "-O3" if module == name else "-O2"
    # Another compiler ends at an option that it does not know; macOS calls one of those gcc.
    is_gcc = sys.platform == "linux" and "gcc" in os.path.basename(compiler)
    return [level, *(NOT_WORTH_IT if is_gcc else [])]


HOW = {
    "compiler_directives": {
        "always_allow_keywords": False,  # what has one argument is given it by position
        "annotation_typing": False,  # the .pxd says what is typed
        "auto_pickle": False,
        "binding": False,  # methods are as those of any type in C: a tenth of the size, and called sooner
        "language_level": 3,
    }
}
"""How the modules of the package are compiled. What is in ``_speedups/`` says so itself."""


def named(ext: Extension) -> Extension:
    """Return *ext* as Cython is to know it: what is installed in ``_compiled`` is imported by its module's own name."""
    module = ext.name.removeprefix("httpconn._compiled.")
    return ext if module == ext.name else Extension(f"httpconn.{module}", ext.sources)


if NO_EXTENSIONS and REQUIRE_EXTENSIONS:
    raise SystemExit("httpconn: HTTPCONN_NO_EXTENSIONS and HTTPCONN_REQUIRE_EXTENSIONS are both set")

SOURCES = [*sorted(glob("_speedups/*.p*")), "httpconn/_wire/grammar.py"]
PATHS = {module: f"httpconn/{module.replace('.', '/')}" for module in COMPILED}
parsers = [Extension("httpconn._speedups", ["_speedups/_speedups.pyx"], depends=SOURCES)]
if sys.version_info >= (3, 14):
    # Both macros: with the first alone, classes are C variables, filled anew by each interpreter, and freed by each.
    macros = [("CYTHON_USE_MODULE_STATE", "1"), ("CYTHON_USE_TYPE_SPECS", "1")]
    parsers.append(
        Extension(
            "httpconn._speedups_isolated", ["_speedups/_speedups_isolated.pyx"], depends=SOURCES, define_macros=macros
        )
    )
depends = ["setup.py", *(f"{path}.pxd" for path in PATHS.values())]
extensions = [
    Extension(f"httpconn._compiled.{module}", [f"{path}.py"], depends=depends) for module, path in PATHS.items()
]
# The largest first, lest one of them is compiled alone at the end. The parsers, which Cython itself takes longest with,
# behind two of those, whose compilers run meanwhile.
extensions.sort(key=lambda extension: os.path.getsize(extension.sources[0]), reverse=True)
extensions[2:2] = parsers
setup(ext_modules=[] if NO_EXTENSIONS else extensions, cmdclass={"build_ext": OptionalBuildExt})
