"""The main job, through the real command line, on the embedded suite and on a tiny one."""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from commands import EPOCH, ROOT, Run
from countermark.render.document import schema_of
from countermark.toolchain import find_zig
from countersign import verify_image
from countersign.image import ImageFormat, identify

DARWIN = "bitcoin-1.0.0-arm64-apple-darwin.tar.gz"
LINUX = "bitcoin-1.0.0-x86_64-linux-gnu.tar.gz"

needs_x86_64_linux = pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"),
    reason="runs the programs of the x86_64-linux-gnu archive",
)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, run: Run) -> Path:
    """The directory of a default release, made from a directory that has nothing in it."""
    directory = tmp_path_factory.mktemp("default release")
    ended = run(
        "release", "--host", "x86_64-linux-gnu", "--host", "arm64-apple-darwin", cwd=directory
    )
    assert ended.code == 0, ended.err
    return directory / "dist"


@pytest.fixture(scope="module")
def unpacked(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(released / LINUX) as archive:
        archive.extractall(directory, filter="data")
    return directory / "bitcoin-1.0.0"


def test_release_leaves_the_archives_and_their_sums(released: Path) -> None:
    lines = (released / "SHA256SUMS").read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == [DARWIN, LINUX]
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((released / name).read_bytes()).hexdigest() == digest


def test_nothing_unfinished_stays_in_the_output_directory(released: Path) -> None:
    assert sorted(path.name for path in released.iterdir()) == [
        ".countermark",
        "SHA256SUMS",
        DARWIN,
        LINUX,
        "bitcoin-1.0.0.cdx.json",
        "bitcoin-1.0.0.provenance.json",
        "countermark-effective.toml",
        "manifest.json",
    ]
    assert not list((released / ".countermark" / "unfinished").iterdir())


def test_every_member_is_normalised(released: Path) -> None:
    for name in (DARWIN, LINUX):
        with tarfile.open(released / name) as archive:
            members = archive.getmembers()
        assert [m.name for m in members] == sorted(m.name for m in members)
        assert {m.mtime for m in members} == {int(EPOCH)}
        assert {(m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0, "", "")}
        assert {m.mode for m in members if m.isdir()} == {0o755}
        assert {m.mode for m in members if m.isreg()} == {0o755, 0o644}


def test_archives_hold_the_layout(released: Path) -> None:
    for name in (DARWIN, LINUX):
        with tarfile.open(released / name) as archive:
            files = [member.name for member in archive if member.isreg()]
        assert files == [
            "bitcoin-1.0.0/README.md",
            "bitcoin-1.0.0/bin/bitcoin",
            "bitcoin-1.0.0/libexec/bitcoin-node",
            "bitcoin-1.0.0/libexec/bitcoin-wallet",
            "bitcoin-1.0.0/share/countermark/build.json",
            "bitcoin-1.0.0/share/man/man1/bitcoin-node.1",
            "bitcoin-1.0.0/share/man/man1/bitcoin-wallet.1",
            "bitcoin-1.0.0/share/man/man1/bitcoin.1",
        ]


def test_every_macho_of_the_darwin_archive_has_a_valid_ad_hoc_signature(released: Path) -> None:
    with tarfile.open(released / DARWIN) as archive:
        for name in ("bin/bitcoin", "libexec/bitcoin-node", "libexec/bitcoin-wallet"):
            member = archive.extractfile(f"bitcoin-1.0.0/{name}")
            assert member is not None
            verdict = verify_image(member.read(), path=name)
            assert verdict.accepted
            assert [(s.arch, s.kind, s.identifier) for s in verdict.slices] == [
                ("arm64", "ad-hoc", Path(name).name)
            ]


def test_verify_and_layout_check_accept_the_archive(released: Path, run: Run) -> None:
    assert run("verify", DARWIN, cwd=released).code == 0
    for name in (DARWIN, LINUX):
        ended = run("layout", "check", name, "--profile", "multiprocess", cwd=released)
        assert ended.code == 0, ended.out


@needs_x86_64_linux
def test_the_wrapper_of_the_archive_runs_the_node(unpacked: Path) -> None:
    answer = subprocess.check_output([unpacked / "bin/bitcoin", "node", "-version"], text=True)
    assert answer.splitlines()[0].endswith("bitcoin-node")


@contextlib.contextmanager
def running_node(unpacked: Path, data: Path) -> Iterator[subprocess.Popen[str]]:
    command = [str(unpacked / "bin/bitcoin"), "node", f"-datadir={data}", "-ipcbind=unix"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as node:
        try:
            assert node.stdout is not None
            assert "listens" in node.stdout.readline()
            yield node
        finally:
            node.send_signal(signal.SIGTERM)
            node.communicate(timeout=30)


@needs_x86_64_linux
def test_the_wallet_of_the_archive_talks_to_a_running_node(unpacked: Path, tmp_path: Path) -> None:
    with running_node(unpacked, tmp_path) as node:
        answer = subprocess.run(
            [unpacked / "bin/bitcoin", "wallet", f"-datadir={tmp_path}"],
            capture_output=True,
            check=False,
            text=True,
            timeout=30,
        )
    assert answer.returncode == 0, answer.stderr
    assert "1.0.0" in answer.stdout
    assert node.returncode == 0


def test_manifest_tells_the_whole_story(released: Path) -> None:
    manifest = json.loads((released / "manifest.json").read_bytes())
    jsonschema.validate(manifest, schema_of("countermark.manifest/1"))
    assert [row["host"] for row in manifest["hosts"]] == ["arm64-apple-darwin", "x86_64-linux-gnu"]
    darwin = manifest["hosts"][0]
    assert darwin["status"] == "accepted"
    assert [step["step"] for step in darwin["steps"]] == [
        "configure",
        "build",
        "stage",
        "sign",
        "check",
        "pack",
    ]
    assert [(image["path"], image["mode"]) for image in darwin["images"]] == [
        ("bin/bitcoin", "0755"),
        ("libexec/bitcoin-node", "0755"),
        ("libexec/bitcoin-wallet", "0755"),
    ]
    assert all(len(image["cdhashes"]) == 1 for image in darwin["images"])
    toolchain = next(row for row in darwin["inputs"] if row["kind"] == "toolchain")
    assert toolchain["name"] == "ziglang"
    assert toolchain["digest"].startswith("sha256:")
    assert toolchain["wheel"].startswith("sha256:")
    (artifact,) = darwin["artifacts"]
    assert artifact["sha256"] == hashlib.sha256((released / DARWIN).read_bytes()).hexdigest()


def test_another_directory_name_and_umask_give_the_same_sums(
    released: Path, tmp_path: Path, run: Run
) -> None:
    suite = tmp_path / "söurce with späces"
    shutil.copytree(ROOT / "src", suite)
    ended = run(
        *("release", suite, "--name", "bitcoin", "--version", "1.0.0"),
        *("--host", "arm64-apple-darwin", "--host", "x86_64-linux-gnu", "--out", "öut put"),
        cwd=tmp_path,
        SOURCE_DATE_EPOCH=EPOCH,
        TZ="Asia/Kathmandu",
        LC_ALL="C",
    )
    assert ended.code == 0, ended.err
    sums = (tmp_path / "öut put" / "SHA256SUMS").read_bytes()
    assert sums == (released / "SHA256SUMS").read_bytes()


def test_images_name_the_sdk_that_was_asked_for(tiny: Path, tmp_path: Path, run: Run) -> None:
    with (tiny / "countermark.toml").open("a") as settings:
        settings.write('sdk = "14.0"\n')
    planned = run("release", tiny, "--plan", cwd=tmp_path)
    assert "let every image say SDK 14.0" in planned.out
    ended = run("release", tiny, cwd=tmp_path)
    assert (ended.code, "sdk 14.0.0 in 1 image" in ended.err) == (0, True), ended.err
    dist = tmp_path / "dist"
    (host,) = json.loads((dist / "manifest.json").read_bytes())["hosts"]
    jsonschema.validate(
        json.loads((dist / "manifest.json").read_bytes()), schema_of("countermark.manifest/1")
    )
    (row,) = host["changed_after_link"]
    assert (row["path"], row["field"], row["after"]) == ("bin/tiny", "sdk", "14.0.0")
    archive = next(dist.glob("*.tar.gz"))
    assert run("verify", archive, cwd=tmp_path).code == 0
    assert "SDK 14.0" in run("inspect", archive, cwd=tmp_path).out
    again = run("rebuild", archive, "--suite", tiny, "--out", "again", cwd=tmp_path)
    assert again.code == 0, again.err + again.out


def test_second_run_compiles_nothing_and_gives_the_same(released: Path, run: Run) -> None:
    before = (released / "SHA256SUMS").read_bytes()
    ended = run(
        *("release", "--host", "x86_64-linux-gnu", "--host", "arm64-apple-darwin"),
        cwd=released.parent,
    )
    assert ended.code == 0, ended.err
    log = (released / ".countermark" / "arm64-apple-darwin" / "log.txt").read_text()
    assert "Building C object" not in log
    assert "ninja: no work to do." in log
    assert (released / "SHA256SUMS").read_bytes() == before
    assert ended.err.count("kept as packed before") == 2


def test_effective_configuration_makes_the_same_release_again(
    released: Path, tmp_path: Path, run: Run
) -> None:
    ended = run(
        *(
            "release",
            "--config",
            released / "countermark-effective.toml",
            "--out",
            tmp_path / "two",
        ),
        cwd=tmp_path,
    )
    assert ended.code == 0, ended.err
    assert (tmp_path / "two" / "SHA256SUMS").read_bytes() == (released / "SHA256SUMS").read_bytes()


def test_release_as_json_is_the_manifest(tiny: Path, tmp_path: Path, run: Run) -> None:
    ended = run("release", tiny, "--format", "json", "--quiet", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.err == ""
    assert json.loads(ended.out) == json.loads((tmp_path / "dist" / "manifest.json").read_bytes())


def test_steps_one_by_one_give_the_same_archive_as_release(
    tiny: Path, tmp_path: Path, run: Run
) -> None:
    assert run("release", tiny, "--out", "whole", cwd=tmp_path).code == 0
    assert run("build", tiny, "--out", "parts", cwd=tmp_path).code == 0
    assert run("stage", tiny, "--out", "parts", cwd=tmp_path).code == 0
    stage = tmp_path / "parts/.countermark/arm64-apple-darwin/stage/tiny-2.5"
    assert run("sign", stage, cwd=tmp_path).code == 0
    ended = run("pack", tiny, "--out", "parts", cwd=tmp_path)
    assert ended.code == 0, ended.err
    whole, parts = (tmp_path / name / "SHA256SUMS" for name in ("whole", "parts"))
    assert whole.read_bytes() == parts.read_bytes()


def test_pack_refuses_a_stage_that_only_the_linker_signed(
    tiny: Path, tmp_path: Path, run: Run
) -> None:
    assert run("build", tiny, cwd=tmp_path).code == 0
    assert run("stage", tiny, cwd=tmp_path).code == 0
    ended = run("pack", tiny, cwd=tmp_path)
    assert ended.code == 1
    assert "countermark sign" in ended.err
    assert not list((tmp_path / "dist").glob("*.tar.gz"))


def test_steps_out_of_order_say_what_comes_first(tiny: Path, tmp_path: Path, run: Run) -> None:
    ended = run("stage", tiny, cwd=tmp_path)
    assert (ended.code, "countermark build" in ended.err) == (3, True)
    ended = run("pack", tiny, cwd=tmp_path)
    assert (ended.code, "countermark stage" in ended.err) == (3, True)


def test_a_second_host_joins_the_release(tiny: Path, tmp_path: Path, run: Run) -> None:
    for host in ("arm64-apple-darwin", "x86_64-linux-gnu"):
        assert run("release", tiny, "--host", host, cwd=tmp_path).code == 0
    names = [line.split()[1] for line in (tmp_path / "dist/SHA256SUMS").read_text().splitlines()]
    assert names == ["tiny-2.5-arm64-apple-darwin.tar.gz", "tiny-2.5-x86_64-linux-gnu.tar.gz"]


def test_only_chosen_components_are_staged(tiny: Path, tmp_path: Path, run: Run) -> None:
    assert run("release", tiny, "--component", "tiny", cwd=tmp_path).code == 0
    with tarfile.open(tmp_path / "dist/tiny-2.5-arm64-apple-darwin.tar.gz") as archive:
        assert [m.name for m in archive if m.isreg()] == [
            "tiny-2.5/bin/tiny",
            "tiny-2.5/share/countermark/build.json",
        ]


def test_a_new_time_is_a_new_build(tiny: Path, tmp_path: Path, run: Run) -> None:
    (tiny / "tiny.c").write_text(
        '#pragma clang diagnostic ignored "-Wdate-time"\n'
        "#include <stdio.h>\n"
        "int main(void) { return puts(__DATE__) < 0; }\n"
    )
    program = tmp_path / "dist/.countermark/arm64-apple-darwin/stage/tiny-2.5/bin/tiny"
    assert run("release", tiny, cwd=tmp_path).code == 0
    assert b"Jan  1 2026" in program.read_bytes()
    assert run("release", tiny, cwd=tmp_path, SOURCE_DATE_EPOCH="0").code == 0
    assert b"Jan  1 1970" in program.read_bytes()


def test_each_argument_that_zig_was_not_given_is_told(tiny: Path, tmp_path: Path, run: Run) -> None:
    """Also by a run that compiles nothing, and no longer when the suite has it no more."""
    lists = tiny / "CMakeLists.txt"
    plain = lists.read_text()
    probed = (
        "include(CheckLinkerFlag)\n"
        "check_linker_flag(C LINKER:-z,relro HAS_RELRO)\n"
        "check_linker_flag(C LINKER:-pie HAS_PIE)\n"
        "check_linker_flag(C LINKER:-fixup_chains HAS_CHAINS)\n"
        'message(STATUS "relro <${HAS_RELRO}> pie <${HAS_PIE}> chains <${HAS_CHAINS}>")\n'
    )
    asked = "target_link_options(tiny PRIVATE LINKER:-fixup_chains LINKER:-z,relro -flto)\n"
    lists.write_text(plain + probed + asked)
    wanted = {"-Wl,-fixup_chains", "-Wl,-z,relro", "-Wl,-pie", "-flto"}
    for _ in range(2):
        ended = run("release", tiny, cwd=tmp_path)
        assert ended.code == 0, ended.err
        said = f"see manifest.json: arm64-apple-darwin {len(wanted)}\n"
        assert f"\nArguments of compilers dropped or translated, {said}" in ended.out
        (host,) = json.loads((tmp_path / "dist/manifest.json").read_bytes())["hosts"]
        assert {each["argument"] for each in host["changed_arguments"]} == wanted
    log = (tmp_path / "dist/.countermark/arm64-apple-darwin/build/CMakeCache.txt").read_text()
    assert "HAS_RELRO:INTERNAL=\n" in log
    assert "HAS_PIE:INTERNAL=1\n" in log
    assert "HAS_CHAINS:INTERNAL=\n" in log
    lists.write_text(plain)
    ended = run("release", tiny, cwd=tmp_path)
    assert "dropped or translated" not in ended.out


def test_sub_projects_call_the_same_tools(tiny: Path, tmp_path: Path, run: Run) -> None:
    """A project within the suite that is built by other means, in a place with a space."""
    (tiny / "sub.sh").write_text(
        'set -e\n"$CC" -O2 -mtune=apple-m1 -c "$1/number.c" -o sub.o\n'
        '"$AR" qc libsub.a sub.o\n"$RANLIB" libsub.a\n'
    )
    with (tiny / "CMakeLists.txt").open("a") as stream:
        stream.write(
            "add_custom_command(OUTPUT libsub.a VERBATIM\n"
            "  COMMAND ${CMAKE_COMMAND} -E env CC=${CMAKE_C_COMPILER} AR=${CMAKE_AR}\n"
            "    RANLIB=${CMAKE_RANLIB} sh ${CMAKE_SOURCE_DIR}/sub.sh ${CMAKE_SOURCE_DIR})\n"
            "add_custom_target(sub ALL DEPENDS libsub.a)\n"
        )
    ended = run("build", tiny, "--out", tmp_path / "a place", cwd=tmp_path)
    assert ended.code == 0, ended.err
    build = tmp_path / "a place/.countermark/arm64-apple-darwin/build"
    assert (build / "libsub.a").read_bytes().startswith(b"!<arch>")
    assert (build / "sub.o").read_bytes()[:4] == b"\xcf\xfa\xed\xfe"
    (host,) = json.loads((tmp_path / "a place/manifest.json").read_bytes())["hosts"]
    assert [each["argument"] for each in host["changed_arguments"]] == ["-mtune=apple-m1"]


def test_an_emulator_runs_what_the_build_runs_and_answers_nothing(
    tiny: Path, tmp_path: Path, run: Run
) -> None:
    """An answer of the machine's own would make other bytes where there is no emulator."""
    emulator = tmp_path / "emulate"
    emulator.write_text('#!/bin/sh\necho "emulated $1"\n')
    emulator.chmod(0o755)
    (tiny / "below").mkdir()
    (tiny / "below/CMakeLists.txt").write_text(
        "add_executable(maker main.c)\n"
        "add_custom_command(OUTPUT made COMMAND maker > made VERBATIM)\n"
        "add_custom_target(below ALL DEPENDS made)\n"
    )
    (tiny / "below/main.c").write_text("int main(void) { return 0; }\n")
    with (tiny / "CMakeLists.txt").open("a") as stream:
        stream.write("add_subdirectory(below)\n")
    with (tiny / "countermark.toml").open("a") as stream:
        stream.write(f'cmake = {{ COUNTERMARK_EMULATOR = "{emulator}" }}\n')
    ended = run("build", tiny, cwd=tmp_path)
    assert ended.code == 0, ended.err
    made = tmp_path / "dist/.countermark/arm64-apple-darwin/build/below/made"
    assert made.read_text().startswith("emulated ")
    with (tiny / "CMakeLists.txt").open("a") as stream:
        stream.write(
            "try_run(RUN COMPILED SOURCE_FROM_CONTENT a.c [[int main(void){return 0;}]])\n"
        )
    ended = run("build", tiny, cwd=tmp_path)
    assert ended.code == 3
    assert "RUN" in ended.err


@needs_x86_64_linux
def test_the_native_toolchain_builds_for_this_machine(tiny: Path, tmp_path: Path, run: Run) -> None:
    ended = run(
        *("release", tiny, "--host", "x86_64-linux-gnu", "--toolchain", "native"), cwd=tmp_path
    )
    assert ended.code == 0, ended.err
    program = tmp_path / "dist/.countermark/x86_64-linux-gnu/stage/tiny-2.5/bin/tiny"
    assert subprocess.check_output([program], text=True) == "./tiny.c\n"


def test_a_toolchain_file_of_the_users_replaces_the_default(
    tiny: Path, tmp_path: Path, run: Run
) -> None:
    (tiny / "mine.cmake").write_text(
        f'set(COUNTERMARK_ZIG "{find_zig().program}")\n'
        "set(COUNTERMARK_ZIG_TARGET aarch64-macos.14.0-none)\n"
        f'include("{ROOT}/packaging/countermark/toolchains/zig.cmake")\n'
        'set(CMAKE_C_FLAGS_INIT "-DMY_OWN_TOOLCHAIN")\n'
    )
    (tiny / "tiny.c").write_text(
        "#ifndef MY_OWN_TOOLCHAIN\n#error not mine\n#endif\nint main(void) { return 0; }\n"
    )
    refused = run("release", tiny, cwd=tmp_path)
    assert (refused.code, "not mine" in refused.err) == (3, True)
    with (tiny / "countermark.toml").open("a") as settings:
        settings.write('toolchain = "mine.cmake"\n')
    ended = run("release", tiny, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "mine.cmake" in ended.err


def test_a_preset_of_the_suite_is_where_configuring_starts(
    tiny: Path, tmp_path: Path, run: Run
) -> None:
    (tiny / "CMakePresets.json").write_text(
        json.dumps(
            {
                "version": 6,
                "configurePresets": [{"name": "tuned", "cacheVariables": {"TUNED": "yes"}}],
            }
        )
    )
    rules = tiny / "CMakeLists.txt"
    rules.write_text(rules.read_text() + 'if(NOT TUNED)\nmessage(FATAL_ERROR "untuned")\nendif()\n')
    refused = run("release", tiny, cwd=tmp_path)
    assert (refused.code, "untuned" in refused.err) == (3, True)
    ended = run("release", tiny, "--preset", "tuned", cwd=tmp_path)
    assert ended.code == 0, ended.err


def test_multiprocess_off_gives_the_monolithic_layout(tmp_path: Path, run: Run) -> None:
    ended = run("release", "--host", "arm64-apple-darwin", "-D", "ENABLE_IPC=OFF", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "profile monolithic (detected)" in ended.err
    with tarfile.open(tmp_path / "dist" / DARWIN) as archive:
        programs = [m.name for m in archive if m.isreg() and m.mode == 0o755]
    assert programs == [
        f"bitcoin-1.0.0/bin/{name}" for name in ("bitcoin", "bitcoin-wallet", "bitcoind")
    ]


def test_a_program_moves_to_where_the_profile_wants_it(tmp_path: Path, run: Run) -> None:
    suite = tmp_path / "suite"
    shutil.copytree(ROOT / "src", suite)
    rules = suite / "CMakeLists.txt"
    rules.write_text(
        rules.read_text()
        + "install(PROGRAMS $<TARGET_FILE:bitcoin-wallet> DESTINATION bin COMPONENT moved)\n"
    )
    ended = run(
        *("release", suite, "--name", "bitcoin", "--version", "1.0.0", "--profile", "multiprocess"),
        *("--host", "arm64-apple-darwin", "--component", "bitcoin", "--component", "bitcoin-node"),
        *("--component", "moved"),
        cwd=tmp_path,
        SOURCE_DATE_EPOCH=EPOCH,
    )
    assert ended.code == 0, ended.err
    assert "bin/bitcoin-wallet -> libexec/bitcoin-wallet" in ended.err
    manifest = json.loads((tmp_path / "dist/manifest.json").read_bytes())
    assert manifest["hosts"][0]["moves"] == {"bin/bitcoin-wallet": "libexec/bitcoin-wallet"}


@pytest.mark.all_hosts
def test_all_seven_hosts_are_released(tmp_path: Path, run: Run) -> None:
    ended = run("release", "--host", "all", cwd=tmp_path)
    assert ended.code == 0, ended.err
    archives = sorted(path.name for path in (tmp_path / "dist").glob("bitcoin-*"))
    assert len(archives) == 7
    for name in archives:
        checked = run(
            "layout", "check", tmp_path / "dist" / name, "--profile", "multiprocess", cwd=tmp_path
        )
        assert checked.code == 0, checked.out
    for name in archives:
        if "darwin" in name:
            assert run("verify", tmp_path / "dist" / name, cwd=tmp_path).code == 0


def test_images_are_of_the_host_they_are_named_for(released: Path) -> None:
    expected = {DARWIN: (ImageFormat.MACH_O, "arm64"), LINUX: (ImageFormat.ELF, "x86_64")}
    for name, (kind, architecture) in expected.items():
        with tarfile.open(released / name) as archive:
            member = archive.extractfile("bitcoin-1.0.0/bin/bitcoin")
            assert member is not None
            image = identify(member.read())
        assert image is not None
        assert (image.format, image.architectures) == (kind, (architecture,))
