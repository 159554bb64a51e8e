# tapedeck_module(<name> SOURCES ... [DEPS <modules>...] [LIBS <libraries>...]
#                 [PRIVATE_LIBS <libraries>...] [PCH <headers>...])
#
# Declares one room of the house: a static library tapedeck_<name> (alias tapedeck::<name>) built
# from src/<name>. DEPS are the modules it may include, LIBS what its headers need from outside,
# PRIVATE_LIBS what only its sources need. Headers are included from src/ as "<name>/<file>.hpp";
# the public API is in include/tapedeck.

add_library(tapedeck_options INTERFACE)
add_library(tapedeck::options ALIAS tapedeck_options)
target_compile_features(tapedeck_options INTERFACE cxx_std_20)
target_compile_options(tapedeck_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these from inside inlined standard library code (GCC bugs 105329, 105651).
  target_compile_options(tapedeck_options INTERFACE -Wno-restrict -Wno-stringop-overflow)
  # Asio's fences are not modelled by TSan; no code of ours relies on atomic_thread_fence.
  if(TAPEDECK_SANITIZE MATCHES "thread")
    target_compile_options(tapedeck_options INTERFACE -Wno-tsan)
  endif()
endif()
if(TAPEDECK_SANITIZE)
  target_compile_options(tapedeck_options INTERFACE
    -fsanitize=${TAPEDECK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(tapedeck_options INTERFACE -fsanitize=${TAPEDECK_SANITIZE})
endif()

function(tapedeck_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBS;PRIVATE_LIBS;PCH" ${ARGN})
  set(target tapedeck_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(tapedeck::${name} ALIAS ${target})
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:tapedeck::options>)
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(${target} PUBLIC tapedeck_${dep})
  endforeach()
  target_link_libraries(${target} PUBLIC ${ARG_LIBS} PRIVATE ${ARG_PRIVATE_LIBS})
  if(ARG_PCH)
    target_precompile_headers(${target} PRIVATE ${ARG_PCH})
  endif()
endfunction()

# tapedeck_test(<name> SOURCES ... [DEPS <modules>...] [LABELS ...])
# One test program, tests registered one by one with CTest, labelled with the module's name.
function(tapedeck_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LABELS" ${ARGN})
  set(target ${name}_test)
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE tapedeck::options GTest::gmock GTest::gtest_main)
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(${target} PRIVATE tapedeck_${dep})
  endforeach()
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  gtest_discover_tests(${target} DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${name};${ARG_LABELS}" TIMEOUT 300)
endfunction()

# tapedeck_embed(<name> <file>): generates <name>.cpp with
#   namespace tapedeck { extern const std::string_view <name>; }
# holding the file's bytes.
function(tapedeck_embed name file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp @ONLY CONTENT
"#include <string_view>
namespace tapedeck {
static constexpr char k@name@[] = {@bytes@'\\0'};
extern const std::string_view @name@;
const std::string_view @name@{k@name@, sizeof k@name@ - 1};
}  // namespace tapedeck
")
endfunction()
