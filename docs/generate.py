"""Write the parts of the documentation that come from the code; ``--check`` only compares.

python docs/generate.py [--check]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from countermark.cli.application import application
from countermark.glossary import seen_on_a_mac
from countermark.render.document import DOCUMENTS, schema_of
from countermark.render.glossary import describe_enforcers, describe_error
from countermark.rules import RULES as RELEASE_RULES
from countermark.settings import json_schema
from counterproof.rules import RULES as LAYOUT_RULES
from countersign.rule import Rule
from countersign.rulebook import RULES as SIGNATURE_RULES

DOCS = Path(__file__).parent


def pages() -> dict[Path, str]:
    """Return every generated page by its path below this folder."""
    schemas = {
        Path("schema", f"{name.removeprefix('countermark.').replace('/', '.')}.json"): schema_of(
            name
        )
        for name in DOCUMENTS
    }
    schemas[Path("schema", "countermark.toml.json")] = json_schema()
    return {
        **{path: json.dumps(schema, indent=2) + "\n" for path, schema in schemas.items()},
        Path("reference", "commands.md"): commands_page(),
        Path("reference", "rules.md"): rules_page(),
    }


def _file_name(schema: str) -> str:
    return f"{schema.removeprefix('countermark.').replace('/', '.')}.json"


def commands_page() -> str:
    """Return the help of every command."""
    parts = ["# Commands", "", "Generated from the code by `docs/generate.py`.", ""]
    for name, text in _helps(application, "countermark"):
        parts += [f"## {name}", "", "```text", text, "```", ""]
    return "\n".join(parts)


def _helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=name, terminal_width=100, max_content_width=100)
    yield name, command.get_help(context)
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from _helps(found, f"{name} {child}")


def rules_page() -> str:
    """Return all rules: a table of them, and a section for each with everything that is known."""
    lines = ["# Rules", "", "Generated from the code by `docs/generate.py`.", ""]
    lines += ["`countermark explain R27` prints the same of one rule.", ""]
    lines += ["## Signatures", ""]
    lines += ["| rule | name | severity | refused by | Apple's error |"]
    lines += ["|---|---|---|---|---|"]
    for rule in SIGNATURE_RULES.values():
        enforcers = describe_enforcers(rule.enforced_by, rule.since)
        link, apple = f"[{rule.id}](#{rule.id})", rule.apple or ""
        lines.append(_row(link, rule.name, rule.severity.value, enforcers, apple))
    lines += ["", "## Layouts", "", *_table(LAYOUT_RULES.values())]
    lines += ["", "## Releases", "", *_table(RELEASE_RULES.values())]
    lines += ["", "## Signatures, one by one", ""]
    for rule in SIGNATURE_RULES.values():
        lines += _section(rule)
    lines += ["## Layouts, one by one", ""]
    for rule in LAYOUT_RULES.values():
        lines += _section(rule)
    lines += ["## Releases, one by one", ""]
    for rule in RELEASE_RULES.values():
        lines += _section(rule)
    return "\n".join(lines)


def _table(rules: Iterable[Rule]) -> Iterator[str]:
    yield "| rule | name | severity | demands |"
    yield "|---|---|---|---|"
    for rule in rules:
        yield _row(f"[{rule.id}](#{rule.id})", rule.name, rule.severity.value, rule.demands)


def _section(rule: Rule) -> Iterator[str]:
    yield f'### <a id="{rule.id}"></a>{rule.id} {rule.name}'
    yield ""
    yield rule.demands
    yield ""
    enforcers = describe_enforcers(rule.enforced_by, rule.since)
    yield f"- **Severity**: {rule.severity}; refused by {enforcers}"
    if rule.apple:
        yield f"- **Apple's error**: {_code(describe_error(rule.apple))}"
    yield f"- **Why**: {rule.why}"
    yield f"- **Cause**: {rule.cause}"
    yield f"- **Fix**: {rule.fix}"
    symptoms = seen_on_a_mac(rule)
    if symptoms:
        yield "- **On a Mac**:"
    for seen in symptoms:
        yield f"  - {seen.where}: {_code(seen.text) if seen.quoted else seen.text}"
    yield f"- **Source**: {rule.source}"
    yield ""


def _code(text: str) -> str:
    """Set a text in fixed width: what macOS prints holds angle brackets."""
    return f"`{text}`"


def _row(*cells: str) -> str:
    clean = (cell.replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(clean)} |"


def main() -> int:
    """Write the pages, or say which are not current."""
    check = sys.argv[1:] == ["--check"]
    stale = [
        path
        for path, text in pages().items()
        if not (DOCS / path).is_file() or (DOCS / path).read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if check:
            print(f"docs/{path} is not what the code says; run: python docs/generate.py")
        else:
            (DOCS / path).parent.mkdir(parents=True, exist_ok=True)
            (DOCS / path).write_text(pages()[path], encoding="utf-8")
            print(f"docs/{path}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
