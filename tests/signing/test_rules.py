"""Every rule has a smallest file that breaks it, and breaking it is seen."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID

from countersign.apple import ERRORS
from countersign.findings import Enforcer, FileVerdict, Finding, Severity
from countersign.rule import Rule
from countersign.rulebook import RULES, bundle, delivery
from countersign.rules import broken
from countersign.verifier import verify_image
from kit.catalogue import make
from kit.certificates import Identity, Message, certified, issue, self_signed
from kit.requirement import NEVER, requirement, requirement_set, term, word
from macho import BUNDLE, DSYM, DYLDLINK, DYLIB, EXECUTE, PIE, Macho, Patch, Seal, fat, put, segment

ARM = Macho().sealed()
INTEL = Macho(arch="x86_64").sealed()
DUAL = ARM.sealed(hash_types=(1, 2))
DATA = ARM.text_size + ARM.linkedit_size  # where the signature starts
DIRECTORY = DATA + 20
END = (1 << 32) + 0x8000  # the first free address
INITPROT = 52  # from the name of a segment to its protection
COMMANDS_END = 32 + struct.unpack_from("<I", ARM.build(), 20)[0]
ENTITLEMENTS = struct.pack(">2I", 0xFADE7171, 12) + b"<a/>"
CMS = struct.pack(">2I", 0xFADE0B01, 12) + b"cms!"
RIGHTS = b"<plist><dict><key>%s</key><true/></dict></plist>"


PRIVATE = issue("Own CA", organization="Nobody", is_authority=True)
ROOTLESS = dataclasses.replace(issue("Leaf", by=PRIVATE), above=())


def changed(offset: int, layout: str, *values: int) -> Callable[[], bytes]:
    return lambda: put(ARM.build(), offset, layout, *values)


def sealed(**seal: object) -> Callable[[], bytes]:
    return lambda: ARM.sealed(**seal).build()


def image(**changes: object) -> Callable[[], bytes]:
    return lambda: dataclasses.replace(ARM, **changes).build()  # type: ignore[arg-type]


def patched(after: bytes, offset: int, value: int, **changes: object) -> Callable[[], bytes]:
    return image(patches=(Patch(after, offset, "<I", value),), **changes)


def entitled(xml: bytes, der: str = "", filetype: int = EXECUTE) -> Callable[[], bytes]:
    """An image with the entitlements ``xml``, and with ``der`` in hexadecimal beside them."""
    forms = {5: (0xFADE7171, xml), 7: (0xFADE7172, bytes.fromhex(der))}
    blobs = {
        slot: struct.pack(">2I", magic, 8 + len(form)) + form
        for slot, (magic, form) in forms.items()
        if form
    }
    sealed = Macho(filetype=filetype).sealed(flags=2, special=blobs, blobs=tuple(blobs.items()))
    return sealed.build


def demanding(kind: int, body: bytes) -> Callable[[], bytes]:
    """An image with one requirement."""
    blob = requirement_set((kind, requirement(body)))
    return sealed(special={2: blob}, blobs=((2, blob),))


def vouched(
    identity: Identity | None = None, is_stamped: bool = True, **stamp: object
) -> Callable[[], bytes]:
    """An image that somebody signed with a certificate, and with a timestamp."""

    def message(codes: tuple[bytes, ...]) -> Message:
        unstamped = Message(identity=identity or self_signed(), directories=codes)
        return unstamped.stamped(None, **stamp) if is_stamped else unstamped

    def build(blob: bytes) -> bytes:
        return ARM.sealed(flags=0, blobs=((0x10000, blob),)).build()

    return lambda: certified(build, message)


def both(arm: Macho = ARM, intel: Macho = INTEL, **layout: int) -> bytes:
    return fat([("x86_64", intel.build()), ("arm64", arm.build())], **layout)


BREAKERS: dict[str, Callable[[], bytes]] = {
    "F1": changed(20, "<I", 1 << 30),
    "R1": lambda: b"#!/bin/sh\n",
    "R2": lambda: struct.pack(">2I", 0xCAFEBABE, 0),
    "R3": lambda: both()[:-16],
    "R4": lambda: fat([("arm64", ARM.build())] * 2),
    "R5": lambda: put(both(), 8 + 20 + 8, ">I", 0x5000),
    "R6": lambda: both(declared=5),
    "R7": lambda: put(both(), 100, "B", 1),
    "R8": lambda: both() + b"\0",
    "R9": lambda: fat([("arm64", ARM.build())], align=12),
    "R10": lambda: dataclasses.replace(ARM, trailing=b"payload").build(),
    "R11": lambda: dataclasses.replace(ARM, signature_commands=2).build(),
    "R12": changed(COMMANDS_END - 4, "<I", 0x100000),
    "R13": lambda: Macho(room=8).build(),
    "R14": lambda: dataclasses.replace(ARM, linkedit_size=180).build(),
    "R15": image(commands=(struct.pack("<4I", 0x26, 16, DATA - 8, 16),)),
    "R16": changed(COMMANDS_END - 4, "<I", len(ARM.build()) - DATA - 4),
    "R17": lambda: dataclasses.replace(ARM, linkedit_vmsize=0x10).build(),
    "R18": changed(ARM.build().find(b"__TEXT") + 40, "<Q", 1 << 40),
    "R19": sealed(limit_change=-0x1100),
    "R20": lambda: Macho(filetype=DSYM).build(),
    "R21": lambda: Macho(filetype=BUNDLE).sealed(padding=bytes(40 << 20)).build(),
    "R22": changed(DATA, ">I", 0xFADE0C02),
    "R23": changed(DATA + 4, ">I", 0x10000),
    "R24": changed(DATA + 16, ">I", 0x10000),
    "R25": changed(DATA + 4, ">I", len(ARM.build()) - DATA),
    "R26": sealed(special={5: CMS}, blobs=((5, CMS),)),
    "R27": changed(0x3000, "B", 1),
    "R28": sealed(first_slot=0x1000),
    "R29": sealed(hash_types=(2, 2)),
    "R30": changed(DIRECTORY + 8, ">I", 0x30000),
    "R31": changed(DIRECTORY + 37, "B", 9),
    "R32": lambda: Macho(arch="x86_64", text_pages=4).sealed(page_size=0x4000).build(),
    "R33": sealed(limit_change=-16),
    "R34": sealed(padding=b"rest"),
    "R35": sealed(fields=((32, ">I", 0), (56, ">Q", DATA))),
    "R36": changed(DIRECTORY + 20, ">I", 0x10000),
    "R37": changed(DIRECTORY + 48, ">I", 0x10000),
    "R38": changed(DIRECTORY + 16, ">I", 0x10000),
    "R39": changed(DIRECTORY + 28, ">I", 4),
    "R40": lambda: dataclasses.replace(ARM, text_end=16).build(),
    "R41": sealed(special={2: b"other"}, blobs=((2, ENTITLEMENTS),)),
    "R42": sealed(blobs=((5, ENTITLEMENTS),)),
    "R44": sealed(flags=0x80020002),
    "R45": sealed(flags=0x20000),
    "R46": sealed(flags=0x10002),
    "R47": sealed(fields=((80, ">Q", 0),)),
    "R48": lambda: put(DUAL.build(), DATA + 28 + 88, "B", ord("x")),
    "R51": sealed(fields=((44, ">I", 0x34),)),  # where zeros are
    "R52": lambda: put(
        ARM.sealed(fields=((8, ">I", 0x20600),)).build(), DIRECTORY + 100, ">2I", 1 << 20, 1
    ),
    "R53": sealed(fields=((38, "B", 1),)),
    "R54": lambda: both(arm=ARM.sealed(team="TEAM")),
    "K1": image(linkers=("/lib/ld.so",)),
    "K3": image(page_zero=False),
    "K4": patched(b"__TEXT\0", INITPROT, 1, minimum=(10, 14, 0)),
    "K5": image(flags=PIE),
    "K6": image(
        commands=tuple(segment(f"__RO{each}", END + each * 0x4000, flags=0x10) for each in (0, 1))
    ),
    "K10": image(commands=(segment("__DATA_CONST", END),), minimum=(26, 0, 0)),
    "K13": image(commands=(struct.pack("<6I", 0x26, 24, DATA, 0, 0, 0),)),
    "K14": image(entries=()),
    "K15": lambda: ARM.build()[:0x3FF0],
    "K16": image(filetype=DYLIB, install_name=None),
    "K17": image(libraries=(), minimum=(15, 4, 0)),
    "K18": image(rpaths=("@loader_path",) * 2, minimum=(26, 0, 0)),
    "K19": patched(b"__TEXT\0", INITPROT, 7),
    "K20": image(
        commands=tuple(segment("__SAME", END + each * 0x4000) for each in (0, 1)),
        minimum=(26, 0, 0),
    ),
    "R43": entitled(RIGHTS % b"a", "70 05 020101 b000"),
    "E1": entitled(b"<plist/>", "70 05 020101 b000"),
    "E2": entitled(b"", "70 00"),
    "E3": entitled(RIGHTS % b"a"),
    "E4": entitled(b"", "70 05 020101 b000", filetype=BUNDLE),
    "E5": entitled(b"", "70 15 020101 b010 3006 0c0162 0101ff 3006 0c0161 0101ff"),
    "R62": lambda: Macho().sealed(special={1: b"<plist/>"}).build(),
    "E6": lambda: Macho(info_plist=b"<plist/>").sealed(special={1: b"<plist/>"}).build(),
    "N5": lambda: Macho().sealed(special={3: b"resources"}).build(),
    "A3": lambda: Macho(libraries=("@rpath/a.dylib",)).sealed(flags=0x2002).build(),
    "A4": entitled(RIGHTS % b"com.apple.private.a"),
    "K21": image(commands=(struct.pack("<6I", 0x32, 24, 6, 14 << 16, 14 << 16, 0),)),
    "K22": image(commands=(struct.pack("<2I16s", 0x1B, 24, b"another uuid 123"),)),
    "K23": lambda: put(ARM.build(), ARM.build().find(b"__LINKEDIT") + 16, "<Q", (1 << 64) - 16),
    "K24": lambda: ARM.build().replace(b"__TEXT", b"__CODE", 1),
    "K25": image(commands=(struct.pack("<2I16s8I", 1, 56, b"__NARROW", *[0] * 8),)),
    "K26": lambda: put(Macho(arch="ppc").sealed().build(), 4, ">2I", 7, 3),
    "K2": lambda: dataclasses.replace(ARM, flags=DYLDLINK).build(),
    "K7": lambda: dataclasses.replace(ARM, uuid=False, minimum=(26, 0, 0)).build(),
    "K11": lambda: fat([("arm64e", ARM.build())]),
    "K12": changed(ARM.build().find(b"__LINKEDIT") + 16, "<Q", 0x10000),
    "A1": lambda: Macho().build(),
    "P1": sealed(blobs=((0x10000, CMS),)),
    "P2": sealed(team="TEAM"),
    "P3": lambda: both(arm=ARM.sealed(identifier="other")),
    "P4": lambda: put(DUAL.build(), DATA + 12 + 8, ">I", 0x1002),
    "P5": sealed(identifier=""),
    "P6": sealed(blobs=((0x10001, CMS),)),
    "R64": sealed(pad_last_page=True),
    "N1": vouched(),
    "R56": sealed(flags=0, blobs=((0x10000, CMS),)),
    "R57": vouched(issue("Server", purposes=(ExtendedKeyUsageOID.SERVER_AUTH,))),
    "R58": vouched(covered=b"other"),
    "R59": demanding(3, word(6)),
    "T1": demanding(3, NEVER),
    "T2": demanding(4, word(6)),
    "T3": vouched(),
    "T4": demanding(3, term(21)),
    "T5": vouched(issue("Edwards", key=ed25519.Ed25519PrivateKey.generate())),
    "T6": vouched(ROOTLESS),
    "T7": vouched(is_stamped=False),
    "T8": vouched(),
    **{f"K{number}": partial(make, f"K{number}-fail") for number in range(27, 31)},
}
ALONG: dict[str, set[str]] = {
    "R5": {"F1", "R8", "R9"},
    "R13": {"A1"},
    "R16": {"R27"},
    "R18": {"R27", "R40", "R17", "K12"},
    "R19": {"R33"},
    "R40": {"R17", "K12"},
    "R51": {"R19"},
    "K15": {"R10", "R12", "R18", "R23"},
    "R12": {"R27"},
    "K12": {"R27"},
    "K23": {"R27"},
    "K26": {"R27"},
    "K24": {"R27"},
}
"""Further errors that the same damage cannot but cause."""


ELSEWHERE = (*bundle.RULES, *delivery.RULES)
OF_IMAGES = {each: rule for each, rule in RULES.items() if rule not in ELSEWHERE}
"""The rules that an image alone can break; tests of bundles and of demands break the others."""


def every_finding(verdict: FileVerdict) -> list[Finding]:
    return [*verdict.findings, *(each for one in verdict.slices for each in one.findings)]


def test_every_rule_has_its_breaker() -> None:
    assert set(BREAKERS) == set(OF_IMAGES)


@pytest.mark.parametrize("rule_id", sorted(OF_IMAGES))
def test_breaking_a_rule_is_found_and_named(rule_id: str) -> None:
    verdict = verify_image(BREAKERS[rule_id](), path="file")
    findings = every_finding(verdict)
    assert rule_id in {finding.rule for finding in findings}
    errors = {finding.rule for finding in findings if finding.severity is Severity.ERROR}
    assert errors <= {rule_id} | ALONG.get(rule_id, set())
    assert verdict.accepted is not bool(errors)


@pytest.mark.parametrize("rule_id", sorted(OF_IMAGES))
def test_the_place_of_a_finding_lies_in_the_file(rule_id: str) -> None:
    data = BREAKERS[rule_id]()
    for finding in every_finding(verify_image(data, path="file")):
        assert finding.offset is None or 0 <= finding.offset <= len(data)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_says_what_it_demands_and_what_to_do(rule: Rule) -> None:
    values = rule._asdict()
    for text in ("demands", "why", "cause", "fix"):
        assert values[text].endswith("."), text
    assert values["source"]
    assert values["enforced_by"]


def test_only_what_apple_refuses_is_an_error() -> None:
    for rule in OF_IMAGES.values():
        if rule.severity is Severity.ERROR:
            assert Enforcer.POLICY not in rule.enforced_by
        else:
            assert rule.enforced_by == (Enforcer.POLICY,)


def test_security_errors_have_their_numbers() -> None:
    for rule in RULES.values():
        if rule.apple and rule.apple.startswith("errSec"):
            assert rule.code == ERRORS[rule.apple].code


def test_a_finding_carries_the_facts_of_its_rule() -> None:
    finding = broken("R27", 7, "page 0 was changed")
    assert (finding.apple, finding.code) == ("errSecCSSignatureFailed", -67061)
    assert finding.fix == RULES["R27"].fix


def test_rules_have_names_of_their_own() -> None:
    assert len({rule.name for rule in RULES.values()}) == len(RULES)


@pytest.mark.parametrize(
    ("filetype", "limit_change", "enforcers"),
    [
        (DYLIB, -16, {Enforcer.CODESIGN_STRICT}),
        (DYLIB, -0x1000, {Enforcer.DYLD, Enforcer.CODESIGN_STRICT}),
        (EXECUTE, -0x1000, {Enforcer.CODESIGN_STRICT}),
        (DYLIB, -DATA, {Enforcer.KERNEL, Enforcer.DYLD, Enforcer.CODESIGN}),
        (EXECUTE, -DATA, {Enforcer.KERNEL, Enforcer.CODESIGN}),
    ],
)
def test_who_refuses_a_code_limit_depends_on_how_short_it_is(
    filetype: int, limit_change: int, enforcers: set[Enforcer]
) -> None:
    image = Macho(filetype=filetype)
    seal = Seal(limit_change=limit_change)
    verdict = verify_image(dataclasses.replace(image, seal=seal).build(), path="file")
    (finding,) = [each for each in every_finding(verdict) if each.rule == "R33"]
    assert set(finding.enforced_by) == enforcers
