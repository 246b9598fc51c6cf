# MUSTER_STATIC: a program that needs nothing but the kernel, for script/package.

option(MUSTER_STATIC "Link the program statically" OFF)
if(NOT MUSTER_STATIC)
  return()
endif()

# What find_package and find_library look for from here on.
set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
set(Boost_USE_STATIC_LIBS ON)
set(OPENSSL_USE_STATIC_LIBS ON)

target_compile_definitions(muster_options INTERFACE MUSTER_STATIC)
# What nobody calls is left out; where it was built is nobody's business, and differs.
target_compile_options(muster_options INTERFACE
  -ffunction-sections -fdata-sections -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
# Still somewhere else in memory at each start.
target_link_options(muster_options INTERFACE -static-pie -Wl,--gc-sections,--strip-all)
