"""Flags that choose a CPU or its instructions: what GCC and Clang call them, and what zig does.

zig takes ``-march``, ``-mcpu`` and ``-mtune`` all for a CPU of its own names, and one that differs
from the target's for a reason to build its C and C++ libraries once more, a minute's work.
"""

from .target import Target
from .verdict import Verdict, words

__all__ = ["AARCH64_EXTENSIONS", "X86_FEATURES", "is_cpu_flag", "judge_cpu_flag"]

_OWN_NAMES = "zig has names of its own for CPUs and their instructions"
_CHOICES = ("-march=", "-mcpu=", "-mtune=")
X86_FEATURES = words(
    """
    adx aes amx-bf16 amx-int8 amx-tile avx avx2 avx512bf16 avx512bitalg avx512bw
    avx512cd avx512dq avx512f avx512fp16 avx512ifma avx512vbmi avx512vbmi2 avx512vl avx512vnni
    avx512vp2intersect avx512vpopcntdq avxifma avxneconvert avxvnni avxvnniint16 avxvnniint8
    bmi bmi2 clflushopt clwb crc32 f16c fma fma4 fsgsbase gfni lzcnt mmx movbe pclmul pku
    popcnt prfchw rdpid rdrnd rdseed sha sha512 sm3 sm4 sse sse2 sse3 sse4 sse4.1 sse4.2 sse4a
    ssse3 tbm vaes vpclmulqdq xop xsave xsavec xsaveopt xsaves
    """
)
_ARM_FLAGS = ("-mfpu=",)

AARCH64_EXTENSIONS = {
    "aes": ("aes",),
    "bf16": ("bf16",),
    "crc": ("crc",),
    "crypto": ("aes", "sha2"),
    "dotprod": ("dotprod",),
    "flagm": ("flagm",),
    "fp": ("fp_armv8",),
    "fp16": ("fullfp16",),
    "fp16fml": ("fp16fml",),
    "i8mm": ("i8mm",),
    "lse": ("lse",),
    "memtag": ("mte",),
    "pauth": ("pauth",),
    "predres": ("predres",),
    "rcpc": ("rcpc",),
    "rdma": ("rdm",),
    "rng": ("rand",),
    "sb": ("sb",),
    "sha2": ("sha2",),
    "sha3": ("sha3",),
    "simd": ("neon",),
    "sm4": ("sm4",),
    "ssbs": ("ssbs",),
    "sve": ("sve",),
    "sve2": ("sve2",),
}
"""GCC's extensions of ``-march=armv8-a+EXTENSION``, and the features that zig knows them by."""

_ARM_EXTENSIONS = {"fp": (), "simd": ("neon",)}

_BASELINES = {
    ("aarch64", "macos"): words(
        """
    v8a v8_1a v8_2a v8_3a v8_4a aes crc dotprod flagm fp16fml fp_armv8 fullfp16 lse neon pauth
    predres rcpc rdm sb sha2 sha3 ssbs
    """
    ),
    ("aarch64", "linux"): frozenset(("v8a", "fp_armv8", "neon")),
    ("arm", "linux"): frozenset(("v7a", "neon")),
    ("riscv64", "linux"): frozenset("imafdc"),
}
"""What every CPU of a host has, of the features that are named here: that of a Mac is an M1."""


def is_cpu_flag(argument: str, target: Target) -> bool:
    """Tell whether an argument chooses a CPU or its instructions."""
    if argument.startswith(_CHOICES):
        return True
    if target.architecture == "x86_64":
        return argument.startswith("-m") and _feature(argument) in X86_FEATURES
    return target.architecture == "arm" and argument.startswith(_ARM_FLAGS)


def judge_cpu_flag(argument: str, target: Target, *, compiles: bool, links: bool) -> Verdict | None:
    """Say what to give zig instead of such a flag; None when it can have it as it is."""
    if not compiles:
        return (), "a link compiles nothing, and zig would build its libraries for that CPU"
    flag, _, value = argument.partition("=")
    if value == "native":
        return (), "what is built would depend on the machine that builds"
    if flag == "-mtune":
        why = "zig takes -mtune for the oldest CPU that programs run on"
        return ("-Xclang", "-tune-cpu", "-Xclang", value), why
    if flag == "-march":
        return _judge_march(value, target)
    if flag == "-mcpu":
        return _judge_mcpu(value, target)
    if links and target.architecture == "x86_64":
        why = "zig would build its libraries for that CPU"
        return ("-Xclang", "-target-feature", "-Xclang", _target_feature(argument)), why
    return None


def _judge_march(value: str, target: Target) -> Verdict | None:
    wanted = _features(value, target)
    if wanted is None:
        return _judge_name(value)
    baseline = _BASELINES.get((target.architecture, target.system), ())
    missing = [each for each in wanted if each not in baseline]
    if not missing:
        return (), f"every CPU that {target.name} stands for has these instructions"
    return ("-mcpu=baseline" + "".join(f"+{each}" for each in missing),), _OWN_NAMES


def _judge_mcpu(value: str, target: Target) -> Verdict | None:
    """Translate ``cortex-a53+crypto``; what holds an underscore speaks zig's language already."""
    name, *extensions = value.split("+")
    known = AARCH64_EXTENSIONS if target.architecture == "aarch64" else {}
    if "_" in value or ("-" not in name and not any(each in known for each in extensions)):
        return None
    features = [f"+{one}" for each in extensions for one in known.get(each, (each,))]
    return (f"-mcpu={name.replace('-', '_')}{''.join(features)}",), _OWN_NAMES


def _judge_name(value: str) -> Verdict | None:
    if "-" not in value or "+" in value:
        return None
    return (f"-mcpu={value.replace('-', '_')}",), _OWN_NAMES


def _features(value: str, target: Target) -> list[str] | None:
    """Return zig's features for an architecture with extensions; None when one is not known."""
    if target.architecture == "aarch64":
        return _arm_features(value, AARCH64_EXTENSIONS)
    if target.architecture == "arm" and value.startswith("armv7"):
        return _arm_features(value, _ARM_EXTENSIONS)
    if target.architecture == "riscv64" and value.startswith("rv64"):
        return _riscv_features(value)
    return None


def _arm_features(value: str, known: dict[str, tuple[str, ...]]) -> list[str] | None:
    architecture, *extensions = value.split("+")
    version = architecture.removeprefix("armv").removesuffix("-a")
    if architecture != f"armv{version}-a" or not all(each in known for each in extensions):
        return None
    if not all(part.isdecimal() for part in version.split(".", 1)):
        return None
    return [f"v{version.replace('.', '_')}a", *(one for each in extensions for one in known[each])]


def _riscv_features(value: str) -> list[str]:
    letters, *extensions = value.removeprefix("rv64").split("_")
    return [*letters.replace("g", "imafd"), *extensions]


def _feature(argument: str) -> str:
    return argument.removeprefix("-m").removeprefix("no-")


def _target_feature(argument: str) -> str:
    """Return Clang's own word for an instruction set that is switched on or off."""
    off = argument.startswith("-mno-")
    feature = _feature(argument)
    if feature == "sse4":
        feature = "sse4.1" if off else "sse4.2"
    return f"{'-' if off else '+'}{feature}"
