#include "tools/suite_options.h"

#include <fmt/format.h>

#include "harness/report/wrap.h"

namespace faultline {
namespace {

constexpr size_t kWidth = 100;
constexpr size_t kColumn = 28;  // of what an option does

OptionDescription Option(const char* name, const char* value, ValueKind kind, const char* text) {
  OptionDescription option;
  option.names = {name};
  option.value = value;
  option.kind = kind;
  option.text = text;
  option.group = "Options";
  return option;
}

}  // namespace

CommandDescription DescribeSuite() {
  CommandDescription suite;
  suite.name = "faultline-suite";
  suite.text =
      "Runs every scenario below a directory as a test of GoogleTest. A test passes when the "
      "findings are those that its scenario knows, and is skipped when its program is not here or "
      "the machine cannot give it what it needs.";
  suite.footer =
      "Examples:\n"
      "  faultline-suite --gtest_filter='*reference_start' --report html=r.html,junit=r.xml\n"
      "  faultline-suite ~/mine --gtest_list_tests\n"
      "  GTEST_TOTAL_SHARDS=4 GTEST_SHARD_INDEX=0 faultline-suite\n"
      "Exit code 0 when no test failed, 1 when one did, 2 when the input is wrong, 3 when the "
      "machine could not do its work.";
  OptionDescription directory;
  directory.value = "DATA_DIR";
  directory.kind = ValueKind::kDirectory;
  directory.text = "the scenarios and what they name; default: those that came with Faultline";
  suite.arguments = {directory};
  suite.options = {
      Option("--report", "FORMAT=FILE,...", ValueKind::kText,
             "one report of all scenarios: html, junit, sarif, markdown, json, github; - is "
             "standard output, which GoogleTest writes to as well"),
      Option("--version", "", ValueKind::kFlag, "say which version this is"),
      Option("--gtest_filter", "PATTERNS", ValueKind::kText,
             "run only these tests; --help lists all options of GoogleTest"),
      Option("--gtest_output", "xml:FILE", ValueKind::kText,
             "GoogleTest's own report; --report junit=FILE has what was found")};
  return suite;
}

std::string SuiteHelp() {
  const CommandDescription suite = DescribeSuite();
  std::string text = fmt::format("usage: {} [{}] [--report FORMAT=FILE,...] [--gtest_...]\n\n",
                                 suite.name, suite.arguments.front().value);
  text += Wrapped(suite.text, kWidth, 0) + "\n";
  const auto tell = [&text](const std::string& head, const std::string& what) {
    text += Wrapped(fmt::format("  {:<{}}{}", head, kColumn - 2, what), kWidth, kColumn - 2);
  };
  for (const OptionDescription& argument : suite.arguments) {
    tell(argument.value, argument.text);
  }
  for (const OptionDescription& option : suite.options) {
    tell(option.names.front() + (option.value.empty() ? "" : "=" + option.value), option.text);
  }
  return text + "\n" + Wrapped(suite.footer, kWidth, 0) + "\n";
}

}  // namespace faultline
