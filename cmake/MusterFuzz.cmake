# muster_fuzz(NAME module... [LIBRARIES library...])
#
# A fuzz target: tests/fuzz/NAME_fuzz.cpp, which uses these modules.
#
#   muster_fuzz_NAME   with MUSTER_FUZZ (the preset fuzz) it searches; script/fuzz runs it. Else it
#                      runs what is kept below tests/fuzz, as the test fuzz_corpus_NAME
#   muster_fuzz        all of them
option(MUSTER_FUZZ "Build fuzz targets that search: needs clang" OFF)
if(MUSTER_FUZZ AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "MUSTER_FUZZ needs clang: run script/fuzz, or cmake --preset fuzz")
endif()

add_custom_target(muster_fuzz)

function(muster_fuzz name)
  set(target muster_fuzz_${name})
  set(folder ${CMAKE_SOURCE_DIR}/tests/fuzz)
  add_executable(${target} ${folder}/${name}_fuzz.cpp)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  cmake_parse_arguments(FUZZ "" "" "LIBRARIES" ${ARGN})
  list(TRANSFORM FUZZ_LIBRARIES PREPEND muster_library_)
  list(TRANSFORM FUZZ_UNPARSED_ARGUMENTS PREPEND muster_)
  target_link_libraries(${target} PRIVATE ${FUZZ_UNPARSED_ARGUMENTS} ${FUZZ_LIBRARIES})
  muster_precompile(${target})
  add_dependencies(muster_fuzz ${target})
  if(MUSTER_FUZZ)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    return()
  endif()
  target_sources(${target} PRIVATE ${folder}/run_files.cpp)
  add_test(NAME fuzz_corpus_${name}
           COMMAND ${target} ${folder}/seeds/${name} ${folder}/corpus/${name} ${folder}/found/${name})
  set_tests_properties(fuzz_corpus_${name} PROPERTIES TIMEOUT 300)
endfunction()
