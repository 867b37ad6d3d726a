# What makes a build independent of where and when it runs, for every toolchain.
#
# Given to CMake as CMAKE_PROJECT_TOP_LEVEL_INCLUDES, so that it is read inside the suite's first
# project() and applies to all that follows. CMake quotes the paths, whatever letters they hold.

if(NOT COUNTERMARK_PREFIX_MAPPED)
  set(COUNTERMARK_PREFIX_MAPPED TRUE)
  # The last map that matches wins: the build tree may lie inside the source tree.
  add_compile_options(
    "$<$<COMPILE_LANGUAGE:C,CXX,OBJC,OBJCXX>:-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.>"
    "$<$<COMPILE_LANGUAGE:C,CXX,OBJC,OBJCXX>:-ffile-prefix-map=${CMAKE_BINARY_DIR}=./build>")
endif()

include("${CMAKE_CURRENT_LIST_DIR}/links.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/emulator.cmake")

# Build trees then carry no absolute path, whose length would show in the installed program.
if(NOT DEFINED CMAKE_BUILD_RPATH_USE_ORIGIN)
  set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
endif()

# Where a toolchain file looks for the host's libraries; what is found elsewhere on this machine is
# not the host's.
set(COUNTERMARK_ROOTS
  "${CMAKE_SYSROOT};${CMAKE_STAGING_PREFIX};${CMAKE_FIND_ROOT_PATH};${CMAKE_PREFIX_PATH}"
  CACHE INTERNAL "")
