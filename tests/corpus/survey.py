"""Read the corpus and print what is in it.

    python tests/corpus/survey.py DIRECTORY

Prints the slices of every class, and for the linker signatures which linker, which rounding of
the signature and of __LINKEDIT, and which identifier go together.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from classes import Class, SliceClass, classify, guess_dialect
from countermark.render.table import table
from countersign.mapping import map_file
from countersign.signature import Kind
from evidence import Evidence, read_file

__all__ = ["Sample", "class_table", "dialect_table", "main", "read_corpus"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One slice of the corpus."""

    path: Path
    folder: str
    """The archive that it is from."""
    evidence: Evidence
    found: SliceClass


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", type=Path, metavar="DIRECTORY")
    samples = list(read_corpus(parser.parse_args().directory))
    print(class_table(samples))
    print()
    print(dialect_table(samples))


def read_corpus(directory: Path) -> Iterator[Sample]:
    """Read every slice below ``directory``/files, which ``fetch.py`` filled."""
    files = directory / "files"
    for path in sorted(each for each in files.rglob("*") if each.is_file()):
        folder = path.relative_to(files).parts[0]
        for evidence in read_file(map_file(path)):
            yield Sample(path=path, folder=folder, evidence=evidence, found=classify(evidence))


def class_table(samples: Iterable[Sample]) -> str:
    """Count slices and traits by class."""
    samples = list(samples)
    slices = Counter(sample.found.name for sample in samples)
    traits = Counter((each.found.name, trait) for each in samples for trait in each.found.traits)
    rows = []
    for name in Class:
        if slices[name]:
            ours = {trait: count for (each, trait), count in traits.items() if each is name}
            words = ", ".join(f"{trait} {count}" for trait, count in sorted(ours.items()))
            rows.append((name, str(slices[name]), words))
    return table(("class", "slices", "of these"), rows)


def dialect_table(samples: Iterable[Sample]) -> str:
    """Count the linker signatures by what could tell their dialects apart."""
    counts = Counter(
        _dialect_row(sample)
        for sample in samples
        if sample.evidence.signature and sample.evidence.signature.kind is Kind.LINKER
    )
    head = (
        "class",
        "guess",
        "tools",
        "size",
        "code",
        "vmsize",
        "command",
        "identifier",
        "pad",
        "n",
    )
    return table(head, [(*row, str(count)) for row, count in sorted(counts.items())])


def _dialect_row(sample: Sample) -> tuple[str, ...]:
    evidence = sample.evidence
    tools = ",".join(map(str, evidence.tools)) or "none"
    last = "not last" if evidence.commands_behind_signature else "last"
    return (
        sample.found.name,
        guess_dialect(evidence),
        tools,
        _size_rule(evidence),
        _code_rule(evidence),
        _linkedit_rule(evidence),
        last,
        _identifier_rule(sample),
        _pad(evidence),
    )


def _size_rule(evidence: Evidence) -> str:
    """Say how the size of the signature was rounded; both rules fit a multiple of 8."""
    command, signature = evidence.thin.signature, evidence.signature
    if command is None or signature is None:
        return "-"
    length = signature.superblob.length
    if command.data_size == length:
        return "tight" if length % 8 else "both"
    return "round8" if command.data_size == -(-length // 8) * 8 else "more"


def _code_rule(evidence: Evidence) -> str:
    """Say whether the section or the segment was sealed as executable."""
    text, signature = evidence.thin.segment("__TEXT"), evidence.signature
    limit = signature.best.code.exec_segment.limit if signature else None
    if limit == evidence.text_section_size:
        return "section"
    return "segment" if text and limit == text.filesize else str(limit)


def _linkedit_rule(evidence: Evidence) -> str:
    linkedit = evidence.thin.segment("__LINKEDIT")
    if linkedit is None:
        return "-"
    if linkedit.vmsize == linkedit.filesize:
        return "as file"
    rounded = -(-linkedit.filesize // 0x4000) * 0x4000
    return "round16K" if linkedit.vmsize == rounded else "other"


def _identifier_rule(sample: Sample) -> str:
    signature, leaf = sample.evidence.signature, sample.evidence.install_name
    identifier = signature.best.code.identifier if signature else ""
    names = {"file": sample.path.name, "install name": leaf, "a.out": "a.out"}
    return " = ".join(word for word, name in names.items() if name == identifier) or "other"


def _pad(evidence: Evidence) -> str:
    """Give the bytes between the string table and the signature."""
    command, end = evidence.thin.signature, evidence.string_table_end
    return "-" if command is None or end is None else str(command.data_offset - end)


if __name__ == "__main__":
    main()
