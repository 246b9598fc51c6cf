# The page of the server: web/, made in the build folder and taken into the program.
#
#   MUSTER_PAGE   OFF: without it, for builds that serve nobody; needs no Node.js
option(MUSTER_PAGE "Build the page into the server" ON)

# muster_page(TARGET): gives it page_files() of src/server/page_files.hpp.
# The tests of what is pure in it are the test `page`.
function(muster_page target)
  set(place ${CMAKE_BINARY_DIR}/web)
  set(files ${place}/page_files.cpp)
  if(NOT MUSTER_PAGE)
    file(CONFIGURE OUTPUT ${files} CONTENT
      "#include \"server/page_files.hpp\"\n\nnamespace muster::server {\n\nstd::span<const PageFile> page_files() {\n  return {};\n}\n\n}  // namespace muster::server\n")
    target_sources(${target} PRIVATE ${files})
    return()
  endif()

  find_program(MUSTER_NODE node)
  find_program(MUSTER_NPM npm)
  if(NOT MUSTER_NODE OR NOT MUSTER_NPM)
    message(FATAL_ERROR "The page needs Node.js and npm: run script/install, or cmake -DMUSTER_PAGE=OFF")
  endif()

  set(web ${CMAKE_SOURCE_DIR}/web)
  set(lists ${web}/package.json ${web}/package-lock.json ${web}/.npmrc)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${web}/src/*)
  list(APPEND sources ${web}/index.html ${web}/vite.config.mjs ${web}/tsconfig.json)

  # As the lock file has them: only when that has changed.
  add_custom_command(OUTPUT ${place}/installed
    DEPENDS ${lists}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${place}
    COMMAND ${CMAKE_COMMAND} -E copy ${lists} ${place}
    COMMAND ${MUSTER_NPM} ci --prefix ${place} --silent --no-progress
    COMMAND ${CMAKE_COMMAND} -E touch ${place}/installed
    COMMENT "Installing what the page is made with" VERBATIM)
  # A copy, so that nothing is written where the sources are, and what is deleted there is here.
  add_custom_command(OUTPUT ${files}
    DEPENDS ${place}/installed ${sources} ${web}/embed.mjs
    WORKING_DIRECTORY ${place}
    COMMAND ${CMAKE_COMMAND} -E rm -rf src dist packed
    COMMAND ${CMAKE_COMMAND} -E copy_directory ${web}/src src
    COMMAND ${CMAKE_COMMAND} -E copy ${web}/index.html ${web}/vite.config.mjs ${web}/tsconfig.json .
    COMMAND ${MUSTER_NODE} node_modules/vite/bin/vite.js build --logLevel warn
    COMMAND ${MUSTER_NODE} ${web}/embed.mjs dist ${files}
    COMMENT "Building the page" VERBATIM)
  target_sources(${target} PRIVATE ${files})
  # What it takes in is made with it, and ccache is told by its text alone.
  set_source_files_properties(${files} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)

  add_test(NAME page WORKING_DIRECTORY ${place} COMMAND ${MUSTER_NPM} test --silent)
  add_test(NAME page_types WORKING_DIRECTORY ${place} COMMAND ${MUSTER_NPM} run --silent check)
  set_tests_properties(page page_types PROPERTIES TIMEOUT 300)
endfunction()
