"""Archives whose bytes depend on nothing but the files in them."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import resource
import shutil
import stat
import subprocess
import tarfile
import tempfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from countermark.errors import WorkError
from countermark.packing.archive import Artifact, pack
from countermark.packing.members import normal_mode
from countermark.packing.press import Press
from countermark.process import Runner

EPOCH = 1_700_000_000
PATH = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}
NO_PROGRAMS = {"PATH": ""}
TAR_RECIPE = r"""
set -e
find "$1" -print0 | LC_ALL=C sort --zero-terminated |
tar --create --no-recursion --mode='u+rw,go+r-w,a+X' --null --files-from=- \
    --owner=0 --group=0 --numeric-owner --mtime="@$2" --sort=name --format=gnu |
gzip -9n > "$3"
"""
ZIP_RECIPE = r"""
set -e
find "$1" -exec touch --no-dereference --date="@$2" {} +
find "$1" | LC_ALL=C sort | TZ=UTC zip -X -q "$3" -@
"""
CONTENTS: Mapping[str, bytes] = {
    "bin/bitcoin": b"\x7fELF" + bytes(5000),
    "libexec/bitcoin-node": b"node" * 3000,
    "share/man/man1/bitcoin.1": b".TH",
    "share/man.txt": b"sorts between share/man and share/man/man1, by the bytes",
    "share/empty": b"",
}
AWKWARD: Mapping[str, bytes] = {
    f"share/{'long' * 30}/{'name' * 30}": b"a name of more than 100 bytes",
    "share/übung/日本語": b"not ASCII",
    "share/with space 'n' quote": b"",
    "-rf": b"looks like an option",
    "share/[a-z]*?": b"looks like a pattern",
}


def has(*programs: str) -> bool:
    return all(map(shutil.which, programs))


def gnu_tar() -> bool:
    done = subprocess.run(("tar", "--version"), capture_output=True, text=True, check=False)
    return "GNU tar" in done.stdout


needs_gnu = pytest.mark.skipif(
    not has("tar", "gzip", "sort", "find") or not gnu_tar(), reason="GNU tar and gzip are missing"
)
needs_zip = pytest.mark.skipif(not has("zip"), reason="Info-ZIP's zip is missing")


class Bench:
    """A directory to pack in."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.temporary = directory / "unfinished"
        self.temporary.mkdir()
        self.out = directory / "out"
        self.out.mkdir()

    def tree(self, contents: Mapping[str, bytes], parent: str = "stage") -> Path:
        root = self.directory / parent / "bitcoin-1.0"
        root.mkdir(parents=True)
        for name, content in contents.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o755 if name.startswith(("bin/", "libexec/")) else 0o644)
        for folder, _, _ in os.walk(root):
            Path(folder).chmod(0o755)
        return root

    def pack(
        self,
        root: Path,
        name: str,
        environment: Mapping[str, str] = PATH,
        epoch: int = EPOCH,
        accept: Callable[[Path], None] = lambda _: None,
    ) -> Artifact:
        return pack(
            root,
            self.out / name,
            epoch=epoch,
            press=Press(
                temporary=self.temporary,
                environment=environment,
                runner=Runner(),
                log=self.directory / "log.txt",
            ),
            accept=accept,
        )

    def published(self) -> list[str]:
        return sorted(path.name for path in self.out.iterdir())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def follow(recipe: str, root: Path, archive: Path) -> bytes:
    """Pack by the shell's recipe."""
    subprocess.run(
        ("sh", "-c", recipe, "sh", root.name, str(EPOCH), str(archive)),
        cwd=root.parent,
        env=PATH,
        check=True,
    )
    return archive.read_bytes()


@needs_gnu
@pytest.mark.parametrize("contents", [CONTENTS, AWKWARD], ids=["plain", "awkward"])
def test_a_tarball_has_the_bytes_of_gnu_tar_and_gzip(
    bench: Bench, contents: Mapping[str, bytes]
) -> None:
    root = bench.tree(contents)
    (root / "share" / "nothing").mkdir(parents=True)
    (root / "link").symlink_to("share/man.txt")
    (root / "long-link").symlink_to("far/" * 40)
    (root / "folder-link").symlink_to("./share/")
    artifact = bench.pack(root, "ours.tar.gz")
    assert artifact.path.read_bytes() == follow(TAR_RECIPE, root, bench.directory / "theirs.tar.gz")


@needs_gnu
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o700, 0o744, 0o777, 0o4755, 0o2711])
def test_modes_are_those_of_gnu_tar(bench: Bench, mode: int) -> None:
    root = bench.tree(CONTENTS)
    (root / "bin" / "bitcoin").chmod(mode)
    (root / "share").chmod(0o700)
    artifact = bench.pack(root, "ours.tar.gz")
    assert artifact.path.read_bytes() == follow(TAR_RECIPE, root, bench.directory / "theirs.tar.gz")


@needs_zip
def test_a_zip_has_the_bytes_of_info_zip(bench: Bench) -> None:
    root = bench.tree({**CONTENTS, "share/with space": b"x" * 99})
    (root / "share" / "nothing").mkdir()
    ours = bench.pack(root, "ours.zip").path.read_bytes()
    assert ours == follow(ZIP_RECIPE, root, bench.directory / "theirs.zip")


@pytest.mark.parametrize("environment", [PATH, NO_PROGRAMS], ids=["by programs", "by libraries"])
@pytest.mark.parametrize("name", ["a.tar.gz", "a.tar.zst", "a.zip"])
def test_packing_leaves_the_tree_as_it_was(
    bench: Bench, name: str, environment: Mapping[str, str]
) -> None:
    """It may be somebody's install tree; zip takes times and modes from the files."""
    root = bench.tree(CONTENTS)
    (root / "bin" / "bitcoin").chmod(0o700)
    before = traces(root)
    bench.pack(root, name, environment)
    assert traces(root) == before
    assert not list(bench.temporary.iterdir())


def traces(root: Path) -> dict[Path, tuple[int, int]]:
    """When everything was changed, and its mode."""
    found = {path: path.lstat() for path in (root, *root.rglob("*"))}
    return {path: (status.st_mtime_ns, status.st_mode) for path, status in found.items()}


@needs_gnu
@pytest.mark.skipif(not has("zstd"), reason="zstd is missing")
def test_other_tools_unpack_a_zstd(bench: Bench) -> None:
    artifact = bench.pack(bench.tree(CONTENTS), "a.tar.zst")
    subprocess.run(("tar", "--zstd", "-xf", artifact.path, "-C", bench.directory), check=True)
    for name, content in CONTENTS.items():
        assert (bench.directory / "bitcoin-1.0" / name).read_bytes() == content


def test_a_zstd_holds_the_tar_of_the_gzip(bench: Bench) -> None:
    root = bench.tree({**CONTENTS, **AWKWARD})
    one, other = bench.pack(root, "a.tar.zst"), bench.pack(root, "a.tar.gz")
    assert one.content_sha256 == other.content_sha256
    assert one.compressor.startswith("zstd 1.")
    with zstandard.ZstdDecompressor().stream_reader(one.path.read_bytes()) as reader:
        assert hashlib.sha256(reader.read()).hexdigest() == one.content_sha256


def test_the_bytes_of_a_zstd_do_not_depend_on_the_number_of_threads(bench: Bench) -> None:
    """Of which the library has one: with several it divides the work, not the output."""
    content = b"".join(hashlib.sha256(b"%d" % (n % 50_000)).digest() for n in range(600_000))
    packed = bench.pack(bench.tree({"data": content}), "a.tar.zst").path.read_bytes()
    with zstandard.ZstdDecompressor().stream_reader(packed) as reader:
        tar = reader.read()
    for threads in (2, 3):
        parameters = zstandard.ZstdCompressionParameters.from_level(
            5, write_checksum=True, write_content_size=False, threads=threads
        )
        stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        assert stream.compress(tar) + stream.flush() == packed


def test_the_memory_does_not_grow_with_the_tree(bench: Bench) -> None:
    root = bench.tree({})
    with (root / "data").open("wb") as stream:
        stream.truncate(200 << 20)  # takes no room on the disk
    for name in ("a.tar.gz", "a.tar.zst", "a.zip"):
        tracemalloc.start()
        bench.pack(root, name, NO_PROGRAMS)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 20 << 20, name


def test_a_directory_that_cannot_be_read_is_not_left_out(bench: Bench) -> None:
    root = bench.tree(CONTENTS)
    (root / "share").chmod(0)
    if os.access(root / "share", os.R_OK):
        pytest.skip("this user, like root, may read everything")
    with pytest.raises(WorkError, match="cannot be written"):
        bench.pack(root, "a.tar.gz")


def test_a_zip_holds_names_of_every_kind(bench: Bench) -> None:
    """With ``-X``, zip does not say in which letters names are, and it takes a name a line."""
    contents = {**AWKWARD, "two\nlines": b"", "ünïcode": b""}
    artifact = bench.pack(bench.tree(contents), "awkward.zip")
    assert artifact.compressor.startswith("zlib")
    files = {name for name in names_in(artifact.path) if not name.endswith("/")}
    assert files == {f"bitcoin-1.0/{name}" for name in contents}


@needs_zip
def test_a_zip_holds_names_that_look_like_patterns_or_options(bench: Bench) -> None:
    contents = {name: content for name, content in AWKWARD.items() if name.isascii()}
    artifact = bench.pack(bench.tree(contents), "awkward.zip")
    assert artifact.compressor.startswith("zip")
    files = {name for name in names_in(artifact.path) if not name.endswith("/")}
    assert files == {f"bitcoin-1.0/{name}" for name in contents}


def names_in(archive: Path) -> list[str]:
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as opened:
            return opened.namelist()
    with tarfile.open(archive) as tar:
        return tar.getnames()


name_parts = st.text("ab-é", min_size=1, max_size=4)
trees = st.dictionaries(
    st.lists(name_parts, min_size=1, max_size=3).map("/".join),
    st.tuples(st.binary(max_size=50), st.booleans()),
    min_size=1,
    max_size=5,
).filter(lambda files: not any(other.startswith(f"{name}/") for name in files for other in files))


def write_tree(
    root: Path, files: Sequence[tuple[str, tuple[bytes, bool]]], umask: int, time: int
) -> Path:
    """Write files, each a program or not, as somebody with this umask would at this time."""
    root.mkdir(parents=True)
    for name, (content, program) in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod((0o777 if program else 0o666) & ~umask)
        os.utime(path, (time, time))
    for folder, _, _ in os.walk(root):
        Path(folder).chmod(0o777 & ~umask)
    return root


@pytest.mark.parametrize("environment", [PATH, NO_PROGRAMS], ids=["by programs", "by libraries"])
@pytest.mark.parametrize("name", ["a.tar.gz", "a.zip"])
@settings(deadline=None, max_examples=12)
@given(trees, st.permutations(range(5)), st.sampled_from([0o002, 0o022, 0o077]), st.integers(1, 9))
def test_the_same_tree_gives_the_same_bytes(
    name: str,
    environment: Mapping[str, str],
    files: Mapping[str, tuple[bytes, bool]],
    order: list[int],
    umask: int,
    time: int,
) -> None:
    listed = list(files.items())
    shuffled = [listed[index] for index in order if index < len(listed)]
    with tempfile.TemporaryDirectory() as place:
        bench = Bench(Path(place))
        one = write_tree(bench.directory / "one" / "top", listed, 0o022, 1_000_000_000)
        two = write_tree(bench.directory / "two" / "top", shuffled, umask, 10**9 * time // 5)
        first = bench.pack(one, f"first-{name}", environment).path.read_bytes()
        assert bench.pack(two, f"second-{name}", environment).path.read_bytes() == first


@needs_gnu
@settings(deadline=None, max_examples=25)
@given(trees, st.sampled_from([0o002, 0o022, 0o077]))
def test_any_tree_has_the_bytes_of_gnu_tar_and_gzip(
    files: Mapping[str, tuple[bytes, bool]], umask: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        bench = Bench(Path(place))
        root = write_tree(bench.directory / "one" / "top", list(files.items()), umask, EPOCH - 9)
        ours = bench.pack(root, "ours.tar.gz").path.read_bytes()
        assert ours == follow(TAR_RECIPE, root, bench.directory / "theirs.tar.gz")


@needs_zip
@settings(deadline=None, max_examples=25)
@given(trees.filter(lambda files: all(map(str.isascii, files))), st.sampled_from([0o002, 0o022]))
def test_any_tree_has_the_bytes_of_info_zip(
    files: Mapping[str, tuple[bytes, bool]], umask: int
) -> None:
    """The recipe takes modes as they are: those of a careful packer are given to it."""
    with tempfile.TemporaryDirectory() as place:
        bench = Bench(Path(place))
        root = write_tree(bench.directory / "one" / "top", list(files.items()), umask, EPOCH - 9)
        ours = bench.pack(root, "ours.zip").path.read_bytes()
        for path in (root, *root.rglob("*")):
            path.chmod(normal_mode(path.stat().st_mode))
        assert ours == follow(ZIP_RECIPE, root, bench.directory / "theirs.zip")


def test_members_are_sorted_and_stand_below_the_trees_own_name(bench: Bench) -> None:
    found = names_in(bench.pack(bench.tree(CONTENTS), "a.tar.gz").path)
    assert found[0] == "bitcoin-1.0"
    assert found == sorted(found, key=os.fsencode)
    assert all(name.startswith("bitcoin-1.0") for name in found)


def test_members_tell_nothing_of_who_packed_them_and_when(bench: Bench) -> None:
    with tarfile.open(bench.pack(bench.tree(CONTENTS), "a.tar.gz").path) as tar:
        for member in tar:
            assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
            assert member.mtime == EPOCH


def test_an_artifact_tells_its_digests_and_its_compressor(bench: Bench) -> None:
    artifact = bench.pack(bench.tree(CONTENTS), "a.tar.gz", NO_PROGRAMS)
    content = artifact.path.read_bytes()
    assert artifact.size == len(content)
    assert artifact.sha256 == hashlib.sha256(content).hexdigest()
    assert artifact.content_sha256 == hashlib.sha256(gzip.decompress(content)).hexdigest()
    assert "zlib" in artifact.compressor
    assert stat.S_IMODE(artifact.path.stat().st_mode) == 0o644


@pytest.mark.skipif(not has("gzip", "zip"), reason="gzip or zip is missing")
@pytest.mark.parametrize(("name", "program"), [("a.tar.gz", "gzip "), ("a.zip", "zip ")])
def test_a_program_that_compressed_is_named_with_its_version(
    bench: Bench, name: str, program: str
) -> None:
    compressor = bench.pack(bench.tree(CONTENTS), name).compressor
    assert compressor.startswith(program)
    assert compressor.removeprefix(program)[0].isdigit()


@pytest.mark.skipif(not has("gzip"), reason="gzip is missing")
def test_without_gzip_the_tar_inside_is_the_same(bench: Bench) -> None:
    root = bench.tree({**CONTENTS, **AWKWARD})
    by_program = bench.pack(root, "program.tar.gz")
    by_library = bench.pack(root, "library.tar.gz", NO_PROGRAMS)
    assert by_program.content_sha256 == by_library.content_sha256
    one, other = by_program.path.read_bytes(), by_library.path.read_bytes()
    assert gzip.decompress(one) == gzip.decompress(other)
    assert one[:10] == other[:10]


Row = tuple[str, bytes, int, tuple[int, ...]]


def rows_of(archive: Path) -> list[Row]:
    """What a zip holds: name, content, mode and time of every member."""
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        return [
            (each.filename, opened.read(each), each.external_attr >> 16, each.date_time)
            for each in opened.infolist()
        ]


@needs_zip
@pytest.mark.parametrize("epoch", [0, EPOCH, EPOCH + 1, 4354819198])
def test_without_zip_the_members_are_the_same(bench: Bench, epoch: int) -> None:
    root = bench.tree(CONTENTS)
    (root / "share" / "nothing").mkdir()
    by_program = bench.pack(root, "program.zip", epoch=epoch)
    by_library = bench.pack(root, "library.zip", NO_PROGRAMS, epoch=epoch)
    assert rows_of(by_program.path) == rows_of(by_library.path)


def test_without_zip_the_best_compression_is_used(bench: Bench) -> None:
    content = b"".join(hashlib.sha256(bytes([n % 7, n // 50])).digest() for n in range(2000))
    artifact = bench.pack(bench.tree({"data": content}), "a.zip", NO_PROGRAMS)
    best = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    with zipfile.ZipFile(artifact.path) as opened:
        packed = opened.getinfo("bitcoin-1.0/data").compress_size
    assert packed == len(best.compress(content) + best.flush())


@needs_gnu
def test_other_tools_unpack_what_the_libraries_packed(bench: Bench) -> None:
    artifact = bench.pack(bench.tree(CONTENTS), "a.tar.gz", NO_PROGRAMS)
    subprocess.run(("tar", "-xzf", artifact.path, "-C", bench.directory), check=True)
    for name, content in CONTENTS.items():
        assert (bench.directory / "bitcoin-1.0" / name).read_bytes() == content


def test_a_file_with_two_names_is_packed_twice(bench: Bench) -> None:
    root = bench.tree(CONTENTS)
    (root / "bin" / "other").hardlink_to(root / "bin" / "bitcoin")
    with tarfile.open(bench.pack(root, "a.tar.gz").path) as tar:
        assert all(member.isreg() for member in tar if member.name.startswith("bitcoin-1.0/bin/"))


@pytest.mark.parametrize("environment", [PATH, NO_PROGRAMS], ids=["by programs", "by libraries"])
@pytest.mark.parametrize("name", ["a.tar.gz", "a.zip"])
def test_a_pipe_in_the_tree_is_refused_by_name(
    bench: Bench, name: str, environment: Mapping[str, str]
) -> None:
    root = bench.tree(CONTENTS)
    os.mkfifo(root / "share" / "pipe")
    with pytest.raises(WorkError, match="share/pipe"):
        bench.pack(root, name, environment)
    assert bench.published() == []


@contextlib.contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond ``size`` bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("environment", [PATH, NO_PROGRAMS], ids=["by programs", "by libraries"])
@pytest.mark.parametrize("name", ["a.tar.gz", "a.zip"])
def test_nothing_appears_when_there_is_no_room(
    bench: Bench, name: str, environment: Mapping[str, str]
) -> None:
    root = bench.tree({"data": b"".join(map(str.encode, map(str, range(40_000))))})
    with room_for(20_000), pytest.raises(WorkError):
        bench.pack(root, name, environment)
    assert bench.published() == []


@pytest.mark.parametrize("name", ["a.tar.gz", "a.zip"])
def test_an_archive_of_an_earlier_run_stays_when_a_new_one_fails(bench: Bench, name: str) -> None:
    root = bench.tree({"data": b"".join(map(str.encode, map(str, range(40_000))))})
    before = bench.pack(root, name).path.read_bytes()
    with room_for(20_000), pytest.raises(WorkError):
        bench.pack(root, name, NO_PROGRAMS)
    assert (bench.out / name).read_bytes() == before


@pytest.mark.parametrize("place", ["missing/a.tar.gz", "file/a.tar.gz", "missing/a.zip"])
def test_a_target_that_cannot_be_written_is_a_work_error(bench: Bench, place: str) -> None:
    (bench.out / "file").touch()
    with pytest.raises(WorkError) as caught:
        bench.pack(bench.tree(CONTENTS), place)
    assert caught.value.hint
    assert bench.published() == ["file"]


def test_a_read_only_target_is_a_work_error(bench: Bench) -> None:
    bench.out.chmod(0o555)
    if os.access(bench.out, os.W_OK):
        pytest.skip("this user, like root, may write to a read-only directory")
    with pytest.raises(WorkError, match="cannot be written"):
        bench.pack(bench.tree(CONTENTS), "a.tar.gz")


@pytest.mark.parametrize(
    ("mode", "normal"),
    [
        (0o100600, 0o644),
        (0o100666, 0o644),
        (0o100700, 0o755),
        (0o100755, 0o755),
        (0o100010, 0o755),
        (0o040700, 0o755),
        (0o040777, 0o755),
    ],
)
def test_modes_follow_a_rule(mode: int, normal: int) -> None:
    assert normal_mode(mode) == normal


def test_what_is_not_accepted_gets_no_name(bench: Bench) -> None:
    seen = []

    def refuse(unfinished: Path) -> None:
        seen.append(tarfile.is_tarfile(unfinished))
        raise WorkError("no")

    with pytest.raises(WorkError, match="no"):
        bench.pack(bench.tree(CONTENTS), "a.tar.gz", accept=refuse)
    assert seen == [True]
    assert bench.published() == []


def test_a_windows_archive_takes_no_links(bench: Bench) -> None:
    root = bench.tree(CONTENTS)
    (root / "link").symlink_to("bin")
    with pytest.raises(WorkError, match="link"):
        bench.pack(root, "a.zip")
    assert bench.published() == []
