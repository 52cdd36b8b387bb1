# What `cmake --install` and the package hold. Everything is found relative to the program, so a prefix may be moved.
#   bin/faultline, bin/faultline-suite
#   lib/faultline/               the agent, the reference targets
#   lib/cmake/Faultline/         find_package(Faultline)
#   share/faultline/scenarios/   the data
#   share/man, share/bash-completion, share/zsh
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(FAULTLINE_ZSH_COMPLETIONS share/zsh/site-functions CACHE STRING
    "Where zsh looks for completions, below the prefix; Debian's own packages use share/zsh/vendor-completions")

# Manual pages and completions are made of what the command line declares.
faultline_executable(faultline-manual SOURCES tools/manual.cc LIBS faultline_cli faultline_program)
target_compile_definitions(faultline-manual PRIVATE FAULTLINE_VERSION="${PROJECT_VERSION}")
set(generated ${CMAKE_BINARY_DIR}/generated)
add_custom_command(
  OUTPUT ${generated}/stamp
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${generated}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${generated}/man ${generated}/bash ${generated}/zsh
  COMMAND faultline-manual ${generated}
  COMMAND ${CMAKE_COMMAND} -E touch ${generated}/stamp
  DEPENDS faultline-manual
  COMMENT "Manual pages and completions"
  VERBATIM)
add_custom_target(faultline_generated ALL DEPENDS ${generated}/stamp)

install(TARGETS faultline RUNTIME DESTINATION bin)
if(TARGET faultline-suite)
  install(TARGETS faultline-suite RUNTIME DESTINATION bin)
endif()
install(TARGETS faultline_agent LIBRARY DESTINATION lib/faultline)
install(TARGETS reference-target-debug reference-target-release RUNTIME DESTINATION lib/faultline)
install(DIRECTORY scenarios DESTINATION share/faultline)
install(DIRECTORY ${generated}/man/ DESTINATION share/man/man1)
install(DIRECTORY ${generated}/bash/ DESTINATION share/bash-completion/completions)
install(DIRECTORY ${generated}/zsh/ DESTINATION ${FAULTLINE_ZSH_COMPLETIONS})
install(FILES README.md CHANGELOG.md DESTINATION share/doc/faultline)
install(FILES LICENSE DESTINATION share/doc/faultline RENAME copyright)

configure_package_config_file(
  ci/cmake/FaultlineConfig.cmake.in ${CMAKE_BINARY_DIR}/FaultlineConfig.cmake
  INSTALL_DESTINATION lib/cmake/Faultline)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/FaultlineConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/FaultlineConfig.cmake ${CMAKE_BINARY_DIR}/FaultlineConfigVersion.cmake
              ci/cmake/FaultlineScenarios.cmake
        DESTINATION lib/cmake/Faultline)

# ci/package makes the .deb.
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz) # half the size of gzip, which is the default
set(CPACK_PACKAGE_CONTACT "The Faultline developers <faultline@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "fault injection at start-up for SPDK and DPDK programs")
set(CPACK_PACKAGE_DESCRIPTION
    "Runs a real program that is built on SPDK or DPDK, makes one chosen call fail\n\
while it starts, stops it, and judges whether it backed out cleanly: crashes,\n\
hangs, leaks, failures that nobody reported.")
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES OFF)  # see DebianLayout.cmake
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/ci/cmake/DebianLayout.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS gdb)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "dpdk-dev, cmake")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
