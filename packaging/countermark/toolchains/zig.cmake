# The default toolchain: ziglang's clang, linker, archiver and resource compiler for every host.
#
#   cmake --toolchain zig.cmake -DCOUNTERMARK_ZIG=/path/to/zig \
#         -DCOUNTERMARK_ZIG_TARGET=aarch64-macos.14.0-none ...
#
# COUNTERMARK_ZIG         the zig program itself (found on PATH when not given)
# COUNTERMARK_ZIG_TARGET  <arch>-<macos|linux|windows>[.<minimum macOS>]-<abi>[.<glibc version>]
# COUNTERMARK_WRAPPERS    the directory of the programs that call zig as a compiler's tools are
#                         called; when not given they are written, into the build tree
# COUNTERMARK_LLD         for macOS: PROGRAM;SDK;LIBRARIES when ld64.lld is to link in place of zig
# COUNTERMARK_PYTHON      the Python that they run by (found on PATH when not given)
#
# The minimum macOS and glibc versions must stand in the target: zig ignores
# CMAKE_OSX_DEPLOYMENT_TARGET when it links.

if(NOT COUNTERMARK_ZIG)
  find_program(COUNTERMARK_ZIG NAMES zig python-zig REQUIRED)
endif()

# Probes (try_compile) read this file again and need the same answers.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES
  COUNTERMARK_ZIG COUNTERMARK_ZIG_TARGET COUNTERMARK_WRAPPERS COUNTERMARK_PYTHON)

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

if(NOT COUNTERMARK_PYTHON)
  find_program(COUNTERMARK_PYTHON NAMES python3 python REQUIRED)
endif()
if(NOT COUNTERMARK_WRAPPERS)
  set(COUNTERMARK_WRAPPERS "${CMAKE_BINARY_DIR}/countermark-toolchain")
  execute_process(
    COMMAND "${COUNTERMARK_PYTHON}" -I "${CMAKE_CURRENT_LIST_DIR}/write.py"
      "${COUNTERMARK_WRAPPERS}" "${COUNTERMARK_ZIG}" "${COUNTERMARK_ZIG_TARGET}"
      ${COUNTERMARK_LLD}
    COMMAND_ERROR_IS_FATAL ANY)
endif()
set(CMAKE_C_COMPILER "${COUNTERMARK_WRAPPERS}/cc")
set(CMAKE_CXX_COMPILER "${COUNTERMARK_WRAPPERS}/c++")
foreach(_lang C CXX ASM OBJC OBJCXX)
  # With a target, CMake identifies the compiler by compiling only. A link would come without -s
  # and make zig build the host's start files and compiler-rt a second time.
  set(CMAKE_${_lang}_COMPILER_TARGET ${COUNTERMARK_ZIG_TARGET})
endforeach()

# The machine's own ar and ranlib damage or refuse foreign objects.
set(CMAKE_AR "${COUNTERMARK_WRAPPERS}/ar" CACHE FILEPATH "Archiver")
set(CMAKE_RANLIB "${COUNTERMARK_WRAPPERS}/ranlib" CACHE FILEPATH "Indexer of archives")

# Symbols are left out while linking: no strip understands every format, and debug information
# would carry paths of the machine.
foreach(_kind EXE SHARED MODULE)
  set(CMAKE_${_kind}_LINKER_FLAGS_INIT "-s")
endforeach()
set(CMAKE_STRIP "" CACHE FILEPATH "Nothing is left to strip")

if(_os STREQUAL "macos")
  # CMake demands an install_name_tool and runs it only where building and installing differ.
  set(CMAKE_INSTALL_NAME_TOOL "${COUNTERMARK_WRAPPERS}/install_name_tool" CACHE FILEPATH "None")
  set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
  set(CMAKE_OSX_SYSROOT "" CACHE STRING "zig brings its own")
elseif(_os STREQUAL "windows")
  foreach(_kind EXE SHARED MODULE)
    # A hash instead of the time of the link.
    string(APPEND CMAKE_${_kind}_LINKER_FLAGS_INIT " -Wl,/Brepro")
  endforeach()
  set(CMAKE_RC_COMPILER "${COUNTERMARK_WRAPPERS}/windres" CACHE FILEPATH "Resource compiler")
  set(CMAKE_DLLTOOL "${COUNTERMARK_WRAPPERS}/dlltool" CACHE FILEPATH "Maker of import libraries")
endif()

# Programs come from this machine, everything else from the host's prefixes only.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_FIND_USE_CMAKE_ENVIRONMENT_PATH OFF)
set(CMAKE_FIND_USE_PACKAGE_REGISTRY OFF)
set(CMAKE_FIND_USE_SYSTEM_PACKAGE_REGISTRY OFF)
if(NOT CMAKE_FIND_ROOT_PATH)
  # CMake takes "ONLY" in no root for everywhere, and finds the libraries of this machine.
  set(CMAKE_FIND_ROOT_PATH "${COUNTERMARK_WRAPPERS}/no-prefix")
endif()
if(NOT DEFINED ENV{PKG_CONFIG_LIBDIR})
  list(TRANSFORM CMAKE_FIND_ROOT_PATH APPEND "/lib/pkgconfig" OUTPUT_VARIABLE _places)
  list(JOIN _places ":" _places)
  set(ENV{PKG_CONFIG_LIBDIR} "${_places}")
endif()
