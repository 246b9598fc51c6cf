# What the thread sanitizer is for.
#
#   muster_threads   builds what script/test --sanitize=thread runs: the tests of the modules that
#                    muster_threads() names, and the program
add_custom_target(muster_threads)

# muster_threads(module...)
#
# The tests of these modules start threads, or speak to a server that runs in one. They get the
# label `threads`. tests/scripts/test_threads.py says if a module is missing.
function(muster_threads)
  foreach(name ${ARGN})
    set_property(TEST ${name} APPEND PROPERTY LABELS threads)
    add_dependencies(muster_threads muster_${name}_test)
    if(MUSTER_SANITIZE STREQUAL "thread")
      set_tests_properties(${name} PROPERTIES TIMEOUT 900)  # many times as slow
    endif()
  endforeach()
endfunction()

# What is linked into each program: what the sanitizer is told, if it is built in.
if(MUSTER_SANITIZE STREQUAL "thread")
  add_library(muster_sanitizer OBJECT ${CMAKE_SOURCE_DIR}/tests/sanitizers/thread.cpp)
else()
  add_library(muster_sanitizer INTERFACE)
endif()
