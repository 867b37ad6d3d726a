# SPDX-License-Identifier: MIT

# add_program(NAME [INTERNAL] SOURCE...)
#
# A program with its manual page. The install component is named like the target. Users start what
# is in the directory of programs; an INTERNAL one is for the wrapper to find.
function(add_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "INTERNAL" "" "")
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE suite_common)
  if(WIN32)
    set(PROGRAM ${name})
    configure_file(version.rc.in ${name}.rc @ONLY)
    target_sources(${name} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/${name}.rc)
  endif()
  set(directory ${CMAKE_INSTALL_BINDIR})
  if(arg_INTERNAL)
    set(directory ${CMAKE_INSTALL_LIBEXECDIR})
  endif()
  install(TARGETS ${name} RUNTIME DESTINATION ${directory} COMPONENT ${name})
  configure_file(man/${name}.1.in man/${name}.1 @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/man/${name}.1
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT ${name})
endfunction()
