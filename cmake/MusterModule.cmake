# muster_module(NAME [USES module...] [LIBRARIES library...])
#
# A module is a folder of src/: every *.cpp in it is its code, every *_test.cpp a test of it, every
# *_for_tests.cpp a help of tests, also of those of other modules.
# USES lists the modules whose headers it may include; what they use, it may use as well.
# LIBRARIES are names from MusterLibraries.cmake; they stay private, so that no header of a
# module can drag a heavy library into another.
#
#   muster_NAME             the static library
#   muster_NAME_for_tests   what helps tests, if there is such
#   muster_NAME_test        its tests, run by ctest -R NAME
function(muster_module name)
  cmake_parse_arguments(MODULE "" "" "USES;LIBRARIES" ${ARGN})

  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  set(tests ${sources})
  set(for_tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|for_tests)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER for_tests INCLUDE REGEX "_for_tests\\.cpp$")

  add_library(muster_${name} STATIC ${sources})
  target_include_directories(muster_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM MODULE_USES PREPEND muster_)
  list(TRANSFORM MODULE_LIBRARIES PREPEND muster_library_)
  target_link_libraries(muster_${name}
    PUBLIC muster_options muster_library_expected muster_library_fmt ${MODULE_USES}
    PRIVATE ${MODULE_LIBRARIES})
  muster_precompile(muster_${name})

  if(for_tests)
    add_library(muster_${name}_for_tests STATIC EXCLUDE_FROM_ALL ${for_tests})
    target_link_libraries(muster_${name}_for_tests PUBLIC muster_${name} PRIVATE ${MODULE_LIBRARIES})
    muster_precompile(muster_${name}_for_tests)
  endif()

  if(tests)
    add_executable(muster_${name}_test ${tests})
    target_link_libraries(muster_${name}_test
      PRIVATE muster_${name} ${MODULE_LIBRARIES} muster_library_gtest muster_sanitizer)
    if(for_tests)
      target_link_libraries(muster_${name}_test PRIVATE muster_${name}_for_tests)
    endif()
    muster_precompile(muster_${name}_test)
    add_test(NAME ${name} COMMAND muster_${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
  endif()
endfunction()

# Only what nearly every file wants and what is slow to read: the standard library. Compiled once,
# without any module's libraries, and used by all.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cpp CONTENT "")  # written once
# With these ccache finds again what was compiled with it.
set(MUSTER_CACHE_PRECOMPILED -fpch-preprocess)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(MUSTER_CACHE_PRECOMPILED "SHELL:-Xclang -fno-pch-timestamp")
endif()
add_library(muster_precompiled OBJECT ${CMAKE_BINARY_DIR}/precompiled.cpp)
target_link_libraries(muster_precompiled
  PRIVATE muster_options muster_library_expected muster_library_fmt)
target_compile_options(muster_precompiled PRIVATE ${MUSTER_CACHE_PRECOMPILED})
target_precompile_headers(muster_precompiled PRIVATE
  <algorithm> <chrono> <cstdint> <functional> <map> <memory> <optional> <string>
  <string_view> <utility> <variant> <vector> <tl/expected.hpp>)

function(muster_precompile target)
  target_precompile_headers(${target} REUSE_FROM muster_precompiled)
  target_compile_options(${target} PRIVATE ${MUSTER_CACHE_PRECOMPILED})
endfunction()
