# SPDX-License-Identifier: MIT
# The target `hardening`: Bitcoin Core's hardening flags, and the warnings.
#
# What a compiler and platform can do is decided here where it is known. Only what differs between
# linkers and versions is probed, because each probe costs a run of the compiler.
include_guard(GLOBAL)
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

add_library(hardening INTERFACE)

set(_compile
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wformat=2
  -Wmissing-prototypes -Wstrict-prototypes -Wundef -Wvla -Wwrite-strings
  -fstack-protector-all
  # Nothing of where it is built enters a program.
  "-ffile-prefix-map=${PROJECT_BINARY_DIR}=build"
  "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=src")
set(_link)
set(_compile_probes)
set(_link_probes)

if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  list(APPEND _compile -fno-extended-identifiers -fstack-reuse=none)
endif()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|i[3-6]86)$")
  list(APPEND _compile -fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
  if(APPLE)
    list(APPEND _compile -mbranch-protection=bti)
  elseif(NOT WIN32)
    list(APPEND _compile -mbranch-protection=standard)
  endif()
endif()

if(APPLE)
  list(APPEND _link -Wl,-dead_strip -Wl,-dead_strip_dylibs)
  list(APPEND _link_probes -Wl,-fixup_chains)
elseif(WIN32)
  list(APPEND _link
    -Wl,--dynamicbase -Wl,--nxcompat
    -Wl,--major-subsystem-version,6 -Wl,--minor-subsystem-version,2)
  if(CMAKE_SIZEOF_VOID_P EQUAL 8)
    list(APPEND _link -Wl,--high-entropy-va)
  endif()
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND _link -static)
  endif()
  list(APPEND _link_probes -Wl,--enable-reloc-section)
else()
  # CMake's own check for PIE takes four runs of the compiler to say what is true of every ELF.
  list(APPEND _link -pie -Wl,-z,relro -Wl,-z,now)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND _compile -fstack-clash-protection)
  else()
    # Clang has it for some machines and warns on the others.
    list(APPEND _compile_probes -fstack-clash-protection)
  endif()
  list(APPEND _link_probes -Wl,-z,separate-code)
endif()

set(CMAKE_REQUIRED_FLAGS -Werror)
foreach(_flag IN LISTS _compile_probes _link_probes)
  string(MAKE_C_IDENTIFIER "HARDENING${_flag}" _accepted)
  if(_flag IN_LIST _compile_probes)
    check_c_compiler_flag(${_flag} ${_accepted})
    set(_list _compile)
  else()
    check_linker_flag(C ${_flag} ${_accepted})
    set(_list _link)
  endif()
  if(${_accepted})
    list(APPEND ${_list} ${_flag})
  endif()
endforeach()
unset(CMAKE_REQUIRED_FLAGS)

# Resources (RC) take none of these.
target_compile_options(hardening INTERFACE "$<$<COMPILE_LANGUAGE:C>:${_compile}>")
# Fortified functions need an optimiser; compilers that define it themselves need the -U.
set(_optimised "$<CONFIG:Release,RelWithDebInfo,MinSizeRel>")
target_compile_options(hardening INTERFACE
  "$<$<AND:$<COMPILE_LANGUAGE:C>,${_optimised}>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3>")
target_link_options(hardening INTERFACE ${_link})
