# How everything is compiled: language, warnings, sanitizers, linker, cache.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(MUSTER_SANITIZE "" CACHE STRING "Sanitizers to build with, for example address,undefined")

add_library(muster_options INTERFACE)
# False alarms of g++ 12 in inlined library code. clang does not know them.
set(false_alarms)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(false_alarms
    -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overread -Wno-stringop-overflow
    -Wno-array-bounds -Wno-dangling-pointer -Wno-use-after-free)
endif()
target_compile_options(muster_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror
  ${false_alarms} -Wno-missing-field-initializers)
if(MUSTER_SANITIZE)
  target_compile_options(muster_options INTERFACE
    -fsanitize=${MUSTER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    # asio uses a fence that the thread sanitizer does not model
    $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  target_link_options(muster_options INTERFACE -fsanitize=${MUSTER_SANITIZE})
else()
  target_compile_definitions(muster_options INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
  target_compile_options(muster_options INTERFACE -fstack-protector-strong)
endif()

find_program(MUSTER_MOLD mold)
if(MUSTER_MOLD)
  target_link_options(muster_options INTERFACE -fuse-ld=mold)
endif()

find_program(MUSTER_CCACHE ccache)
if(MUSTER_CCACHE)
  # The precompiled header is fine to cache: it defines nothing that depends on the time. With
  # paths taken from here, a second clone finds what the first has compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 ${MUSTER_CCACHE})
endif()
