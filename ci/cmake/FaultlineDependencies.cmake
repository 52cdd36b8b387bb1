# Without the tests a build is quicker and needs fewer packages: what ci/demo and packages of distributions want.
option(FAULTLINE_TESTS "Build the tests, what they need, and the benchmarks" ON)

# Every library comes from the distribution. A missing one is named with the Debian package that has it.
find_package(PkgConfig QUIET)
if(NOT PkgConfig_FOUND)
  message(FATAL_ERROR "pkg-config is missing: apt-get install pkg-config (or run ci/setup)")
endif()

# Imports pkg-config module MODULE as target faultline_dep::NAME, or stops and names PACKAGE.
function(faultline_pkg NAME MODULE PACKAGE)
  pkg_check_modules(${NAME} QUIET IMPORTED_TARGET GLOBAL ${MODULE})
  if(NOT ${NAME}_FOUND)
    message(FATAL_ERROR "${MODULE} is missing: apt-get install ${PACKAGE} (or run ci/setup)")
  endif()
  add_library(faultline_dep::${NAME} ALIAS PkgConfig::${NAME})
endfunction()

# The same for a package with a CMake config file.
macro(faultline_package NAME PACKAGE)
  find_package(${NAME} QUIET)
  if(NOT ${NAME}_FOUND)
    message(FATAL_ERROR "${NAME} is missing: apt-get install ${PACKAGE} (or run ci/setup)")
  endif()
endmacro()

faultline_package(Threads libc6-dev)
if(FAULTLINE_TESTS)
  faultline_package(GTest "libgtest-dev libgmock-dev")
else()
  find_package(GTest QUIET)  # for faultline-suite
endif()
faultline_package(CLI11 libcli11-dev)
faultline_package(fmt libfmt-dev)
faultline_package(nlohmann_json nlohmann-json3-dev)
faultline_pkg(yaml_cpp yaml-cpp libyaml-cpp-dev)  # to write
faultline_pkg(libyaml yaml-0.1 libyaml-dev)       # to read: a tenth of the time
faultline_pkg(elf libelf libelf-dev)
faultline_pkg(dw libdw libdw-dev)
faultline_pkg(sqlite sqlite3 libsqlite3-dev)
faultline_pkg(dpdk libdpdk libdpdk-dev)

find_library(FAULTLINE_FIU_STATIC NAMES libfiu.a)
if(NOT FAULTLINE_FIU_STATIC)
  message(FATAL_ERROR "libfiu is missing: apt-get install libfiu-dev (or run ci/setup)")
endif()
find_library(FAULTLINE_ZYDIS NAMES Zydis)
if(NOT FAULTLINE_ZYDIS)
  message(FATAL_ERROR "Zydis is missing: apt-get install libzydis-dev (or run ci/setup)")
endif()
# Not by pkg-config: its -pthread would make the precompiled headers unusable.
find_library(FAULTLINE_RE2 NAMES re2)
if(NOT FAULTLINE_RE2)
  message(FATAL_ERROR "RE2 is missing: apt-get install libre2-dev (or run ci/setup)")
endif()
