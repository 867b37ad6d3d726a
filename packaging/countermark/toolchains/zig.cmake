# The default toolchain: ziglang's clang, linker, archiver and resource compiler for every host.
#
#   cmake --toolchain zig.cmake -DCOUNTERMARK_ZIG=/path/to/zig \
#         -DCOUNTERMARK_ZIG_TARGET=aarch64-macos.14.0-none ...
#
# COUNTERMARK_ZIG         the zig program itself (found on PATH when not given)
# COUNTERMARK_ZIG_TARGET  <arch>-<macos|linux|windows>[.<minimum macOS>]-<abi>[.<glibc version>]
#
# The minimum macOS and glibc versions must stand in the target: zig ignores
# CMAKE_OSX_DEPLOYMENT_TARGET when it links.

# Probes (try_compile) read this file again and need the same answers.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES COUNTERMARK_ZIG COUNTERMARK_ZIG_TARGET)

if(NOT COUNTERMARK_ZIG)
  find_program(COUNTERMARK_ZIG NAMES zig python-zig REQUIRED)
endif()

string(REGEX MATCH "^([a-z0-9_]+)-([a-z]+)" _ "${COUNTERMARK_ZIG_TARGET}")
set(_arch "${CMAKE_MATCH_1}")
set(_os "${CMAKE_MATCH_2}")
set(_system_macos Darwin)
set(_system_linux Linux)
set(_system_windows Windows)
if(NOT DEFINED _system_${_os})
  message(FATAL_ERROR
    "COUNTERMARK_ZIG_TARGET is '${COUNTERMARK_ZIG_TARGET}'; "
    "want <arch>-<macos|linux|windows>[.<version>]-<abi>[.<version>]")
endif()

set(CMAKE_SYSTEM_NAME ${_system_${_os}})
set(CMAKE_SYSTEM_PROCESSOR ${_arch})
if(_os STREQUAL "macos" AND _arch STREQUAL "aarch64")
  set(CMAKE_SYSTEM_PROCESSOR arm64)
elseif(_os STREQUAL "windows" AND _arch STREQUAL "x86_64")
  set(CMAKE_SYSTEM_PROCESSOR AMD64)
endif()

# zig adds -g and, when optimising, -DNDEBUG and UBSan's traps by itself; these come first, so
# that what a project asks for still wins.
set(_quiet -g0 -UNDEBUG -fno-sanitize=undefined)
if(_os STREQUAL "macos")
  # zig's headers are those of the newest macOS: without this, a probe finds functions that the
  # minimum macOS does not have, and the program dies at start there.
  list(APPEND _quiet -Werror=unguarded-availability-new)
endif()
set(CMAKE_C_COMPILER ${COUNTERMARK_ZIG} cc ${_quiet})
set(CMAKE_CXX_COMPILER ${COUNTERMARK_ZIG} c++ ${_quiet})
foreach(_lang C CXX ASM)
  # With a target, CMake identifies the compiler by compiling only. A link would come without -s
  # and make zig build the host's start files and compiler-rt a second time.
  set(CMAKE_${_lang}_COMPILER_TARGET ${COUNTERMARK_ZIG_TARGET})
endforeach()

# The machine's own ar, ranlib and windres damage or refuse foreign objects. The rules that call
# zig's instead are set after those of the platform, which would overwrite them.
set(CMAKE_AR "${COUNTERMARK_ZIG}" CACHE FILEPATH "Archiver (called as zig ar)")
set(CMAKE_RANLIB "${COUNTERMARK_ZIG}" CACHE FILEPATH "Indexer (called as zig ranlib)")
set(CMAKE_USER_MAKE_RULES_OVERRIDE "${CMAKE_CURRENT_LIST_DIR}/zig-rules.cmake")

# Symbols are left out while linking: no strip understands every format, and debug information
# would carry paths of the machine.
foreach(_kind EXE SHARED MODULE)
  set(CMAKE_${_kind}_LINKER_FLAGS_INIT "-s")
endforeach()
set(CMAKE_STRIP "" CACHE FILEPATH "Nothing is left to strip")

if(_os STREQUAL "macos")
  # CMake demands an install_name_tool and runs it only where building and installing differ.
  set(CMAKE_INSTALL_NAME_TOOL "${COUNTERMARK_ZIG}" CACHE FILEPATH "Never called")
  set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
  set(CMAKE_OSX_SYSROOT "" CACHE STRING "zig brings its own")
elseif(_os STREQUAL "windows")
  foreach(_kind EXE SHARED MODULE)
    # A hash instead of the time of the link.
    string(APPEND CMAKE_${_kind}_LINKER_FLAGS_INIT " -Wl,/Brepro")
  endforeach()
  set(CMAKE_RC_COMPILER "${COUNTERMARK_ZIG}" CACHE FILEPATH "Resource compiler (called as zig rc)")
endif()

# Programs come from this machine, everything else from the host's prefixes only.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
