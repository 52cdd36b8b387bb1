// faultline-manual DIRECTORY: writes the manual pages of faultline, its sub-commands and
// faultline-suite to man/ there, and the completions to bash/faultline and zsh/_faultline. Only the
// build runs it.

#include <filesystem>
#include <string>

#include "harness/base/output_file.h"
#include "tools/command_line.h"
#include "tools/completion.h"
#include "tools/man_page.h"
#include "tools/program_main.h"
#include "tools/suite_options.h"

namespace faultline {
namespace {

int Main(int argc, char** argv) {
  if (argc != 2) {
    throw Failure::BadInput("usage: faultline-manual DIRECTORY");
  }
  const std::filesystem::path directory = argv[1];
  const CommandLine command_line;
  const CommandDescription program = Describe(command_line.app());
  const auto write = [&](const std::string& file, const std::string& text) {
    OutputFile("DIRECTORY", directory / file).Write(text);
  };
  const auto write_page = [&](const CommandDescription& command) {
    write("man/" + ManPageName(program, command) + ".1",
          ManPage(program, command, FAULTLINE_VERSION));
  };
  write_page(program);
  for (const CommandDescription& command : program.commands) {
    write_page(command);
  }
  const CommandDescription suite = DescribeSuite();
  write("man/" + suite.name + ".1", ManPage(suite, suite, FAULTLINE_VERSION));
  write("bash/faultline", BashCompletion(program));
  write("zsh/_faultline", ZshCompletion(program));
  return static_cast<int>(ExitCode::kAsExpected);
}

}  // namespace
}  // namespace faultline

int main(int argc, char** argv) {
  return faultline::ProgramMain("faultline-manual", argc, argv, faultline::Main);
}
