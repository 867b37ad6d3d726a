# GCC for Windows: programs that need no library but those of Windows, the same from every build.
#
#   cmake --toolchain mingw-w64.cmake -DCMAKE_C_COMPILER=x86_64-w64-mingw32-gcc-posix \
#         -DCMAKE_CXX_COMPILER=x86_64-w64-mingw32-g++-posix \
#         -DCMAKE_RC_COMPILER=x86_64-w64-mingw32-windres ...

set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)

foreach(_kind EXE SHARED MODULE)
  # GCC's libraries and that of its threads are linked into the program; no time goes into it. The
  # last one brings the library that code with canaries calls: GCC takes it for a word to the link.
  set(CMAKE_${_kind}_LINKER_FLAGS_INIT
    "-static -Wl,--no-insert-timestamp -fstack-protector-strong")
endforeach()

# Where distributions keep the libraries of Windows.
foreach(_root /usr/x86_64-w64-mingw32 /usr/x86_64-w64-mingw32/sys-root/mingw)
  if(IS_DIRECTORY "${_root}/include")
    list(APPEND CMAKE_FIND_ROOT_PATH "${_root}")
  endif()
endforeach()

# Programs come from this machine, everything else from the host's prefixes only.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
