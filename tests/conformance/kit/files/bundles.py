"""Bundles in archives: the rules of rulebook/bundle.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from kit.bases import PROGRAM, Files, signed_with
from kit.bundle import FRAMEWORK, RULES, Bundle, cdhash, framework
from kit.image import Image
from kit.signature import SHA1
from kit.tree import PIPE, Link, Pipe, Tree, moved, tar

__all__ = ["FILES"]

CONTENTS: Final = "Kit.app/Contents"
VERSION: Final = "Kit.framework/Versions/A"
OUTSIDE: Final = "store/data"
HELPER: Final = signed_with(PROGRAM, identifier="helper")
APP: Final = Bundle(files={"Resources/data": b"data"}, nested={}, rules=RULES)
HELPED: Final = replace(
    APP,
    files={**APP.files, "MacOS/helper": HELPER.build()},
    nested={"MacOS/helper": cdhash(HELPER.build())},
)


def _framed() -> Bundle:
    """An application with a framework."""
    inside = framework()
    library = inside["Versions/A/Kit"]
    assert isinstance(library, bytes)
    return replace(
        APP,
        files={**APP.files, **moved(inside, "Frameworks/Kit.framework")},
        nested={"Frameworks/Kit.framework": cdhash(library)},
    )


def _second_version() -> Tree:
    """A version of the framework that is signed well, and is not the one that was sealed."""
    other = replace(FRAMEWORK, files={"Resources/more": b"more"})
    return moved(other.build(), f"{CONTENTS}/Frameworks/Kit.framework/Versions/B")


def _app(bundle: Bundle = APP, later: Tree | None = None, lost: str = "") -> Callable[[], bytes]:
    """Pack an application; ``later`` was added after it was sealed, and ``lost`` taken away."""

    def build() -> bytes:
        tree = moved(bundle.build(), CONTENTS) | dict(later or {})
        return tar({path: content for path, content in tree.items() if path != lost})

    return build


def _framework(later: Tree | None = None) -> Callable[[], bytes]:
    return lambda: tar(moved(framework(), "Kit.framework") | dict(later or {}))


def _in(path: str, content: bytes | Link | Pipe) -> Tree:
    return {f"{CONTENTS}/{path}": content}


def _edited(edit: Callable[[dict[str, Any]], object], bundle: Bundle = APP) -> Callable[[], bytes]:
    return _app(replace(bundle, edit=edit))


def _first_version_alone(values: dict[str, Any]) -> None:
    del values["files2"], values["rules2"]


def _helper_by_name(values: dict[str, Any]) -> None:
    values["files2"]["MacOS/helper"] = {"requirement": 'identifier "helper"'}


def _linking(target: str) -> Bundle:
    return replace(APP, files={**APP.files, "Resources/link": Link(target)})


def _linked_program() -> bytes:
    """Let the program be a link to a file outside of the application."""
    tree = moved(APP.build(), CONTENTS)
    program = tree[f"{CONTENTS}/MacOS/program"]
    link = Link("../../../store.d/program")
    return tar(tree | {f"{CONTENTS}/MacOS/program": link, "store.d/program": program})


FILES: Final[Files] = {
    "R61-pass.tar": _app(),
    "R61-fail.tar": _app(later=_in("Resources/data", b"other")),
    "R61-fail-gone.tar": _app(lost=f"{CONTENTS}/Resources/data"),
    "R61-fail-new.tar": _app(later=_in("Resources/more", b"more")),
    "B1-pass.tar": _app(),
    "B1-fail.tar": _app(later=_in("MacOS/program", PROGRAM.build())),
    "B1-pass-framework.tar": _framework(),
    "B1-fail-framework.tar": _framework({f"{VERSION}/Kit": FRAMEWORK.image.build()}),
    "B2-pass.tar": _app(),
    "B2-fail.tar": _app(lost=f"{CONTENTS}/_CodeSignature/CodeResources"),
    "B3-pass.tar": _app(),
    "B3-fail.tar": _edited(lambda values: values["files2"].update({"Resources/data": 1})),
    "B4-pass.tar": _app(),
    "B4-fail.tar": _app(replace(APP, resources=b"no property list")),
    "B5-pass.tar": _app(),
    "B5-fail.tar": _app(replace(APP, rules={**RULES, "(": True})),
    "B6-pass.tar": _app(replace(APP, rules={**RULES, "^Resources/d": {"weight": 30.0}})),
    "B6-fail.tar": _app(replace(APP, rules={**RULES, "^x$": {"omit": True, "weight": 1.0}})),
    "B7-pass.tar": _app(),
    "B7-fail.tar": _edited(_first_version_alone, replace(APP, hash_types=(SHA1,))),
    "B8-pass.tar": _app(HELPED),
    "B8-fail.tar": _app(HELPED, _in("MacOS/helper", PROGRAM.build())),
    "B9-pass.tar": _app(HELPED),
    "B9-fail.tar": _app(HELPED, _in("MacOS/helper", Image(arch="x86_64").build())),
    "B10-pass.tar": _app(later={"Kit.app/.DS_Store": b""}),
    "B10-fail.tar": _app(later={"Kit.app/readme": b"stray"}),
    "B11-pass.tar": _framework(),
    "B11-fail.tar": _framework({"Kit.framework/readme": b"stray"}),
    "B12-pass.tar": _framework(),
    "B12-fail.tar": _framework({"Kit.framework/Kit": Link("Versions/A/Resources/Info.plist")}),
    "B13-pass.tar": _app(_linking("data")),
    "B13-fail.tar": _app(_linking(f"../../../{OUTSIDE}"), {OUTSIDE: b"not sealed"}),
    "B14-pass.tar": _app(later=_in("Resources/.DS_Store", b"view")),
    "B14-fail.tar": _app(replace(APP, files={**APP.files, "Resources/.ds_store": Link("data")})),
    "B15-pass.tar": _app(),
    "B15-fail.tar": _linked_program,
    "B16-pass.tar": lambda: _app(_framed())(),
    "B16-fail.tar": lambda: _app(_framed(), _second_version())(),
    "B17-pass.tar": _app(),
    "B17-fail.tar": _app(later=_in("Resources/pipe", PIPE)),
    "N5-pass.tar": _app(),
    "N5-fail.tar": _app(),
    "N6-pass.tar": _app(HELPED),
    "N6-fail.tar": _edited(_helper_by_name, HELPED),
}
