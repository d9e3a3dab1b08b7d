"""Compiles the packages of an environment without starting its Python, which would run what is in them."""

from __future__ import annotations

import subprocess
from pathlib import Path

# Bytes that compiling one package's modules may take, and the largest file that may come of it.
MEMORY_BYTES = 2 * 2**30
FILE_BYTES = 256 * 2**20
PROGRAM = """
import compileall, resource, sys
folder, built, final, memory, size = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_DATA, (int(memory), int(memory)))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))
compileall.compile_dir(folder, quiet=2, workers=0, stripdir=built, prependdir=final)
"""


def compile_packages(built: Path, *, python: Path, final: Path, timeout: float) -> None:
    """Compile all modules of the environment in the folder *built*, which is to be moved to *final*.

    *python* is the interpreter that it was made from: it is started without any packages. What does not compile
    is left as it is, as are all modules that are left when *timeout* seconds are over.
    """
    for folder in built.glob("lib/python*/site-packages"):
        arguments = [folder, built, final, MEMORY_BYTES, FILE_BYTES]
        try:
            subprocess.run(
                [str(python), "-I", "-S", "-c", PROGRAM, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return
