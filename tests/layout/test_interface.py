"""What may change in a schema and what may not; every change is compiled by capnp."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from counterproof.errors import SchemaError, SchemaToolError, TreeError
from counterproof.interface.comparing import Change, compare_schemas
from counterproof.interface.compiling import read_schemas
from counterproof.rulebook import interface
from countersign.findings import Severity
from trees import pack_tar_gz

pytest.importorskip("capnp", reason="there is no pycapnp")
pytestmark = pytest.mark.skipif(shutil.which("capnp") is None, reason="there is no capnp")

FILE_ID = "@0xc77d03df6a41b505;\n"
OLD = """
enum Color { red @0; green @1; }
struct Options {
  mempool @0 :Bool = true;
  weight @1 :UInt64 = 8000;
  name @2 :Text;
  color @3 :Color;
  list @4 :List(UInt8);
  any @5 :AnyPointer;
  union { a @6 :UInt32; b @7 :Text; }
  box :group { width @8 :UInt16; height @9 :UInt16; }
}
interface Mining {
  tip @0 (context :Text, deep :Bool = false) -> (result :Options);
  stop @1 () -> ();
}
interface Init { makeMining @0 () -> (mining :Mining); }
"""


def write(top: Path, text: str, file_id: str = FILE_ID) -> Path:
    top.mkdir()
    (top / "mining.capnp").write_text(file_id + text)
    return top


@pytest.fixture
def compare(tmp_path: Path) -> Callable[..., list[Change]]:
    def compare(*changes: tuple[str, str], new: str = OLD, file_id: str = FILE_ID) -> list[Change]:
        for before, after in changes:
            assert before in new
            new = new.replace(before, after)
        old_tree = write(tmp_path / "old", OLD)
        new_tree = write(tmp_path / "new", new, file_id)
        return list(compare_schemas(read_schemas(old_tree), read_schemas(new_tree)))

    return compare


def found(changes: list[Change]) -> list[tuple[str, str]]:
    return [(change.finding.rule, change.finding.message) for change in changes]


Compare = Callable[..., list[Change]]


def test_the_same_is_no_change(compare: Compare) -> None:
    assert compare() == []


GROWTH = {
    "a field": ("height @9 :UInt16; }", "height @9 :UInt16; } more @10 :Text;"),
    "a member of a union": ("b @7 :Text;", "b @7 :Text; c @10 :Text;"),
    "a field in a group": ("height @9 :UInt16;", "height @9 :UInt16; depth @10 :UInt16;"),
    "a parameter": ("deep :Bool = false)", "deep :Bool = false, more :Text)"),
    "a result": ("-> (result :Options);", "-> (result :Options, hasResult :Bool);"),
    "a method": ("stop @1 () -> ();", "stop @1 () -> (); start @2 () -> ();"),
    "an enumerant": ("green @1;", "green @1; blue @2;"),
    "a type": ("interface Init", "struct More {} interface Init"),
    "a list of structs that begin alike": (
        "list @4 :List(UInt8);",
        "list @4 :List(Byte); struct Byte { value @0 :UInt8; }",
    ),
}


@pytest.mark.parametrize("change", GROWTH.values(), ids=GROWTH)
def test_growth_breaks_nobody(compare: Compare, change: tuple[str, str]) -> None:
    changes = compare(change)
    assert {each.finding.rule for each in changes} == {"I10"}


def test_a_field_may_become_the_first_of_a_new_union(compare: Compare) -> None:
    changes = compare(("name @2 :Text;", "choice :union { name @2 :Text; other @10 :Text; }"))
    assert {each.finding.rule for each in changes} <= {"I09", "I10"}


BREAKS = {
    "a type was changed": ("weight @1 :UInt64 = 8000", "weight @1 :UInt32 = 8000", "I06"),
    "a parameter's type was changed": ("context :Text", "context :Data", "I06"),
    "any pointer became a capability": ("any @5 :AnyPointer", "any @5 :Capability", "I06"),
    "a default was changed": ("= 8000", "= 4000", "I07"),
    "a parameter's default was changed": ("deep :Bool = false", "deep :Bool = true", "I07"),
    "parameters were swapped": (
        "context :Text, deep :Bool = false",
        "deep :Bool = false, context :Text",
        "I05",
    ),
    "fields were swapped": (
        "width @8 :UInt16; height @9",
        "height @8 :UInt16; width @9",
        "I05",
    ),
    "the last field was removed": ("height @9 :UInt16;", "", "I04"),
    "a method was removed": ("stop @1 () -> ();", "", "I04"),
    "methods were renumbered": (
        "stop @1 () -> ();",
        "start @1 (x :Text) -> (); stop @2 () -> ();",
        "I05",
    ),
    "an enumerant was removed": ("green @1;", "", "I04"),
    "enumerants were swapped": ("red @0; green @1;", "green @0; red @1;", "I05"),
    "two fields were joined in a union": (
        "box :group { width @8 :UInt16; height @9 :UInt16; }",
        "box :union { width @8 :UInt16; height @9 :UInt16; }",
        "I08",
    ),
    "a union was dissolved": (
        "union { a @6 :UInt32; b @7 :Text; }",
        "a @6 :UInt32; b @7 :Text;",
        "I08",
    ),
    "an interface was removed": (
        "interface Init { makeMining @0 () -> (mining :Mining); }",
        "",
        "I03",
    ),
    "an interface was renamed": ("interface Init", "interface Begin", "I03"),
    "an interface has another id": ("interface Init", "interface Init @0xb123456789abcdef", "I02"),
    "a list of bits became one of structs": (
        "mempool @0 :Bool = true;",
        "mempool @0 :List(Bool);",
        "I06",
    ),
}


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_a_break_is_found_as_what_it_is(compare: Compare, broken: tuple[str, str, str]) -> None:
    before, after, rule = broken
    changes = compare((before, after))
    errors = {each.finding.rule for each in changes if each.finding.severity is Severity.ERROR}
    assert errors == {rule}


def test_a_file_with_another_id_breaks_the_calls(compare: Compare) -> None:
    ((rule, message),) = found(compare(file_id="@0xc77d03df6a41b506;\n"))
    assert rule == "I01"
    assert "Mining" in message


def test_a_struct_may_be_renamed(compare: Compare) -> None:
    changes = compare(("struct Options", "struct Settings"), (":Options", ":Settings"))
    assert [each.finding.severity for each in changes] == [Severity.WARNING]
    assert found(changes)[0][0] == "I02"


def test_a_name_that_makes_room_is_no_break(compare: Compare) -> None:
    changes = compare(("stop @1 () -> ();", "stopOld @1 () -> (); stop @2 () -> (code :Int32);"))
    ((rule, message),) = (each for each in found(changes) if each[0] != "I10")
    assert rule == "I09"
    assert message == (
        "Mining.stop @1 is now called stopOld; Mining.stop is now something new, @2"
        " (see whether @1 still does what it did: no schema tells that)"
    )


def test_a_default_that_cannot_be_compared_is_said(tmp_path: Path) -> None:
    one, other = (
        read_schemas(write(tmp_path / name, f"struct S {{ a @0 :List(UInt8) = [1, {name}]; }}"))
        for name in ("2", "3")
    )
    assert found(list(compare_schemas(one, other))) == [
        ("I11", "the default of S.a @0 is a list or a struct")
    ]


def test_what_a_generic_type_is_given_counts(tmp_path: Path) -> None:
    one, other = (
        read_schemas(
            write(tmp_path / name, f"struct B(T) {{ v @0 :T; }} struct S {{ b @0 :B({name}); }}")
        )
        for name in ("Text", "Data")
    )
    assert found(list(compare_schemas(one, other))) == [
        ("I06", "S.b @0 was B(text), and is B(data)")
    ]


def test_a_change_is_told_of_the_file_it_is_in(tmp_path: Path) -> None:
    for name, kind in (("old", "Text"), ("new", "Data")):
        tree = write(tmp_path / name, 'using B = import "b.capnp"; struct S { t @0 :B.T; }')
        (tree / "a.capnp").write_text("@0xcc316e3f71a040fc;\nstruct A {}\n")
        (tree / "b.capnp").write_text(f"@0xcc316e3f71a040fb;\nstruct T {{ v @0 :{kind}; }}\n")
    (change,) = compare_schemas(read_schemas(tmp_path / "old"), read_schemas(tmp_path / "new"))
    assert (change.file, change.finding.rule) == ("b.capnp", "I06")


def test_a_tree_imports_from_itself_before_other_directories(tmp_path: Path) -> None:
    for name in ("old", "new"):
        tree = write(tmp_path / name, 'using P = import "/mp/p.capnp"; struct S { c @0 :P.C; }')
        (tree / "mp").mkdir()
        (tree / "mp/p.capnp").write_text("@0xcc316e3f71a040fb;\nstruct C {}\n")
    schema = read_schemas(tmp_path / "new", [tmp_path / "old"])
    assert sorted(schema.files.values()) == ["mining.capnp", "mp/p.capnp"]


def test_every_rule_is_broken_by_a_test() -> None:
    elsewhere = {"I01", "I09", "I10", "I11"}
    assert {rule for _, _, rule in BREAKS.values()} | elsewhere == {
        rule.id for rule in interface.RULES
    }


def test_imports_are_found_in_the_tree_and_tests_are_left_out(tmp_path: Path) -> None:
    files = {
        "lib/include/mp/proxy.capnp": "@0xcc316e3f71a040fb;\nstruct Context {}\n",
        "src/ipc.capnp": FILE_ID
        + 'using P = import "/mp/proxy.capnp";\nusing C = import "/capnp/c++.capnp";\n'
        + '$C.namespace("x");\nstruct S { context @0 :P.Context; }\n',
        "src/test/bad.capnp": "this is none\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    schema = read_schemas(tmp_path)
    assert sorted(schema.files.values()) == ["lib/include/mp/proxy.capnp", "src/ipc.capnp"]
    packed = tmp_path / "a.tar.gz"
    packed.write_bytes(pack_tar_gz({name: text.encode() for name, text in files.items()}, "p-1"))
    assert compare_schemas(schema, read_schemas(packed)) == ()


def test_a_schema_that_does_not_compile_is_told_in_the_compilers_words(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"does not compile: mining.capnp:2:9: error: Parse"):
        read_schemas(write(tmp_path / "a", "struct {"))


def test_a_tree_without_schemas_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(TreeError, match="no schema"):
        read_schemas(tmp_path)


def test_a_missing_compiler_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SchemaToolError, match="not installed") as caught:
        read_schemas(write(tmp_path / "a", OLD))
    assert "apt-get install capnproto" in caught.value.hint
