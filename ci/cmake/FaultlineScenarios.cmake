# faultline_add_scenarios(SCENARIOS FILE_OR_DIRECTORY...
#                         [PROGRAM TARGET_OR_PATH] [PROFILE NAME] [SET NAME=VALUE...] [DATA DIRECTORY...]
#                         [PREFIX NAME] [TIMEOUT SECONDS] [LABELS LABEL...] [SKIP_WHEN_IMPOSSIBLE])
#
# Adds each scenario as a test of CTest that runs it and passes when nothing is found but what the scenario knows.
#   SCENARIOS  files, or directories with *.yaml files (those in profiles, catalogue, steps, baselines and schema are
#              other data), relative to the current source directory
#   PROGRAM    what is tested: an executable target of this project, or a path; default: what the profile says
#   PROFILE, SET, DATA  as the options of `faultline run`
#   PREFIX     of the tests' names, PREFIX.DIRECTORY.FILE; default: faultline
#   TIMEOUT    of each test in seconds; default: 300
#   SKIP_WHEN_IMPOSSIBLE  a machine that cannot run the scenario (no hugepages, say) skips the test; else it fails
function(faultline_add_scenarios)
  cmake_parse_arguments(PARSE_ARGV 0 ARG "SKIP_WHEN_IMPOSSIBLE" "PROGRAM;PROFILE;PREFIX;TIMEOUT"
                        "SCENARIOS;SET;DATA;LABELS")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "faultline_add_scenarios: unknown argument ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(ARG_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "faultline_add_scenarios: ${ARG_KEYWORDS_MISSING_VALUES} needs a value")
  endif()
  if(NOT ARG_SCENARIOS)
    message(FATAL_ERROR "faultline_add_scenarios: SCENARIOS names no file")
  endif()
  if(NOT ARG_PREFIX)
    set(ARG_PREFIX faultline)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()

  set(options "")
  if(ARG_PROGRAM MATCHES "/")
    list(APPEND options --program "${ARG_PROGRAM}")
  elseif(TARGET "${ARG_PROGRAM}")
    list(APPEND options --program "$<TARGET_FILE:${ARG_PROGRAM}>")
  elseif(ARG_PROGRAM)
    message(FATAL_ERROR "faultline_add_scenarios: PROGRAM ${ARG_PROGRAM} is neither a target that is there already "
                        "nor a path")
  endif()
  if(ARG_PROFILE)
    list(APPEND options --profile "${ARG_PROFILE}")
  endif()
  foreach(value IN LISTS ARG_SET)
    list(APPEND options --set "${value}")
  endforeach()
  foreach(directory IN LISTS ARG_DATA)
    get_filename_component(directory "${directory}" ABSOLUTE)
    list(APPEND options --data "${directory}")
  endforeach()

  foreach(scenario IN LISTS ARG_SCENARIOS)
    get_filename_component(scenario "${scenario}" ABSOLUTE)
    if(IS_DIRECTORY "${scenario}")
      file(GLOB_RECURSE files CONFIGURE_DEPENDS "${scenario}/*.yaml")
      list(FILTER files EXCLUDE REGEX "/(profiles|catalogue|steps|baselines|schema)/[^/]*$")
      if(NOT files)
        message(FATAL_ERROR "faultline_add_scenarios: no *.yaml file in ${scenario}")
      endif()
    elseif(EXISTS "${scenario}")
      set(files "${scenario}")
    else()
      message(FATAL_ERROR "faultline_add_scenarios: ${scenario} does not exist")
    endif()
    foreach(file IN LISTS files)
      file(RELATIVE_PATH name "${CMAKE_CURRENT_SOURCE_DIR}" "${file}")
      string(REGEX REPLACE "\\.yaml$" "" name "${name}")
      string(REGEX REPLACE "^(\\.\\./)+" "" name "${name}")
      string(REPLACE "/" "." name "${name}")
      set(test "${ARG_PREFIX}.${name}")
      add_test(NAME "${test}" COMMAND Faultline::faultline run "${file}" ${options})
      set_tests_properties("${test}" PROPERTIES TIMEOUT "${ARG_TIMEOUT}" LABELS "${ARG_LABELS}")
      if(ARG_SKIP_WHEN_IMPOSSIBLE)
        set_tests_properties("${test}" PROPERTIES SKIP_RETURN_CODE 3)
      endif()
    endforeach()
  endforeach()
endfunction()
