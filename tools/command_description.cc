#include "tools/command_description.h"

#include <algorithm>
#include <sstream>

namespace faultline {
namespace {

// CLI11 appends what a validator says to the value's name, "TEXT:{outermost,innermost,all}".
std::vector<std::string> Choices(const std::string& type_name) {
  const size_t begin = type_name.find('{');
  const size_t end = type_name.find('}', begin);
  std::vector<std::string> choices;
  if (begin != std::string::npos && end != std::string::npos) {
    std::istringstream words(type_name.substr(begin + 1, end - begin - 1));
    for (std::string word; std::getline(words, word, ',');) {
      choices.push_back(word);
    }
  }
  return choices;
}

struct WordsOf {
  const char* name;  // of an option, or of an argument
  const char* words;
  bool or_file = false;
};

// What is known by name, and is asked of the program itself at each completion.
constexpr WordsOf kWordsOf[] = {{"scenario", "scenarios", true},
                                {"finding", "findings"},
                                {"site", "sites"},
                                {"what", "lists"},
                                {"--profile", "profiles"},
                                {"--baseline", "baselines", true},
                                {"--points", "points"},
                                {"--exclude", "points"},
                                {"--groups", "groups"},
                                {"--kind", "kinds"}};

ValueKind KindOf(const OptionDescription& option) {
  const std::string& value = option.value;
  if (value.empty()) {
    return ValueKind::kFlag;
  }
  if (!option.choices.empty()) {
    return ValueKind::kChoice;
  }
  if (!option.words.empty()) {
    return ValueKind::kWords;
  }
  if (value.starts_with("DIR")) {
    return ValueKind::kDirectory;
  }
  const auto is = [&](const char* word) { return value.starts_with(word); };
  return is("FILE") || is("PATH") || is("STORE") || is("OUT") || is("BEFORE") || is("AFTER")
             ? ValueKind::kFile
             : ValueKind::kText;
}

OptionDescription DescribeOption(const CLI::Option& option) {
  OptionDescription description;
  for (const std::string& name : option.get_snames()) {
    description.names.push_back("-" + name);
  }
  for (const std::string& name : option.get_lnames()) {
    description.names.push_back("--" + name);
  }
  description.text = option.get_description();
  description.group = option.get_group();
  description.required = option.get_required();
  description.repeatable = option.get_expected_max() > 1;
  if (option.get_items_expected_max() > 0) {
    const std::string type_name = option.get_type_name();
    description.choices = Choices(type_name);
    description.value = type_name.substr(0, type_name.find(':'));
    if (description.value.empty()) {
      description.value = "VALUE";
    }
  }
  const std::string name = option.get_name(/*positional=*/option.get_positional());
  for (const WordsOf& words : kWordsOf) {
    if (words.name == name) {
      description.words = words.words;
      description.or_file = words.or_file;
    }
  }
  description.kind = KindOf(description);
  return description;
}

}  // namespace

CommandDescription Describe(const CLI::App& app) {
  CommandDescription command;
  command.name = app.get_name();
  command.text = app.get_description();
  command.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options()) {
    OptionDescription description = DescribeOption(*option);
    if (description.group.empty()) {
      continue;  // hidden
    }
    (description.is_argument() ? command.arguments : command.options)
        .push_back(std::move(description));
  }
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!sub->get_group().empty()) {
      command.commands.push_back(Describe(*sub));
    }
  }
  return command;
}

}  // namespace faultline
