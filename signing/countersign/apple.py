"""Apple's vocabulary: the error names of code signing, with their numbers and texts.

Source: ``CSCommon.h`` in Security's libsecurity_codesigning, and ``SecBase.h`` and ``cssmerr.h``
for what ``codesign`` passes on from certificates. The texts say the same in our words where
Apple's are longer. Errors of the kernel and of dyld have names, but no numbers here.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["ERRORS", "AppleError", "error_code"]


class AppleError(NamedTuple):
    """One error: its number and what ``codesign`` prints for it."""

    code: int
    text: str


ERRORS: Final[dict[str, AppleError]] = {
    "errSecCSUnimplemented": AppleError(-67072, "unimplemented code signing feature"),
    "errSecCSUnsigned": AppleError(-67062, "code object is not signed at all"),
    "errSecCSSignatureFailed": AppleError(
        -67061, "invalid signature (code or signature have been modified)"
    ),
    "errSecCSSignatureNotVerifiable": AppleError(-67060, "the code cannot be read"),
    "errSecCSSignatureUnsupported": AppleError(-67059, "unsupported type or version of signature"),
    "errSecCSBadDictionaryFormat": AppleError(-67058, "a required plist or resource is malformed"),
    "errSecCSResourcesNotSealed": AppleError(-67057, "resources are present but not sealed"),
    "errSecCSResourcesNotFound": AppleError(
        -67056, "code has no resources but signature indicates they must be present"
    ),
    "errSecCSResourcesInvalid": AppleError(-67055, "the sealed resource directory is invalid"),
    "errSecCSBadResource": AppleError(-67054, "a sealed resource is missing or invalid"),
    "errSecCSResourceRulesInvalid": AppleError(-67053, "invalid resource specification rule(s)"),
    "errSecCSReqInvalid": AppleError(-67052, "invalid or corrupted code requirement(s)"),
    "errSecCSReqUnsupported": AppleError(
        -67051, "unsupported type or version of code requirement(s)"
    ),
    "errSecCSReqFailed": AppleError(-67050, "code failed to satisfy specified code requirement(s)"),
    "errSecCSBadObjectFormat": AppleError(
        -67049, "object file format unrecognized, invalid, or unsuitable"
    ),
    "errSecCSInternalError": AppleError(-67048, "internal error in Code Signing subsystem"),
    "errSecCSSignatureInvalid": AppleError(-67045, "invalid or unsupported format for signature"),
    "errSecCSNotSupported": AppleError(
        -67037, "operation inapplicable or not supported for this type of code"
    ),
    "errSecCSCMSTooLarge": AppleError(-67036, "signature too large to embed"),
    "errSecCSStaticCodeChanged": AppleError(
        -67034, "the code on disk does not match what is running"
    ),
    "errSecCSInfoPlistFailed": AppleError(
        -67030, "invalid Info.plist (plist or signature have been modified)"
    ),
    "errSecCSNoMainExecutable": AppleError(-67029, "the code has no main executable file"),
    "errSecCSBadBundleFormat": AppleError(
        -67028, "bundle format unrecognized, invalid, or unsuitable"
    ),
    "errSecCSResourceDirectoryFailed": AppleError(
        -67023, "invalid resource directory (directory or signature have been modified)"
    ),
    "errSecCSUnsignedNestedCode": AppleError(-67022, "nested code is unsigned"),
    "errSecCSBadNestedCode": AppleError(-67021, "nested code is modified or invalid"),
    "errSecCSHelperFailed": AppleError(
        -67019, "the codesign_allocate helper tool cannot be found or used"
    ),
    "errSecCSBadLVArch": AppleError(
        -67017, "library validation flag cannot be used with an i386 binary"
    ),
    "errSecCSResourceNotSupported": AppleError(-67016, "unsupported resource found"),
    "errSecCSRegularFile": AppleError(
        -67015, "the main executable or Info.plist must be a regular file"
    ),
    "errSecCSUnsealedAppRoot": AppleError(-67014, "unsealed contents present in the bundle root"),
    "errSecCSWeakResourceRules": AppleError(
        -67013, "resource envelope is obsolete (custom omit rules)"
    ),
    "errSecCSDSStoreSymlink": AppleError(-67012, ".DS_Store files cannot be a symlink"),
    "errSecCSAmbiguousBundleFormat": AppleError(
        -67011, "bundle format is ambiguous (could be app or framework)"
    ),
    "errSecCSBadMainExecutable": AppleError(-67010, "main executable failed strict validation"),
    "errSecCSBadFrameworkVersion": AppleError(
        -67009, "embedded framework contains modified or invalid version"
    ),
    "errSecCSUnsealedFrameworkRoot": AppleError(
        -67008, "unsealed contents present in the root directory of an embedded framework"
    ),
    "errSecCSWeakResourceEnvelope": AppleError(
        -67007, "resource envelope is obsolete (version 1 signature)"
    ),
    "errSecCSTooBig": AppleError(-67004, "code is too big for current signing format"),
    "errSecCSInvalidSymlink": AppleError(-67003, "invalid destination for symbolic link in bundle"),
    "errSecCSNotAppLike": AppleError(-67002, "the code is valid but does not seem to be an app"),
    "errSecCSBadDiskImageFormat": AppleError(
        -67001, "disk image format unrecognized, invalid, or unsuitable"
    ),
    "errSecCSUnsupportedDigestAlgorithm": AppleError(
        -67000, "a requested signature digest algorithm is not supported"
    ),
    "errSecCSInvalidAssociatedFileData": AppleError(
        -66999, "resource fork, Finder information, or similar detritus not allowed"
    ),
    "errSecCSInvalidTeamIdentifier": AppleError(-66998, "a Team Identifier string is invalid"),
    "errSecCSBadTeamIdentifier": AppleError(-66997, "a Team Identifier is wrong or inappropriate"),
    "errSecCSSignatureUntrusted": AppleError(
        -66996, "signature is valid but signer is not trusted"
    ),
    "errSecCSInvalidEntitlements": AppleError(-66994, "invalid entitlement plist"),
    "errSecCSInvalidRuntimeVersion": AppleError(
        -66993, "an invalid runtime version was explicitly set"
    ),
    "errSecCSRevokedNotarization": AppleError(
        -66992, "notarization indicates this code has been revoked"
    ),
    "errSecUnknownFormat": AppleError(-25257, "unknown format in import"),
    "CSSMERR_APPLETP_INVALID_KEY_USAGE": AppleError(
        -2147408890, "CSSMERR_APPLETP_INVALID_KEY_USAGE"
    ),
    "CSSMERR_APPLETP_INVALID_EXTENDED_KEY_USAGE": AppleError(
        -2147408889, "CSSMERR_APPLETP_INVALID_EXTENDED_KEY_USAGE"
    ),
    "CSSMERR_TP_CERT_EXPIRED": AppleError(-2147409654, "CSSMERR_TP_CERT_EXPIRED"),
    "CSSMERR_TP_NOT_TRUSTED": AppleError(-2147409622, "CSSMERR_TP_NOT_TRUSTED"),
    "errSecDecode": AppleError(-26275, "unable to decode the provided data"),
}
"""By name."""


def error_code(name: str | None) -> int | None:
    """Give the number of an error; None for those of the kernel and of dyld."""
    error = ERRORS.get(name or "")
    return error.code if error else None
