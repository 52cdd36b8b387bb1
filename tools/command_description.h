#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace faultline {

// What a value is, as far as a shell can complete it.
// kWords: one of those that `faultline words` prints at that moment.
enum class ValueKind { kFlag, kText, kFile, kDirectory, kChoice, kWords };

// An option, or an argument without a name, as its command declares it.
struct OptionDescription {
  std::vector<std::string> names;  // "-v", "--verbose"; empty for an argument without a name
  std::string value;               // "FILE", "NAME=VALUE"; "" for a flag
  ValueKind kind = ValueKind::kFlag;
  std::vector<std::string> choices;  // of kChoice
  std::string words;                 // of kWords: the argument of `faultline words`
  bool or_file = false;              // of kWords: a file will do as well
  std::string text;                  // what it does
  std::string group;                 // heading in --help
  bool required = false;
  bool repeatable = false;

  bool is_argument() const { return names.empty(); }
};

// A command, as data: what man pages and completions are made of, so that they say what the
// program does. The first has the program's own options and every sub-command.
struct CommandDescription {
  std::string name;
  std::string text;
  std::string footer;  // examples, notes
  std::vector<OptionDescription> options;
  std::vector<OptionDescription> arguments;
  std::vector<CommandDescription> commands;
};

CommandDescription Describe(const CLI::App& app);

}  // namespace faultline
