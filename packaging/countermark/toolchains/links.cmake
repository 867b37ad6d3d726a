# No more linkers at a time than there is memory for: one takes as much as several compilers.
#
# How many that is differs from machine to machine and from day to day, and shapes no byte. So it
# comes in a variable of the environment, which a build tree is not judged by.

if(DEFINED ENV{COUNTERMARK_LINKS} AND NOT DEFINED CMAKE_JOB_POOL_LINK)
  set(CMAKE_JOB_POOL_LINK countermark_links)

  # Only the end tells whether the suite has pools too, and in which of the two places.
  function(countermark_define_pool)
    get_property(pools GLOBAL PROPERTY JOB_POOLS)
    if(NOT pools)
      set(pools "${CMAKE_JOB_POOLS}")
    endif()
    list(APPEND pools "countermark_links=$ENV{COUNTERMARK_LINKS}")
    set_property(GLOBAL PROPERTY JOB_POOLS "${pools}")
  endfunction()
  cmake_language(DEFER DIRECTORY "${CMAKE_SOURCE_DIR}" CALL countermark_define_pool)
endif()
