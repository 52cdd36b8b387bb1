#include "tools/man_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

namespace faultline {
namespace {

// Text as text: no character of it is a request or an escape of roff's. A hyphen that is typed is
// a minus, so that what is copied from a page works.
std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '~':
        out += "\\(ti";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '\'':
        out += "\\(aq";
        break;
      default:
        out += c;
    }
  }
  return out.starts_with('.') ? "\\&" + out : out;
}

std::string Bold(const std::string& text) { return "\\fB" + Escaped(text) + "\\fR"; }
std::string Italic(const std::string& text) { return "\\fI" + Escaped(text) + "\\fR"; }

std::string Head(const OptionDescription& option) {
  if (option.is_argument()) {
    return Italic(option.value);
  }
  std::string head;
  for (const std::string& name : option.names) {
    head += (head.empty() ? "" : ", ") + Bold(name);
  }
  return head + (option.value.empty() ? "" : " " + Italic(option.value));
}

std::string Entry(const OptionDescription& option) {
  std::string text = Escaped(option.text);
  if (option.kind == ValueKind::kChoice) {
    text += Escaped(fmt::format(" (one of: {})", fmt::join(option.choices, ", ")));
  }
  if (option.repeatable && !option.is_argument() &&
      option.text.find("repeatable") == std::string::npos &&
      option.group.find("repeatable") == std::string::npos) {
    text += " (repeatable)";
  }
  return ".TP\n" + Head(option) + "\n" + text + "\n";
}

// In the order and under the headings of --help.
std::string Options(const std::vector<OptionDescription>& options) {
  std::vector<std::string> groups;
  for (const OptionDescription& option : options) {
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end()) {
      groups.push_back(option.group);
    }
  }
  std::string text;
  for (const std::string& group : groups) {
    text += group == "Options" ? ".SH OPTIONS\n" : ".SS " + Escaped(group) + "\n";
    for (const OptionDescription& option : options) {
      text += option.group == group ? Entry(option) : "";
    }
  }
  return text;
}

std::string Synopsis(const CommandDescription& program, const CommandDescription& command) {
  std::string text = ".B " + Escaped(program.name) + "\n";
  if (!program.commands.empty() && &program == &command) {
    return text + "[" + Italic("OPTIONS") + "] " + Italic("COMMAND") + " ...\n";
  }
  text += &program == &command ? "" : Bold(command.name);
  for (const OptionDescription& argument : command.arguments) {
    text += argument.required ? " " + Italic(argument.value) : " [" + Italic(argument.value) + "]";
    text += argument.repeatable && !argument.value.ends_with("...") ? "..." : "";
  }
  for (const OptionDescription& option : command.options) {
    text += option.required ? " " + Head(option) : "";
  }
  return text + " [" + Italic("OPTIONS") + "]\n";
}

// Lines that begin with two spaces are commands to be typed; they keep their form.
std::string Footer(const std::string& footer) {
  std::string text;
  bool verbatim = false;
  std::istringstream lines(footer);
  for (std::string line; std::getline(lines, line);) {
    const bool typed = line.starts_with("  ");
    if (typed != verbatim) {
      text += typed ? ".RS\n.nf\n" : ".fi\n.RE\n.PP\n";
      verbatim = typed;
    }
    if (line == "Examples:") {
      text += ".SH EXAMPLES\n";
    } else if (typed) {
      text += Escaped(line.substr(2)) + "\n";
    } else {
      text += (text.empty()              ? ".SH NOTES\n"
               : text.ends_with(".PP\n") ? ""
                                         : ".br\n") +
              Escaped(line) + "\n";
    }
  }
  return text + (verbatim ? ".fi\n.RE\n" : "");
}

std::string Commands(const CommandDescription& program) {
  std::string text = ".SH COMMANDS\n";
  for (const CommandDescription& command : program.commands) {
    text += ".TP\n" + Bold(command.name) + "\n" + Escaped(command.text) + "\nSee " +
            Bold(ManPageName(program, command)) + "(1).\n";
  }
  return text;
}

std::string SeeAlso(const CommandDescription& program, const CommandDescription& command) {
  std::string text;
  const auto add = [&](const CommandDescription& other) {
    if (&other != &command) {
      text += (text.empty() ? "" : ",\n") + Bold(ManPageName(program, other)) + "(1)";
    }
  };
  if (program.commands.empty()) {
    return ".SH SEE ALSO\n.BR faultline (1)\n";
  }
  add(program);
  for (const CommandDescription& other : program.commands) {
    add(other);
  }
  return ".SH SEE ALSO\n" + text + "\n";
}

std::string Upper(std::string text) {
  for (char& c : text) {
    c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return text;
}

// What stands behind the name: without "Faultline: ", without a full stop.
std::string OneLine(std::string text) {
  if (const size_t colon = text.find(": "); colon != std::string::npos && colon < 12) {
    text = text.substr(colon + 2);
  }
  while (text.ends_with('.')) {
    text.pop_back();
  }
  return text;
}

}  // namespace

std::string ManPageName(const CommandDescription& program, const CommandDescription& command) {
  return &program == &command ? program.name : program.name + "-" + command.name;
}

std::string ManPage(const CommandDescription& program, const CommandDescription& command,
                    const std::string& version) {
  const std::string name = ManPageName(program, command);
  std::string page = fmt::format(".TH {} 1 \"\" \"{} {}\" \"User Commands\"\n", Upper(name),
                                 program.name, version);
  page += ".SH NAME\n" + Escaped(name) + " \\- " + Escaped(OneLine(command.text)) + "\n";
  page += ".SH SYNOPSIS\n" + Synopsis(program, command);
  page += ".SH DESCRIPTION\n" + Escaped(command.text) + "\n";
  for (const OptionDescription& argument : command.arguments) {
    page += Entry(argument);
  }
  page += &program == &command && !program.commands.empty() ? Commands(program) : "";
  page += Options(command.options);
  if (&program != &command) {
    page += ".PP\nThe options of " + Bold(program.name) + "(1) itself may stand here too.\n";
  }
  page += Footer(command.footer);
  if (&program != &command) {
    page +=
        ".SH EXIT STATUS\n0 all as expected, 1 findings, 2 wrong input, 3 the harness or the "
        "machine could not do its work.\n";
  }
  return page + SeeAlso(program, command);
}

}  // namespace faultline
