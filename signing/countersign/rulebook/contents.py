"""The rules of what is sealed: entitlements and the Info.plist."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import (
    CODESIGN,
    ERROR,
    NOTE,
    POLICY,
    SIGN_AGAIN,
    WARNING,
)

__all__ = ["RULES"]

_COMPONENT: Final = "Security StaticCode.cpp SecStaticCode::component"
_ENTITLEMENTS: Final = "Security StaticCode.cpp SecStaticCode::entitlements"
_AMFI: Final = "AMFI, whose source is closed"

RULES: Final = (
    Rule(
        id="R43",
        name="entitlements-agree",
        severity=WARNING,
        enforced_by=POLICY,
        demands="The XML form and the DER form of the entitlements say the same.",
        why="macOS 12 and later grant what the DER form says; older systems, and tools that show "
        "entitlements, read the XML form.",
        cause="A signer that replaced one form and kept the other.",
        fix="Sign it again with the entitlements that are meant.",
        source=f"{_ENTITLEMENTS} reads the DER form alone; {_AMFI}",
    ),
    Rule(
        id="E1",
        name="entitlements-xml",
        severity=WARNING,
        enforced_by=POLICY,
        demands="The XML form of the entitlements is a property list with one dictionary.",
        why="Where there is no DER form, macOS ignores entitlements that it cannot read.",
        cause="A file of entitlements that nobody checked before it was signed in.",
        fix="Mend the property list, then sign with it.",
        source=f"{_COMPONENT}; xnu OSUnserializeXML",
    ),
    Rule(
        id="E2",
        name="entitlements-der",
        severity=ERROR,
        enforced_by=CODESIGN,
        apple="errSecDecode",
        demands="The DER form of the entitlements can be decoded.",
        why="codesign cannot tell whether the code satisfies its requirement, and macOS ignores "
        "entitlements that it cannot read.",
        cause="A signer that gets the format wrong.",
        fix=SIGN_AGAIN,
        source=f"{_ENTITLEMENTS}; xnu EXTERNAL_HEADERS/CoreEntitlements",
    ),
    Rule(
        id="E3",
        name="entitlements-der-missing",
        severity=NOTE,
        enforced_by=POLICY,
        demands="Entitlements have a DER form beside the XML form.",
        why="macOS makes the one out of the other by itself; iOS 15, tvOS 15 and watchOS 8 refuse "
        "the program.",
        cause="A signer from before macOS 11.",
        fix=SIGN_AGAIN,
        source=f"{_COMPONENT}; Apple's documentation, Using the latest code signature format",
    ),
    Rule(
        id="E4",
        name="entitlements-library",
        severity=WARNING,
        enforced_by=POLICY,
        demands="Only programs have entitlements.",
        why="Those of a library are ignored, and reports say that iOS 26 kills what loads it.",
        cause="codesign --deep, or a codesign before macOS 15, with entitlements for everything.",
        fix="Sign the library again, without entitlements.",
        source="Security signer.cpp Signer::populate, which leaves them out of libraries",
    ),
    Rule(
        id="E5",
        name="entitlements-der-form",
        severity=WARNING,
        enforced_by=POLICY,
        demands="The DER form is sorted by key and as short as can be, as codesign writes it.",
        why="macOS searches the keys in their order, and may not find one that is out of it.",
        cause="A signer other than codesign, or a codesign before macOS 12.",
        fix=SIGN_AGAIN,
        source="xnu EXTERNAL_HEADERS/CoreEntitlements/der_vm.h der_vm_context_create",
    ),
    Rule(
        id="R62",
        name="info-plist",
        severity=ERROR,
        enforced_by=CODESIGN,
        apple="errSecCSInfoPlistFailed",
        demands="The Info.plist that a slice seals is there, and is what was sealed.",
        why="codesign refuses the file. The kernel does not look, and runs it all the same.",
        cause="An Info.plist in one slice of a universal file alone, for codesign seals it in all; "
        "a program that was taken out of its bundle; or an edited Info.plist.",
        fix="Link every slice with the Info.plist, or none, then sign again.",
        source="Security machorep.cpp MachORep::component; bundlediskrep.cpp "
        "BundleDiskRep::component; StaticCode.cpp SecStaticCode::component",
    ),
    Rule(
        id="E6",
        name="info-plist-form",
        severity=WARNING,
        enforced_by=POLICY,
        demands="A sealed Info.plist is a property list with one dictionary.",
        why="codesign reads it to see whether the code satisfies its requirement, and fails with "
        "errSecCSBadDictionaryFormat where it cannot.",
        cause="An Info.plist that was put together by hand or by a template.",
        fix="Mend the Info.plist, then sign again.",
        source="Security StaticCode.cpp SecStaticCode::satisfiesRequirement, getDictionary",
    ),
    Rule(
        id="N5",
        name="bundle-not-seen",
        severity=NOTE,
        enforced_by=POLICY,
        demands="What seals the resources of a bundle is looked at together with its bundle.",
        why="Whether the Info.plist and the resources are what was sealed was not decided; "
        "codesign refuses the program where they are not there.",
        cause="The file was named alone, or was taken out of its bundle.",
        fix="Verify the whole bundle, or the directory or the archive that it is in.",
        source="Security StaticCode.cpp SecStaticCode::loadResources",
    ),
    Rule(
        id="A3",
        name="library-validation",
        severity=WARNING,
        enforced_by=POLICY,
        demands="A program without a certificate that validates its libraries loads only those of "
        "macOS.",
        why="With library validation, which comes with the hardened runtime, a library must be of "
        "the program's own team. Without a certificate there is no team, and dyld loads none.",
        cause="--options runtime or library-validation in an ad-hoc signature.",
        fix="Sign it without these options, or with the entitlement "
        "com.apple.security.cs.disable-library-validation.",
        source=f"dyld Loader.cpp F_CHECK_LV; {_AMFI}",
    ),
    Rule(
        id="A4",
        name="restricted-entitlements",
        severity=WARNING,
        enforced_by=POLICY,
        demands="A program without a certificate has no entitlement that only Apple can grant.",
        why="macOS kills it at its start, as long as System Integrity Protection is on.",
        cause="Entitlements of a program with a Developer ID, signed in without it.",
        fix="Sign it without these entitlements, or with a certificate and a provisioning profile.",
        source=f"{_AMFI}; Apple's technical note TN3125",
    ),
)
