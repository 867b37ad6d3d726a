"""Finding the schemas of a tree, and letting the ``capnp`` compiler read them."""

from __future__ import annotations

import contextlib
import re
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from counterproof.errors import SchemaError, SchemaToolError, TreeError
from counterproof.interface.reading import read_request
from counterproof.interface.schema import Schema
from counterproof.trees.entry import Kind
from counterproof.trees.tree import walk

__all__ = ["read_schemas"]

_SUFFIX: Final = ".capnp"
_NOT_SHIPPED: Final = frozenset({"test", "tests", "example", "examples", "fuzz"})
"""Directories whose schemas nobody talks by."""
_IMPORT: Final = re.compile(rb'\bimport\s+"/([^"\n]+)"')
_MOST_FILES: Final = 1000
_LARGEST: Final = 4 << 20
"""Bytes of one schema."""
_LARGEST_TOGETHER: Final = 64 << 20
"""Bytes of all schemas of a tree."""
_LARGEST_REQUEST: Final = 64 << 20
"""Bytes that the compiler may make of all schemas and their imports."""
_MOST_OUTPUT: Final = _LARGEST_REQUEST + 1
_MOST_MEMORY: Final = 4 << 30
_SHOWN: Final = 2000
"""Bytes of the compiler's complaints that are shown."""
_SECONDS: Final = 60.0
_INSTALL: Final = "Install them, for example: apt-get install capnproto, and pip install pycapnp."


def read_schemas(path: Path, imports: Sequence[Path] = ()) -> Schema:
    """Read the schemas of a directory, an archive or one file; not those of tests and examples.

    What they import by an absolute path is looked for in the tree itself, in ``imports``, and
    among those that come with the compiler. Raises :class:`SchemaError` with the compiler's words,
    :class:`SchemaToolError` when it is not installed, and :class:`TreeError`.
    """
    compiler = shutil.which("capnp")
    if compiler is None:
        raise SchemaToolError("the compiler capnp is not installed", _INSTALL)
    with _gathered(path) as top:
        names = sorted(each.relative_to(top) for each in top.rglob(f"*{_SUFFIX}") if each.is_file())
        shipped = [name for name in names if _NOT_SHIPPED.isdisjoint(name.parts[:-1])]
        if not shipped:
            raise TreeError(str(path), f"there is no schema (*{_SUFFIX}) in it")
        directories = [*_import_directories(top, names), *imports, *_packaged()]
        # All at once: files that have one id are told of, and not taken for each other.
        message = _compile(compiler, top, shipped, directories)
    files, nodes = read_request(message)
    return Schema(files=dict(zip(files, map(str, shipped), strict=True)), nodes=nodes)


@contextmanager
def _gathered(path: Path) -> Iterator[Path]:
    """Copy the schemas of a tree, and nothing else, to a temporary place."""
    with tempfile.TemporaryDirectory(prefix="schemas-") as name:
        top = Path(name).resolve()
        total = 0
        for place, content in _schemas(path):
            total += len(content)
            if total > _LARGEST_TOGETHER:
                raise TreeError(str(path), f"schemas of more than {_LARGEST_TOGETHER >> 20} MiB")
            (top / place).parent.mkdir(parents=True, exist_ok=True)
            (top / place).write_bytes(content)
        yield top


def _schemas(path: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    if path.suffix == _SUFFIX and path.is_file():
        yield PurePosixPath(path.name), _bounded(path)
        return
    count = 0
    if path.is_dir():
        found = ((each.relative_to(path), each) for each in sorted(path.rglob(f"*{_SUFFIX}")))
        for place, each in found:
            if each.is_file() and not each.is_symlink():
                count = _counted(path, count)
                yield PurePosixPath(place), _bounded(each)
        return
    for member in walk(path):
        if member.entry.path.suffix == _SUFFIX and member.entry.kind is Kind.FILE:
            count = _counted(path, count)
            if member.content.size > _LARGEST:
                raise TreeError(str(path), "a schema of more than 4 MiB")
            yield member.entry.path, member.content.read(0, member.content.size)


def _counted(path: Path, count: int) -> int:
    if count == _MOST_FILES:
        raise TreeError(str(path), f"more than {_MOST_FILES} schemas")
    return count + 1


def _bounded(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise TreeError(str(path), error.strerror or str(error)) from error
    if len(content) > _LARGEST:
        raise TreeError(str(path), "a schema of more than 4 MiB")
    return content


def _import_directories(top: Path, names: Sequence[Path]) -> list[Path]:
    """Find the directories from which absolute imports lead to schemas of the tree."""
    wanted = {
        match[1].decode(errors="replace")
        for name in names
        for match in _IMPORT.finditer((top / name).read_bytes())
    }
    found = (
        top / str(name)[: -len(each)]
        for each in sorted(wanted)
        for name in names
        if f"/{name}".endswith(f"/{each}")
    )
    return list(dict.fromkeys(found))


def _packaged() -> Iterable[Path]:
    """Give the directory of the schemas that come with pycapnp."""
    try:
        import capnp
    except ImportError:
        raise SchemaToolError("the package pycapnp is not installed", _INSTALL) from None
    return (Path(capnp.__file__).parent.parent,)


def _compile(compiler: str, top: Path, names: Iterable[Path], directories: Iterable[Path]) -> bytes:
    options = ("-o-", *(f"-I{each}" for each in directories))
    argv = (compiler, "compile", *options, "--", *map(str, names))
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaints:
        try:
            done = subprocess.run(
                argv,
                cwd=top,
                env={"PWD": str(top)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=complaints,
                check=False,
                timeout=_SECONDS,
                preexec_fn=_limit,
            )
        except subprocess.TimeoutExpired:
            raise SchemaError(f"capnp did not end within {_SECONDS:g} s") from None
        if done.returncode != 0:
            complaints.seek(0)
            said = complaints.read(_SHOWN).decode(errors="replace").strip()
            raise SchemaError(f"a schema does not compile: {said or done.returncode}")
        if output.tell() > _LARGEST_REQUEST:
            raise SchemaError(f"they compile to more than {_LARGEST_REQUEST >> 20} MiB")
        output.seek(0)
        return output.read()


def _limit() -> None:
    """Bound the memory and the output of the compiler, unless the system bounds them tighter."""
    for what, most in ((resource.RLIMIT_AS, _MOST_MEMORY), (resource.RLIMIT_FSIZE, _MOST_OUTPUT)):
        _, hard = resource.getrlimit(what)
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS does not limit memory
            resource.setrlimit(what, (soft, hard))
