# Lets programs for another host run while the suite is built and tested, where this machine can:
# COUNTERMARK_EMULATOR is what stands before such a program and its arguments.
#
# Not as CMAKE_CROSSCOMPILING_EMULATOR, for by that try_run() would answer by what happens to be
# installed, and other bytes be built here than there. So it stays an error to ask what only the
# host can tell; the answer can be given as a cache entry. The targets get the emulator at the end,
# when nothing is configured any more.

if(CMAKE_CROSSCOMPILING AND COUNTERMARK_EMULATOR AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
  function(countermark_emulate directory)
    get_property(_targets DIRECTORY "${directory}" PROPERTY BUILDSYSTEM_TARGETS)
    foreach(_target IN LISTS _targets)
      get_target_property(_kind ${_target} TYPE)
      if(_kind STREQUAL "EXECUTABLE")
        set_target_properties(${_target} PROPERTIES
          CROSSCOMPILING_EMULATOR "${COUNTERMARK_EMULATOR}")
      endif()
    endforeach()
    get_property(_below DIRECTORY "${directory}" PROPERTY SUBDIRECTORIES)
    foreach(_each IN LISTS _below)
      countermark_emulate("${_each}")
    endforeach()
  endfunction()
  cmake_language(DEFER DIRECTORY "${CMAKE_SOURCE_DIR}"
    CALL countermark_emulate "${CMAKE_SOURCE_DIR}")
endif()
