# How our own targets are made: one static library and one test program per folder of harness/.
option(FAULTLINE_SANITIZE "Build the harness (not the agent, not the targets) with ASan and UBSan" OFF)
option(FAULTLINE_TSAN "Build the harness (not the agent, not the targets) with ThreadSanitizer" OFF)
option(FAULTLINE_COVERAGE "Build the harness (not the agent, not the targets) for gcov" OFF)
option(FAULTLINE_WERROR "A warning of the compiler is an error" OFF)
# Most of what compiling a file costs is what all files of a folder have in common. For who builds once (CI, the demo):
# measured of folders of tests, a sixth of the CPU time. Who changes a file wants to compile that alone.
# harness/check_local_names.py keeps it possible.
option(FAULTLINE_UNITY "Compile the files of each folder together" OFF)
set(CMAKE_UNITY_BUILD_BATCH_SIZE 24)

add_library(faultline_options INTERFACE)
target_compile_options(faultline_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion
                                                   $<$<BOOL:${FAULTLINE_WERROR}>:-Werror>)
target_include_directories(faultline_options INTERFACE ${CMAKE_SOURCE_DIR})
option(FAULTLINE_FUZZ "Make the fuzz targets libFuzzer's; needs clang" OFF)
if(FAULTLINE_FUZZ)
  target_compile_options(faultline_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(FAULTLINE_SANITIZE)
  target_compile_options(faultline_options INTERFACE -fsanitize=address,undefined
                                                     -fno-omit-frame-pointer)
  target_link_options(faultline_options INTERFACE -fsanitize=address,undefined)
endif()
if(FAULTLINE_TSAN)
  target_compile_options(faultline_options INTERFACE -fsanitize=thread)
  target_link_options(faultline_options INTERFACE -fsanitize=thread)
endif()
if(FAULTLINE_COVERAGE)
  target_compile_options(faultline_options INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(faultline_options INTERFACE --coverage)
endif()

# Compiling again what was compiled before costs next to nothing. (A cache takes files with precompiled headers only
# when it is told to; who sets a launcher has said how.)
find_program(FAULTLINE_CCACHE ccache)
if(FAULTLINE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER AND NOT CMAKE_C_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_DEPEND=1 CCACHE_SLOPPINESS=pch_defines,time_macros ${FAULTLINE_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
endif()

# Most of the time a build takes goes into parsing the same few headers, hence precompiled ones: one
# set for all libraries and one for all tests (measured: 40 % of the time of a file, GCC 12). What CI
# waits for is not the speed of this code, so the default preset optimises little; `release` does.
file(WRITE ${CMAKE_BINARY_DIR}/headers.cc.new "// Only carries precompiled headers.\n")
file(COPY_FILE ${CMAKE_BINARY_DIR}/headers.cc.new ${CMAKE_BINARY_DIR}/headers.cc ONLY_IF_DIFFERENT)
set(faultline_common_headers
    <algorithm> <cstdint> <filesystem> <functional> <map> <memory> <optional> <regex> <string>
    <string_view> <variant> <vector> <nlohmann/json.hpp> <fmt/format.h> <fmt/ranges.h>)

# faultline_headers(NAME OPTIMISATION HEADERS ...): compiles HEADERS for other targets to reuse.
function(faultline_headers NAME OPTIMISATION)
  add_library(${NAME} OBJECT ${CMAKE_BINARY_DIR}/headers.cc)
  target_link_libraries(${NAME} PRIVATE faultline_options nlohmann_json::nlohmann_json fmt::fmt)
  target_compile_options(${NAME} PRIVATE $<$<CONFIG:RelWithDebInfo>:${OPTIMISATION}> -g1 -fPIC)
  target_precompile_headers(${NAME} PRIVATE ${ARGN})
endfunction()
faultline_headers(faultline_library_headers -O1 ${faultline_common_headers})
# Of the command line: CLI11 is one header of 10,000 lines, and each sub-command declares its options with it.
faultline_headers(faultline_cli_headers -O1 ${faultline_common_headers} <CLI/CLI.hpp>)
target_link_libraries(faultline_cli_headers PRIVATE CLI11::CLI11)
if(FAULTLINE_TESTS)
  faultline_headers(faultline_test_headers -O0 ${faultline_common_headers} <gmock/gmock.h>
                    <gtest/gtest.h>)
  target_link_libraries(faultline_test_headers PRIVATE GTest::gmock)
endif()

# Lets NAME reuse the headers that faultline_headers compiled as HEADERS, with the same options.
function(faultline_reuse_headers NAME HEADERS OPTIMISATION)
  target_link_libraries(${NAME} PRIVATE nlohmann_json::nlohmann_json fmt::fmt)
  target_compile_options(${NAME} PRIVATE $<$<CONFIG:RelWithDebInfo>:${OPTIMISATION}> -g1 -fPIC)
  target_precompile_headers(${NAME} REUSE_FROM ${HEADERS})
endfunction()

# faultline_library(NAME SOURCES ... LIBS ... [HEADERS set])
function(faultline_library NAME)
  cmake_parse_arguments(ARG "" "HEADERS" "SOURCES;LIBS" ${ARGN})
  if(NOT ARG_HEADERS)
    set(ARG_HEADERS faultline_library_headers)
  endif()
  add_library(${NAME} STATIC ${ARG_SOURCES})
  target_link_libraries(${NAME} PUBLIC faultline_options ${ARG_LIBS})
  set_target_properties(${NAME} PROPERTIES UNITY_BUILD ${FAULTLINE_UNITY})
  faultline_reuse_headers(${NAME} ${ARG_HEADERS} -O1)
endfunction()

# faultline_executable(NAME SOURCES ... LIBS ... [HEADERS set]): a program of ours that is no test.
function(faultline_executable NAME)
  cmake_parse_arguments(ARG "" "HEADERS" "SOURCES;LIBS" ${ARGN})
  if(NOT ARG_HEADERS)
    set(ARG_HEADERS faultline_cli_headers)
  endif()
  add_executable(${NAME} ${ARG_SOURCES})
  target_link_libraries(${NAME} PRIVATE faultline_options ${ARG_LIBS})
  faultline_reuse_headers(${NAME} ${ARG_HEADERS} -O1)
endfunction()

# faultline_test(NAME SOURCES ... LIBS ... [TIMEOUT seconds]): a GoogleTest program whose tests are CTest tests.
function(faultline_test NAME)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${NAME} ${ARG_SOURCES})
  set_target_properties(${NAME} PROPERTIES UNITY_BUILD ${FAULTLINE_UNITY} UNITY_BUILD_BATCH_SIZE 12)
  target_link_libraries(${NAME} PRIVATE faultline_options ${ARG_LIBS} GTest::gmock
                                        GTest::gtest_main)
  faultline_reuse_headers(${NAME} faultline_test_headers -O0)
  target_compile_definitions(${NAME} PRIVATE FAULTLINE_BINARY_DIR="${CMAKE_BINARY_DIR}"
                                             FAULTLINE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  include(GoogleTest)
  gtest_discover_tests(${NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${ARG_TIMEOUT})
endfunction()

# faultline_fuzz(NAME SOURCES ... LIBS ...): a fuzz target (harness/base/testing/fuzz.h). With FAULTLINE_FUZZ it is
# libFuzzer's; else a short run of it is the CTest test Fuzz.NAME.
function(faultline_fuzz NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  set(common ${CMAKE_SOURCE_DIR}/harness/base/testing)
  if(FAULTLINE_FUZZ)
    list(APPEND ARG_SOURCES ${common}/fuzz_mutator.cc)
  else()
    list(APPEND ARG_SOURCES ${common}/fuzz_main.cc)
  endif()
  add_executable(${NAME} ${ARG_SOURCES} ${common}/fuzz_seeds.cc)
  target_link_libraries(${NAME} PRIVATE faultline_options faultline_base ${ARG_LIBS})
  target_compile_definitions(${NAME} PRIVATE FAULTLINE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  faultline_reuse_headers(${NAME} faultline_library_headers -O1)
  if(FAULTLINE_FUZZ)
    target_link_options(${NAME} PRIVATE -fsanitize=fuzzer)
  else()
    add_test(NAME Fuzz.${NAME} COMMAND ${NAME})
    set_tests_properties(Fuzz.${NAME} PROPERTIES TIMEOUT 60)
  endif()
endfunction()

# faultline_source_version(TARGET HEADER NAME GLOB...): TARGET may include HEADER, which defines the number NAME. It
# changes whenever one of the sources does that match, tests left out: what one version has stored is not mixed with
# what another would.
function(faultline_source_version TARGET HEADER NAME)
  file(GLOB sources CONFIGURE_DEPENDS ${ARGN})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(JOIN sources "|" joined)
  set(directory ${CMAKE_CURRENT_BINARY_DIR}/version)
  add_custom_command(
    OUTPUT ${directory}/${HEADER}
    COMMAND ${CMAKE_COMMAND} -DOUT=${directory}/${HEADER} -DNAME=${NAME} "-DFILES=${joined}" -P
            ${CMAKE_SOURCE_DIR}/ci/cmake/WriteSourceVersion.cmake
    DEPENDS ${sources} ${CMAKE_SOURCE_DIR}/ci/cmake/WriteSourceVersion.cmake
    VERBATIM)
  target_sources(${TARGET} PRIVATE ${directory}/${HEADER})
  target_include_directories(${TARGET} PRIVATE ${directory})
endfunction()
