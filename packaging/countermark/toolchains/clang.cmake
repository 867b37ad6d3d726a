# LLVM's compiler and linker with the user's SDK of macOS, or the root of a Linux system.
#
# COUNTERMARK_CLANG_TARGET       the host's triple
# COUNTERMARK_CLANG_LINKER       ld64.lld or ld.lld
# COUNTERMARK_CLANG_SDK          the SDK's or the root's directory; empty for this machine's own
# COUNTERMARK_CLANG_SDK_VERSION  for macOS: what images say they were built with
# COUNTERMARK_CLANG_MINIMUM      for macOS: the oldest that programs start on

# Probes (try_compile) read this file again and need the same answers.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES
  COUNTERMARK_CLANG_TARGET COUNTERMARK_CLANG_LINKER COUNTERMARK_CLANG_SDK
  COUNTERMARK_CLANG_SDK_VERSION COUNTERMARK_CLANG_MINIMUM)

string(REGEX MATCH "^[a-z0-9_]+" CMAKE_SYSTEM_PROCESSOR "${COUNTERMARK_CLANG_TARGET}")
foreach(_lang C CXX OBJC OBJCXX ASM)
  set(CMAKE_${_lang}_COMPILER_TARGET "${COUNTERMARK_CLANG_TARGET}")
endforeach()
set(_link "-fuse-ld=lld --ld-path=\"${COUNTERMARK_CLANG_LINKER}\"")

if(COUNTERMARK_CLANG_TARGET MATCHES "-darwin$")
  set(CMAKE_SYSTEM_NAME Darwin)
  # Neither the headers of this machine nor, but for its own, those of the compiler: the SDK's.
  set(CMAKE_OSX_SYSROOT "${COUNTERMARK_CLANG_SDK}" CACHE PATH "The SDK")
  set(CMAKE_OSX_DEPLOYMENT_TARGET "${COUNTERMARK_CLANG_MINIMUM}" CACHE STRING "The oldest macOS")
  set(_headers "-nostdlibinc -iwithsysroot/usr/include")
  string(APPEND _headers " -iframeworkwithsysroot/System/Library/Frameworks"
    " \"-ffile-prefix-map=${COUNTERMARK_CLANG_SDK}=./sdk\"")
  foreach(_lang C OBJC)
    set(CMAKE_${_lang}_FLAGS_INIT "${_headers}")
  endforeach()
  foreach(_lang CXX OBJCXX)
    set(CMAKE_${_lang}_FLAGS_INIT
      "-nostdlibinc -iwithsysroot/usr/include/c++/v1 ${_headers} -Xclang -fno-cxx-modules")
  endforeach()
  # Unsigned, for signing comes last.
  string(APPEND _link " -Wl,-platform_version,macos,${COUNTERMARK_CLANG_MINIMUM}"
    ",${COUNTERMARK_CLANG_SDK_VERSION} -Wl,-no_adhoc_codesign -Wl,-fixup_chains -mlinker-version=711")
  set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
  set(CMAKE_FRAMEWORK_PATH "${COUNTERMARK_CLANG_SDK}/System/Library/Frameworks")
else()
  set(CMAKE_SYSTEM_NAME Linux)
  if(COUNTERMARK_CLANG_SDK)
    set(CMAKE_SYSROOT "${COUNTERMARK_CLANG_SDK}")
  endif()
endif()
foreach(_kind EXE SHARED MODULE)
  set(CMAKE_${_kind}_LINKER_FLAGS_INIT "${_link}")
endforeach()

if(COUNTERMARK_CLANG_SDK)
  # Programs come from this machine, everything else from the host's prefixes and the SDK only.
  list(APPEND CMAKE_FIND_ROOT_PATH "${COUNTERMARK_CLANG_SDK}")
  set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
  set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
  set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
endif()
