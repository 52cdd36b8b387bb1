#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "tools/completion.h"

namespace faultline {
namespace {

std::vector<std::string> Names(const std::vector<OptionDescription>& options) {
  std::vector<std::string> names;
  for (const OptionDescription& option : options) {
    names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return names;
}

// How the value of `option` is completed: an action of _faultline_value, "" when there is none.
std::string Action(const OptionDescription& option) {
  switch (option.kind) {
    case ValueKind::kFile:
      return "file";
    case ValueKind::kDirectory:
      return "directory";
    case ValueKind::kChoice:
      return fmt::format("words {}", fmt::join(option.choices, " "));
    case ValueKind::kText:
      return "nothing";
    case ValueKind::kFlag:
      break;
  }
  return "";
}

// Lines of a `case` on "COMMAND OPTION".
std::string ValueCases(const std::string& command, const std::vector<OptionDescription>& options) {
  std::string text;
  for (const OptionDescription& option : options) {
    const std::string action = Action(option);
    for (const std::string& name : option.names) {
      if (!action.empty()) {
        text +=
            fmt::format("    \"{} {}\") _faultline_value {} && return ;;\n", command, name, action);
      }
    }
  }
  return text;
}

constexpr char kHead[] =
    R"(# bash completion for faultline. Made by `faultline completion bash`: do not edit.

# Offers what may be a value: file, directory, words WORD..., nothing.
_faultline_value() {
  local kind=$1
  shift
  case $kind in
    file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    directory) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    words) mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur") ;;
    nothing) COMPREPLY=() ;;
  esac
}

_faultline() {
  local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' word i
  COMPREPLY=()
  # bash takes --json=FILE for three words.
  if [[ $cur == = ]]; then
    cur=''
  elif [[ $previous == = && $COMP_CWORD -ge 2 ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
)";

constexpr char kTail[] = R"(  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options $global" -- "$cur")
  elif [[ -z $command ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
  else
    # The words of an argument's action.
    # shellcheck disable=SC2086
    _faultline_value $argument
  fi
} && complete -F _faultline faultline
)";

}  // namespace

std::string BashCompletion(const CommandDescription& program) {
  std::vector<std::string> commands;
  std::vector<std::string> with_value;
  for (const CommandDescription& command : program.commands) {
    commands.push_back(command.name);
  }
  for (const OptionDescription& option : program.options) {
    if (option.kind != ValueKind::kFlag) {
      with_value.insert(with_value.end(), option.names.begin(), option.names.end());
    }
  }
  std::string text = kHead;
  text +=
      fmt::format("  local commands='{}' options='' argument=nothing\n", fmt::join(commands, " "));
  text += fmt::format("  local global='{}'\n", fmt::join(Names(program.options), " "));
  text += fmt::format(
      "  # The command is the first word that is neither an option nor the value of one.\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    word=${{COMP_WORDS[i]}}\n"
      "    case $word in\n"
      "      {}) i=$((i + 1)) ;;\n"
      "      -*) ;;\n"
      "      *) command=$word; break ;;\n"
      "    esac\n"
      "  done\n",
      with_value.empty() ? "''" : fmt::format("{}", fmt::join(with_value, " | ")));
  text += "  case \"$command $previous\" in\n";
  for (const CommandDescription& command : program.commands) {
    text += ValueCases(command.name, command.options);
  }
  text += "  esac\n";
  text += "  case \" $previous\" in\n";
  text += ValueCases("", program.options);
  text += "  esac\n";
  text += "  case $command in\n";
  for (const CommandDescription& command : program.commands) {
    const bool has_argument = !command.arguments.empty();
    text += fmt::format("    {}) options='{}' argument='{}' ;;\n", command.name,
                        fmt::join(Names(command.options), " "),
                        has_argument ? Action(command.arguments.front()) : "nothing");
  }
  return text + kTail;
}

}  // namespace faultline
