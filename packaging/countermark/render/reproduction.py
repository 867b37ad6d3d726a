"""What several builds of the same came to, as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from countermark.render.table import table
from countermark.render.tree_comparison import describe_trees
from countermark.reproduction.culprit import Culprit, Part
from countermark.reproduction.rebuilding import Rebuilt
from countermark.reproduction.reproducing import Compared, Reproduction, Varied
from countermark.reproduction.variations import VARIATIONS
from countermark.rulebook.reproducibility import CHANCE, rule_of
from countersign.escaping import printable
from countersign.rule import Rule

__all__ = ["describe_rebuilt", "describe_reproduction"]

_KNOWN: Final = {variation.name: variation for variation in VARIATIONS}

_MOST: Final = 8
"""Files that are named one by one."""

_STORY: Final = {
    Part.CONFIGURE: "CMake writes it while it configures",
    Part.GENERATE: "a command of the suite writes it",
    Part.COMPILE: "the same sources are compiled to something else",
    Part.ARCHIVE: "the same objects are put together to something else",
    Part.LINK: "the same objects and libraries are linked to something else",
    Part.INSTALL: "the same build tree is installed to something else",
    Part.SIGN: "the same programs are signed to something else",
    Part.PACK: "the same stage is packed to something else",
}


def describe_reproduction(result: Reproduction) -> str:
    """Return the whole story: what was varied, what came out, and why it differs."""
    lines = [f"{result.name} {result.version}, built {len(result.seconds)} times", ""]
    lines.append(table(("varied", "first", "then"), [_varied(each) for each in result.varied]))
    lines += ["", table(("", "", "sha256"), [_artifact(each) for each in result.artifacts])]
    for culprit in result.culprits:
        lines += ["", *_culprit(culprit)]
    lines += ["", *_causes(result)]
    return "\n".join(line.rstrip() for line in lines)


def describe_rebuilt(rebuilt: Rebuilt, *, modulo_signature: bool) -> str:
    """Return what was rebuilt, from what, and how the two compare."""
    record, toolchain = rebuilt.record, rebuilt.record.toolchain
    compilers = ", ".join(f"{each.id} {each.version}" for each in record.compilers)
    lines = [
        f"{record.name} {record.version} for {record.host}",
        f"  source     {rebuilt.source.words}",
        f"             {record.source}",
        f"  toolchain  {toolchain.kind} {toolchain.version or ''}".rstrip(),
        f"  compilers  {compilers or 'none'}",
        f"  tools      {', '.join(f'{name} {record.tools[name]}' for name in record.tools)}",
        *(f"  OTHERWISE  {each}" for each in rebuilt.mismatches),
    ]
    story = describe_trees(rebuilt.comparison, modulo_signature=modulo_signature)
    return "\n".join((*map(printable, lines), "", f"artifact and rebuilt: {story}"))


def _varied(varied: Varied) -> tuple[str, str, str]:
    name = varied.variation.name
    if varied.obstacle:
        return name, "not varied:", printable(varied.obstacle)
    return name, varied.values[0], ", ".join(varied.values[1:])


def _artifact(artifact: Compared) -> tuple[str, str, str]:
    digests = [digest or "-" for digest in artifact.digests]
    if artifact.equal:
        return artifact.name, "equal", digests[0]
    return artifact.name, "DIFFERENT", " ".join(digest[:16] for digest in digests)


def _culprit(culprit: Culprit) -> Iterator[str]:
    """Name the step, what it made, and what that spoils."""
    yield f"{culprit.host or 'the release'}: {culprit.part} is the first step that differs:"
    yield f"  {_STORY[culprit.part]}"
    yield from _places(culprit)
    spoilt = tuple(name for name in culprit.spoilt if name not in culprit.files)
    if spoilt:
        yield "  and therefore these files of the archive differ:"
        yield from _names(spoilt)


def _places(culprit: Culprit) -> Iterator[str]:
    """Say how the files differ, and name those of which nothing is told."""
    for place in culprit.places:
        what = f": {place.what}" if place.what else ""
        yield f"    {printable((place.member or 'the archive') + what)}"
        yield f"      first  {_value(place.first)}"
        yield f"      then   {_value(place.second)}"
    told = {place.member for place in culprit.places}
    if culprit.part is not Part.PACK or not told:
        yield from _names(tuple(name for name in culprit.files if name not in told))


def _value(value: str | None) -> str:
    return "(nothing)" if value is None else printable(value)


def _names(files: tuple[str, ...]) -> Iterator[str]:
    yield from (f"    {printable(name)}" for name in files[:_MOST])
    if len(files) > _MOST:
        yield f"    and {len(files) - _MOST} more"


def _causes(result: Reproduction) -> Iterator[str]:
    if result.equal:
        yield "every build gave the same"
        missing = [each.variation.name for each in result.varied if each.obstacle]
        if missing:
            yield f"  which says nothing of what was not varied: {', '.join(missing)}"
    elif result.chance:
        yield "cause: none of the variations; two builds under the same conditions differ"
        yield from _advice(CHANCE)
    elif not result.causes:
        yield "cause: not found" if result.extra else "cause: not looked for"
    for names in result.causes:
        words = " and ".join(f"{name} ({_KNOWN[name].what})" for name in names)
        yield f"cause: {words}"
        for name in names:
            yield from _advice(rule_of(name))
    if result.causes and all(_KNOWN[name].undone for names in result.causes for name in names):
        yield "countermark sets this for every release, so releases made by it are equal;"
        yield "whoever builds the suite otherwise gets something else"


def _advice(rule: Rule) -> Iterator[str]:
    yield f"  {rule.id} {rule.name}"
    yield f"  usual reason: {rule.cause}"
    yield f"  fix: {rule.fix}"
