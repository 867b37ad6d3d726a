"""Getting the archives of dependencies, from files and from a server on this machine."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest

from commands import Ended, Run
from documents import validate

CONTENT: Final = b"an archive\n" * 1000
DIGEST: Final = hashlib.sha256(CONTENT).hexdigest()


class Server(BaseHTTPRequestHandler):
    """Gives the archive, ways to it, and ways to what is none."""

    def do_GET(self) -> None:  # the library's name
        path = self.path.rpartition("/")[2]
        if path in ("moved", "to-file"):
            self.send_response(302)
            self.send_header("Location", "/archive" if path == "moved" else "file:///etc/hosts")
            self.end_headers()
        elif path == "cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT[:100])
        elif path == "archive":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(CONTENT)
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{web.server_address[1]}"
        web.shutdown()
        thread.join()


def dependency(url: str | None, sha256: str | None = DIGEST, source: str = "in/a.tar.gz") -> str:
    lines = ["[[dependencies]]", "name = 'a'", f"source = '{source}'"]
    lines += [f"url = '{url}'"] if url else []
    lines += [f"sha256 = '{sha256}'"] if sha256 else []
    return "\n".join(lines)


def fetched(run: Run, top: Path, text: str, *more: str) -> Ended:
    (top / "countermark.toml").write_text(text)
    return run("fetch", *more, cwd=top)


@pytest.mark.parametrize("path", ["archive", "moved"])
def test_what_is_missing_is_got_once(path: str, server: str, tmp_path: Path, run: Run) -> None:
    text = dependency(f"{server}/{path}")
    first = fetched(run, tmp_path, text)
    assert (first.code, first.err) == (0, "")
    place = tmp_path / "in/a.tar.gz"
    assert first.out == f"fetched     a  {place}  {len(CONTENT):,} bytes\n"
    assert place.read_bytes() == CONTENT
    again = fetched(run, tmp_path, dependency("http://127.0.0.1:1/gone"))
    assert again.code == 0
    assert again.out.startswith("there       a  ")


def test_a_file_is_copied(tmp_path: Path, run: Run) -> None:
    mirror = tmp_path / "mi rror"
    mirror.write_bytes(CONTENT)
    ended = fetched(run, tmp_path, dependency(mirror.as_uri()))
    assert ended.code == 0, ended.err
    assert (tmp_path / "in/a.tar.gz").read_bytes() == CONTENT


def test_without_a_digest_what_was_seen_is_said_and_is_not_good(
    server: str, tmp_path: Path, run: Run
) -> None:
    for _ in range(2):  # got, and there
        ended = fetched(run, tmp_path, dependency(f"{server}/archive", None))
        assert ended.code == 1
        assert f'sha256 = "{DIGEST}"' in ended.out
        assert "undeclared" in ended.out


def test_another_archive_gets_no_name(server: str, tmp_path: Path, run: Run) -> None:
    ended = fetched(run, tmp_path, dependency(f"{server}/archive", "0" * 64))
    assert ended.code == 1
    assert DIGEST in ended.err
    assert not list((tmp_path / "in").iterdir())


def test_another_archive_that_is_there_stays_and_is_named(tmp_path: Path, run: Run) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.tar.gz").write_bytes(b"other\n")
    ended = fetched(run, tmp_path, dependency("http://127.0.0.1:1/gone"))
    assert ended.code == 1
    assert "has the SHA-256" in ended.err
    assert (tmp_path / "in/a.tar.gz").read_bytes() == b"other\n"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("none", "404 Not Found"),
        ("to-file", "file:///etc/hosts"),
        ("cut", "SHA-256"),
    ],
)
def test_what_a_server_does_not_give_is_said(
    path: str, words: str, server: str, tmp_path: Path, run: Run
) -> None:
    ended = fetched(run, tmp_path, dependency(f"{server}/{path}"))
    assert ended.code == (1 if path == "cut" else 3)
    assert words in ended.err
    assert "hint: " in ended.err
    assert not list((tmp_path / "in").iterdir())


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("http://127.0.0.1:1/x", 3, "refused"),
        ("ftp://127.0.0.1/x", 2, "nothing is got by 'ftp'"),
        ("file:///nowhere/x", 3, "there is no such file"),
        ("file://elsewhere/x", 2, "nothing is got by 'file'"),
        (None, 2, "no url"),
    ],
)
def test_a_url_that_leads_nowhere(
    url: str | None, code: int, words: str, tmp_path: Path, run: Run
) -> None:
    ended = fetched(run, tmp_path, dependency(url))
    assert ended.code == code, ended.err
    assert words in ended.err


def test_one_that_fails_does_not_stop_the_others(server: str, tmp_path: Path, run: Run) -> None:
    (tmp_path / "tree").mkdir()
    text = "\n".join(
        [
            dependency(f"{server}/none"),
            dependency(f"{server}/archive", source="in/b.tar.gz").replace("'a'", "'b'"),
            dependency(None, None, source="tree").replace("'a'", "'c'"),
        ]
    )
    ended = fetched(run, tmp_path, text, "--format", "json")
    assert ended.code == 3
    document = validate(ended.out)
    assert document["good"] is False
    assert [each["state"] for each in document["sources"]] == ["failed", "fetched", "directory"]
    assert document["sources"][1]["sha256"] == DIGEST
    assert "404" in document["sources"][0]["problem"]
    assert json.loads(ended.out) == document


def test_no_other_command_gets_anything(server: str, tmp_path: Path, run: Run) -> None:
    (tmp_path / "CMakeLists.txt").write_text("project(x LANGUAGES NONE)\n")
    text = f"version = '1'\nsource_date_epoch = 1\n{dependency(f'{server}/archive')}"
    (tmp_path / "countermark.toml").write_text(text)
    ended = run("build", "--host", "arm64-apple-darwin", cwd=tmp_path)
    assert ended.code == 2
    assert "countermark fetch" in ended.err
    assert not (tmp_path / "in").exists()


def test_nothing_declared_is_nothing_to_do(tmp_path: Path, run: Run) -> None:
    ended = fetched(run, tmp_path, "version = '1'\n")
    assert (ended.code, ended.err) == (0, "")
    assert "nothing to fetch" in ended.out
