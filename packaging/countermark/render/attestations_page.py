"""What a tree of attestations amounts to, as one page of HTML that needs nothing else.

Names in it come from strangers: every text is escaped, and the page's own policy lets nothing run
and nothing be loaded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Final
from urllib.parse import quote

from countermark.attestations.agreement import Agreement, Ballot
from countermark.attestations.report import ListReport, Outcome, TreeReport, VersionReport
from countermark.attestations.testimony import Standing, Testimony
from countermark.attestations.tree import LISTS, ListName
from countermark.render.attestations import cluster_name, cluster_words, contradictions, count
from countersign.escaping import printable
from countersign.findings import Finding, Severity

__all__ = ["attestations_page"]

_OUTCOMES: Final[Mapping[Outcome, tuple[str, str]]] = {
    Outcome.WRONG: ("bad", "✗"),
    Outcome.WAITING: ("wait", "…"),
    Outcome.CODESIGN: ("half", "◐"),
    Outcome.UPLOAD: ("good", "✓"),
}
"""Class and sign: a colour never stands alone."""
_STANDINGS: Final[Mapping[Standing, tuple[str, str]]] = {
    Standing.GOOD: ("good", "✓"),
    Standing.UNCHECKED: ("half", "○"),
    Standing.UNSIGNED: ("wait", "∅"),
    Standing.UNKNOWN_KEY: ("wait", "?"),
    Standing.INVALID: ("wait", "!"),
    Standing.BAD: ("bad", "✗"),
    Standing.FOREIGN_KEY: ("bad", "≠"),
    Standing.UNREADABLE: ("bad", "✗"),
}
_SEVERITIES: Final = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
_SHORT: Final = 12
"""Digits of a digest that are shown; the others are in its title."""


def attestations_page(report: TreeReport) -> str:
    """Return the page; several versions are folded, but for those in which something is wrong."""
    newest_first = report.versions[::-1]
    only = len(report.versions) == 1
    title = f"{report.versions[0].version}: {report.versions[0].outcome.value}" if only else ""
    body = [_header(report)]
    body += () if only else [_overview(newest_first)]
    body += (_version(version, folded=not only) for version in newest_first)
    return _PAGE.format(
        title=_text(title or f"{len(report.versions)} versions attested"),
        style=_style(),
        body="\n".join(body),
    )


_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


@cache
def _style() -> str:
    return files("countermark.render").joinpath("attestations.css").read_text(encoding="utf-8")


def _text(text: str) -> str:
    return escape(printable(text))


def _header(report: TreeReport) -> str:
    keys = f"signatures checked by the keys in {_text(str(report.keys))}"
    if report.keys is None:
        keys = "<strong>signatures not checked: everybody counts</strong>"
    thresholds = report.versions[0].thresholds
    needed = ", ".join(f"{thresholds[name]} for {name}" for name in LISTS)
    problems = _findings((file.path, each) for file in report.keyring for each in file.findings)
    return (
        f"<header><p>{_text(str(report.tree))} · {keys} · builders needed: {needed}</p>"
        f"{problems}</header>"
    )


def _overview(versions: Iterable[VersionReport]) -> str:
    heads = "".join(f'<th class="number">{name}<th class="number">agree' for name in LISTS)
    rows = "\n".join(
        f'<tr><th scope="row">{_link(each.version)}'
        f"{''.join(_overview_cells(each, name) for name in LISTS)}<td>{_badge(each.outcome)}"
        for each in versions
    )
    return (
        '<div class="scroll"><table class="overview"><thead><tr><th>version'
        f"{heads}<th></thead><tbody>\n{rows}\n</tbody></table></div>"
    )


def _link(version: str) -> str:
    return f'<a href="#v{quote(printable(version))}">{_text(version)}</a>'


def _overview_cells(version: VersionReport, name: ListName) -> str:
    report = version.lists.get(name)
    if report is None:
        return '<td class="number">0<td class="number">-'
    builders = len(report.testimonies)
    clusters = report.agreement.clusters
    agreeing = len(clusters[0].ballots)
    uneven = " bad" if any(each.differing for each in clusters) else " wait"
    mark = uneven if agreeing < builders else ""
    return f'<td class="number">{builders}<td class="number{mark}">{agreeing}'


def _badge(outcome: Outcome) -> str:
    kind, sign = _OUTCOMES[outcome]
    return f'<span class="badge {kind}">{sign} {outcome.value}</span>'


def _version(version: VersionReport, *, folded: bool) -> str:
    heading = f"{_text(version.version)} {_badge(version.outcome)}"
    cards = "\n".join(_card(version, name) for name in LISTS)
    matrices = "\n".join(_matrix(report) for report in version.lists.values())
    content = (
        f'<p class="lead" id="v{_text(version.version)}">{_text(contradictions(version))}</p>\n'
        f'<div class="cards">{cards}</div>\n{_findings(_placed(version))}\n{matrices}\n'
    )
    if not folded:
        return f"<main>\n<h1>{heading}</h1>\n{content}</main>"
    opened = " open" if version.outcome is Outcome.WRONG else ""
    return f"<details{opened}><summary><h2>{heading}</h2></summary>\n{content}</details>"


def _card(version: VersionReport, name: ListName) -> str:
    report = version.lists.get(name)
    needed = version.thresholds[name]
    if report is None:
        kind = "wait" if needed else "half"
        return (
            f'<section class="card {kind}"><h3>{name}</h3><p>nobody has attested yet</p></section>'
        )
    agreement = report.agreement
    kind = "good" if report.reached else "bad"
    mark = "✓ reached" if report.reached else f"✗ {_lacking(report)}"
    clusters = "\n".join(
        f'<li class="{"same" if not each.differing else "bad"}"><b>{cluster_name(number)}</b> '
        f"{count(len(each.ballots), 'builder')}: {cluster_words(each, agreement)}"
        f"<br><small>{', '.join(map(_text, each.builders))}</small>"
        for number, each in enumerate(agreement.clusters)
    )
    return (
        f'<section class="card {kind}"><h3>{name}</h3>'
        f'<p class="figure"><b>{agreement.least}</b> agree, {needed} needed <span>{mark}</span></p>'
        f"<p>{count(len(report.testimonies), 'builder')} · "
        f"{count(len(agreement.release), 'file')}</p>"
        f"<ul>{clusters}</ul></section>"
    )


def _lacking(report: ListReport) -> str:
    return f"too few for {len(report.below)} of {count(len(report.agreement.release), 'file')}"


def _placed(version: VersionReport) -> Iterator[tuple[str, Finding]]:
    """Yield all findings with whom they are about."""
    whole, *files = version.files
    yield from (("", finding) for finding in whole.findings)
    for testimony, file in zip(version.testimonies, files, strict=True):
        yield from ((f"{testimony.builder}, {testimony.list}", each) for each in file.findings)


def _findings(placed: Iterable[tuple[str, Finding]]) -> str:
    """Put the findings of each rule together, the worst first, and say once what to do."""
    groups: dict[tuple[Severity, str, str, str], list[str]] = defaultdict(list)
    for about, finding in placed:
        where = f"<b>{_text(about)}</b>: " if about else ""
        group = groups[finding.severity, finding.rule, finding.name, finding.fix]
        group.append(f"<li>{where}{_text(finding.message)}")
    ordered = sorted(groups.items(), key=lambda group: _SEVERITIES.index(group[0][0]))
    return "".join(
        f'<section class="finding {severity}"><h4>{severity} {rule} {name}</h4>'
        f"<ul>{''.join(items)}</ul><p><small>{_text(fix)}</small></p></section>"
        for (severity, rule, name, fix), items in ordered
    )


def _matrix(report: ListReport) -> str:
    agreement = report.agreement
    by_builder = {each.builder: each for each in report.testimonies}
    heads = "".join(_builder_head(by_builder[each.builder]) for each in agreement.ballots)
    rows = "\n".join(_row(agreement, name, report.threshold) for name in agreement.voices)
    return (
        f'<h3>{report.list}: who attests to which file</h3>\n<div class="scroll">'
        f'<table class="matrix"><thead><tr><th scope="col">file<th scope="col">SHA-256'
        f'<th scope="col">agree{heads}</thead><tbody>\n{rows}\n</tbody></table></div>'
        "<p class=legend>A: what the largest cluster says · another letter: what that cluster says "
        "instead · dot: not attested · grey: does not count · above the columns, what the "
        "signature is worth</p>"
    )


def _builder_head(testimony: Testimony) -> str:
    kind, sign = _STANDINGS[testimony.standing]
    told = f"signature {testimony.standing.value}"
    title = "; ".join(word for word in (told, testimony.key, testimony.detail) if word)
    return (
        f'<th scope="col" class="builder" title="{_text(title)}"><span>{_text(testimony.builder)}'
        f'</span><i class="{kind}">{sign}</i>'
    )


def _row(agreement: Agreement, name: str, threshold: int) -> str:
    matching, digest = agreement.matching(name), agreement.prevailing[name]
    shown = digest or "undecided"
    letters: dict[str, str] = {}
    for number, cluster in enumerate(agreement.clusters):
        told = cluster.digests.get(name)
        if told is not None:
            letters.setdefault(told, cluster_name(number))
    cells = "".join(_cell(ballot, name, letters, digest) for ballot in agreement.ballots)
    mark = "" if matching >= threshold or name not in agreement.release else " uneven"
    return (
        f'<tr><th scope="row">{_text(name)}<td class="digest" title="{shown}">{shown[:_SHORT]}'
        f'<td class="number{mark}">{matching}{cells}'
    )


def _cell(ballot: Ballot, name: str, letters: Mapping[str, str], best: str | None) -> str:
    digest = ballot.digests.get(name)
    if digest is None:
        return "<td class=n>·"
    same = "s" if ballot.key else "u"
    return f"<td class={same if digest == best else 'd'}>{letters[digest]}"
