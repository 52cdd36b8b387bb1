# How our own targets are made: one static library and one test program per folder of harness/.
option(FAULTLINE_SANITIZE "Build the harness (not the agent, not the targets) with ASan and UBSan" OFF)

add_library(faultline_options INTERFACE)
target_compile_options(faultline_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion)
target_include_directories(faultline_options INTERFACE ${CMAKE_SOURCE_DIR})
if(FAULTLINE_SANITIZE)
  target_compile_options(faultline_options INTERFACE -fsanitize=address,undefined
                                                     -fno-omit-frame-pointer)
  target_link_options(faultline_options INTERFACE -fsanitize=address,undefined)
endif()

# faultline_library(NAME SOURCES ... LIBS ...)
function(faultline_library NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${NAME} STATIC ${ARG_SOURCES})
  target_link_libraries(${NAME} PUBLIC faultline_options ${ARG_LIBS})
endfunction()

# faultline_test(NAME SOURCES ... LIBS ... [TIMEOUT seconds]): a GoogleTest program whose tests are CTest tests.
function(faultline_test NAME)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${NAME} ${ARG_SOURCES})
  target_link_libraries(${NAME} PRIVATE faultline_options ${ARG_LIBS} GTest::gmock
                                        GTest::gtest_main)
  target_compile_definitions(${NAME} PRIVATE FAULTLINE_BINARY_DIR="${CMAKE_BINARY_DIR}"
                                             FAULTLINE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  include(GoogleTest)
  gtest_discover_tests(${NAME} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT ${ARG_TIMEOUT})
endfunction()
