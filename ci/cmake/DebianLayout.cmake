# CPack runs this on what is to be packed. A .deb has its manual pages and its changelog compressed, as Debian's policy
# wants, and no debug information in the programs of ours. The agent and the reference targets keep theirs: stacks and
# lines of them are what a report shows.
if(CPACK_GENERATOR STREQUAL "DEB")
  set(prefix "${CPACK_TEMPORARY_INSTALL_DIRECTORY}${CPACK_PACKAGING_INSTALL_PREFIX}")
  file(GLOB programs "${prefix}/bin/*")
  foreach(program IN LISTS programs)
    execute_process(COMMAND strip --strip-unneeded "${program}" COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  file(RENAME "${prefix}/share/doc/faultline/CHANGELOG.md" "${prefix}/share/doc/faultline/changelog")
  file(GLOB texts "${prefix}/share/man/man1/*.1" "${prefix}/share/doc/faultline/changelog")
  execute_process(COMMAND gzip --best --no-name --force ${texts} COMMAND_ERROR_IS_FATAL ANY)
endif()
