# Leads a build to the libraries of its host: COUNTERMARK_PREFIXES, the first of them first.
#
# Given to CMake in CMAKE_PROJECT_TOP_LEVEL_INCLUDES, so that it is read behind the toolchain file,
# which may have prefixes of its own.

list(PREPEND CMAKE_FIND_ROOT_PATH ${COUNTERMARK_PREFIXES})
if(NOT CMAKE_FIND_ROOT_PATH_MODE_PACKAGE STREQUAL "ONLY")
  list(PREPEND CMAKE_PREFIX_PATH ${COUNTERMARK_PREFIXES})
elseif(NOT CMAKE_FIND_ROOT_PATH)
  # CMake takes "ONLY" in no root for everywhere, and finds the libraries of this machine.
  set(CMAKE_FIND_ROOT_PATH "${CMAKE_BINARY_DIR}/no-prefix")
endif()

if(NOT COUNTERMARK_LIBRARIES_MAPPED)
  set(COUNTERMARK_LIBRARIES_MAPPED TRUE)
  foreach(_prefix IN LISTS COUNTERMARK_PREFIXES)
    add_compile_options(
      "$<$<COMPILE_LANGUAGE:C,CXX,OBJC,OBJCXX>:-ffile-prefix-map=${_prefix}=./libraries>")
  endforeach()
endif()
