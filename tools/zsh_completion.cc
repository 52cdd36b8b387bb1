#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "tools/completion.h"

namespace faultline {
namespace {

// Within single quotes, and within [] and between colons of a specification of _arguments.
std::string Quoted(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else if (c == '[' || c == ']' || c == ':' || c == '\\') {
      out += std::string("\\") + c;
    } else {
      out += c;
    }
  }
  return out;
}

// ":message:action" of a value, "" for a flag.
std::string Value(const OptionDescription& option) {
  const std::string message = ":" + Quoted(option.value) + ":";
  switch (option.kind) {
    case ValueKind::kFile:
      return message + "_files";
    case ValueKind::kDirectory:
      return message + "_files -/";
    case ValueKind::kChoice:
      return message + fmt::format("({})", fmt::join(option.choices, " "));
    case ValueKind::kWords:
      // The blank: no options of compadd stand before the argument.
      return message + fmt::format(" _faultline_{} {}", option.or_file ? "known_or_file" : "known",
                                   option.words);
    case ValueKind::kText:
      return message + " ";
    case ValueKind::kFlag:
      break;
  }
  return "";
}

// One specification for each name of each option, for _arguments.
std::string Specifications(const std::vector<OptionDescription>& options) {
  std::string text;
  for (const OptionDescription& option : options) {
    const std::string first =
        option.repeatable ? "*" : fmt::format("({})", fmt::join(option.names, " "));
    for (const std::string& name : option.names) {
      text += fmt::format(" \\\n        '{}{}[{}]{}'", first,
                          option.kind == ValueKind::kFlag || name.size() == 2 ? name : name + "=",
                          Quoted(option.text), Value(option));
    }
  }
  return text;
}

std::string ArgumentSpecifications(const std::vector<OptionDescription>& arguments) {
  std::string text;
  for (const OptionDescription& argument : arguments) {
    text += fmt::format(" \\\n        '{}{}'", argument.repeatable ? "*" : "", Value(argument));
  }
  return text;
}

}  // namespace

std::string ZshCompletion(const CommandDescription& program) {
  std::string text =
      "#compdef faultline\n"
      "# zsh completion for faultline. Made by `faultline completion zsh`: do not edit.\n\n"
      "# What faultline knows at this moment: scenarios, points, findings of a store and so on.\n"
      "_faultline_known() {\n"
      "  local what=$1 one\n"
      "  local -a known described\n"
      "  known=(${(f)\"$(${~faultline_program} words $what ${(Q)~line[1]} 2>/dev/null)\"})\n"
      "  if [[ $what == (findings|sites) ]]; then\n"
      "    for one in $known; do described+=(\"${one%%$'\\t'*}:${one#*$'\\t'}\"); done\n"
      "    _describe -t $what $what described\n"
      "  else\n"
      "    _multi_parts / known\n"
      "  fi\n"
      "}\n\n"
      "_faultline_known_or_file() {\n"
      "  local what=$1\n"
      "  _alternative \"files:file:_files -g '*.yaml'\" \"$what:$what: _faultline_known $what\"\n"
      "}\n\n"
      "_faultline() {\n"
      "  local context state state_descr line faultline_program=$words[1]\n"
      "  typeset -A opt_args\n"
      "  local -a commands\n"
      "  commands=(\n";
  for (const CommandDescription& command : program.commands) {
    text += fmt::format("    '{}:{}'\n", command.name, Quoted(command.text));
  }
  text += "  )\n  _arguments -C" + Specifications(program.options) +
          " \\\n        '1: :->command' \\\n        '*:: :->argument'\n"
          "  case $state in\n"
          "    command) _describe -t commands command commands ;;\n"
          "    argument)\n"
          "      case $words[1] in\n";
  for (const CommandDescription& command : program.commands) {
    text += fmt::format("        {}) _arguments{}{}{} ;;\n", command.name,
                        Specifications(command.options), Specifications(program.options),
                        ArgumentSpecifications(command.arguments));
  }
  return text +
         "      esac\n"
         "      ;;\n"
         "  esac\n"
         "}\n\n"
         "if [ \"$funcstack[1]\" = _faultline ]; then\n"
         "  _faultline \"$@\"\n"
         "else\n"
         "  compdef _faultline faultline\n"
         "fi\n";
}

}  // namespace faultline
