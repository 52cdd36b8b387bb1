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
    case ValueKind::kWords:
      return fmt::format("{} {}", option.or_file ? "known_or_file" : "known", option.words);
    case ValueKind::kText:
      return "nothing";
    case ValueKind::kFlag:
      break;
  }
  return "";
}

// "COMMAND OPTION" of those that take a value, quoted for a pattern of a `case`.
std::vector<std::string> ValueOptions(const std::string& command,
                                      const std::vector<OptionDescription>& options) {
  std::vector<std::string> words;
  for (const OptionDescription& option : options) {
    for (const std::string& name : option.names) {
      if (option.kind != ValueKind::kFlag) {
        words.push_back(fmt::format("'{} {}'", command, name));
      }
    }
  }
  return words;
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

# What faultline knows at this moment: scenarios, points, findings of $store and so on, one component
# of a path at a time.
_faultline_known() {
  local word rest
  while IFS=$'\t' read -r word rest; do
    [[ $word == "$cur"* ]] || continue
    rest=${word#"$cur"}
    [[ $rest == */* ]] && word=$cur${rest%%/*}/
    printf '%s\n' "$word"
  done < <("${COMP_WORDS[0]/#\~/$HOME}" words "$1" ${store:+"$store"} 2>/dev/null) | sort -u
}

# Offers what may be a value: file, directory, words WORD..., known WHAT, known_or_file WHAT, nothing.
_faultline_value() {
  local kind=$1
  shift
  case $kind in
    file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    known) mapfile -t COMPREPLY < <(_faultline_known "$1") ;;
    known_or_file)
      mapfile -t COMPREPLY < <({ compgen -d -S / -- "$cur"; compgen -f -X '!*.yaml' -- "$cur"; _faultline_known "$1"; } |
        sort -u)
      ;;
    directory) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    words) mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur") ;;
    nothing) COMPREPLY=() ;;
  esac
  # What is only the beginning of a name is typed on.
  [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != */ ]] || compopt -o nospace
}

_faultline() {
  local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' store='' word i
  local -i given=0  # arguments of the command before this word
  COMPREPLY=()
  # bash takes --json=FILE for three words.
  if [[ $cur == = ]]; then
    cur=''
  elif [[ $previous == = && $COMP_CWORD -ge 2 ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
)";

constexpr char kOptionsOrCommands[] = R"(  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options $global" -- "$cur")
    return
  elif [[ -z $command ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
    return
  fi
  case "$command $given" in
)";

constexpr char kTail[] = R"(  esac
} && complete -F _faultline faultline
)";

}  // namespace

std::string BashCompletion(const CommandDescription& program) {
  std::vector<std::string> commands;
  std::vector<std::string> with_value = ValueOptions("", program.options);
  for (const CommandDescription& command : program.commands) {
    commands.push_back(command.name);
    for (const std::string& option : ValueOptions(command.name, command.options)) {
      with_value.push_back(option);
    }
  }
  std::string text = kHead;
  text += fmt::format("  local commands='{}' options=''\n", fmt::join(commands, " "));
  text += fmt::format("  local global='{}'\n", fmt::join(Names(program.options), " "));
  text += fmt::format(
      "  # The command is the first word that is neither an option nor the value of one, and what "
      "follows of that\n"
      "  # kind are its arguments; the first of them is the store of those commands that read "
      "one.\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    word=${{COMP_WORDS[i]}}\n"
      "    case $word in\n"
      "      =) i=$((i + 1)); continue ;;\n"
      "      -*) ;;\n"
      "      *)\n"
      "        if [[ -z $command ]]; then\n"
      "          command=$word\n"
      "        else\n"
      "          given=$((given + 1))\n"
      "          store=${{store:-${{word/#\\~/$HOME}}}}\n"
      "        fi\n"
      "        continue\n"
      "        ;;\n"
      "    esac\n"
      "    [[ ${{COMP_WORDS[i + 1]-}} != = ]] || continue\n"
      "    case \"$command $word\" in\n"
      "      {}) i=$((i + 1)) ;;\n"
      "    esac\n"
      "    case \" $word\" in\n"
      "      {}) [[ -z $command ]] || i=$((i + 1)) ;;\n"
      "    esac\n"
      "  done\n",
      fmt::join(with_value, " | "), fmt::join(ValueOptions("", program.options), " | "));
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
    text += fmt::format("    {}) options='{}' ;;\n", command.name,
                        fmt::join(Names(command.options), " "));
  }
  text += kOptionsOrCommands;
  for (const CommandDescription& command : program.commands) {
    for (size_t i = 0; i < command.arguments.size(); ++i) {
      const OptionDescription& argument = command.arguments[i];
      text += argument.repeatable ? fmt::format("    {}\\ *) ", command.name)
                                  : fmt::format("    {}\\ {}) ", command.name, i);
      text += fmt::format("_faultline_value {} ;;\n", Action(argument));
    }
  }
  return text + kTail;
}

}  // namespace faultline
