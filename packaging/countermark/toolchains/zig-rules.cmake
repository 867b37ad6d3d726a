# The rules that zig.cmake sets once CMake's own rules for the platform are loaded.

foreach(_lang C CXX ASM)
  set(CMAKE_${_lang}_ARCHIVE_CREATE "<CMAKE_AR> ar qc <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_${_lang}_ARCHIVE_APPEND "<CMAKE_AR> ar q <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_${_lang}_ARCHIVE_FINISH "<CMAKE_RANLIB> ranlib <TARGET>")
endforeach()

string(REGEX MATCH "^[a-z0-9_]+" _zig_arch "${COUNTERMARK_ZIG_TARGET}")
# A source path that begins with a slash reads like an option of rc; "--" ends the options.
set(CMAKE_RC_COMPILE_OBJECT
  "<CMAKE_RC_COMPILER> rc /:auto-includes gnu /:output-format coff /:target ${_zig_arch} <DEFINES> <INCLUDES> /fo <OBJECT> -- <SOURCE>")
