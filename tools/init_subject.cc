#include "tools/init_subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>

#include "harness/base/failure.h"
#include "harness/base/program_path.h"
#include "harness/scenario/substitute.h"
#include "harness/target/elf_facts.h"
#include "harness/target/safety.h"

namespace faultline {
namespace {

bool HasOption(const std::vector<std::string>& args, const std::vector<std::string>& options) {
  return std::any_of(args.begin(), args.end(), [&](const std::string& arg) {
    return std::any_of(options.begin(), options.end(), [&](const std::string& option) {
      return arg == option || arg.starts_with(option + "=") ||
             (option.size() == 2 && arg.starts_with(option));
    });
  });
}

// What the user wrote like a variable is none, but for the names that only a run knows.
std::string EscapedForYaml(const std::string& text) {
  std::string escaped;
  for (size_t i = 0; i < text.size(); ++i) {
    escaped += text[i];
    const bool is_reference = text.compare(i, 2, "${") == 0;
    const size_t end = is_reference ? text.find('}', i) : std::string::npos;
    const bool is_known =
        end != std::string::npos && RunTimeNames().contains(text.substr(i + 2, end - i - 2));
    if ((is_reference && !is_known) || text.compare(i, 2, "$$") == 0) {
      escaped += '$';
    }
  }
  return escaped;
}

// A file in the user's directory is not in that of a run.
std::string WithAbsolutePath(const std::string& argument, InitSubject& subject) {
  const size_t value_at = argument.starts_with("-") && argument.find('=') != std::string::npos
                              ? argument.find('=') + 1
                              : 0;
  const std::filesystem::path path = argument.substr(value_at);
  std::error_code ignored;
  // A mere word may have the name of a directory by chance.
  const bool is_there = std::filesystem::is_regular_file(path, ignored) ||
                        (std::filesystem::is_directory(path, ignored) &&
                         path.native().find('/') != std::string::npos);
  if (path.empty() || path.is_absolute() || !is_there) {
    return argument;
  }
  const std::filesystem::path absolute = std::filesystem::absolute(path).lexically_normal();
  subject.changed_args.push_back(fmt::format("{} -> {}", path.string(), absolute.string()));
  return argument.substr(0, value_at) + absolute.string();
}

// Where in the run directory each place is.
std::map<std::string, std::string> InRunDir(const std::vector<ArgumentPlace>& places) {
  std::map<std::string, std::string> moved;
  std::vector<std::string> taken;
  for (const ArgumentPlace& place : places) {
    const bool is_below = std::any_of(moved.begin(), moved.end(), [&](const auto& above) {
      return place.path.starts_with(above.first + "/");
    });
    const std::string there =
        place.kind == ArgumentPlace::Kind::kEmptyDirectory
            ? "${run_dir}"
            : "${run_dir}/" + std::filesystem::path(place.path).filename().string();
    const bool is_taken = std::find(taken.begin(), taken.end(), there) != taken.end();
    if (place.kind != ArgumentPlace::Kind::kDirectory && !is_below && !is_taken) {
      moved[place.path] = there;
      taken.push_back(there);
    }
  }
  return moved;
}

// What a program on DPDK must have so that runs of it neither touch the machine nor each other.
void AddDpdkArguments(const std::vector<std::string>& given, InitSubject& subject) {
  if (!subject.has_dpdk) {
    return;
  }
  const auto add = [&](const std::vector<std::string>& options,
                       const std::vector<std::string>& args) {
    if (!HasOption(given, options)) {
      subject.args.insert(subject.args.end(), args.begin(), args.end());
    }
  };
  if (!HasOption(given, {"--no-pci"})) {
    subject.args.insert(subject.args.begin(), "--no-pci");
  }
  if (subject.has_spdk) {
    add({"-r", "--rpc-socket"}, {"-r", "${rpc_socket}"});
    add({"--no-huge", "--huge-dir"}, {"--no-huge"});
    add({"-s", "--mem-size"}, {"-s", "1024"});
    add({"--lcores", "-m", "--cpumask"}, {"--lcores", "0@${cpu}"});
    add({"--disable-cpumask-locks"}, {"--disable-cpumask-locks"});
    return;
  }
  add({"--lcores", "-l", "-c"}, {"--lcores=0@${cpu},1@${second_cpu}"});
  add({"--file-prefix", "--in-memory"}, {"--file-prefix=${file_prefix}"});
  if (!HasOption(given, {"--no-huge", "--huge-dir", "--in-memory", "--socket-mem"})) {
    subject.args.emplace_back("--no-huge");
    add({"-m"}, {"-m", "64"});
  }
}

}  // namespace

std::string QuotedText(const std::string& text) {
  std::string escaped;
  for (size_t i = 0; i < text.size(); ++i) {
    escaped += text[i];
    if (text[i] == '$' && i + 1 < text.size() && (text[i + 1] == '{' || text[i + 1] == '$')) {
      escaped += '$';
    }
  }
  return nlohmann::json(escaped).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

InitSubject MakeInitSubject(const std::filesystem::path& program, const std::string& name,
                            const std::vector<std::string>& args) {
  InitSubject subject;
  subject.program = program;
  subject.name = name.empty() ? program.filename().string() : name;
  if (subject.name.find_first_of("/ \t\n") != std::string::npos || subject.name.starts_with(".")) {
    throw Failure::BadInput(
        fmt::format("--name {}: expected a word that can be the name of a file", subject.name));
  }
  subject.has_dpdk = UsesDpdk(subject.program);
  subject.has_spdk = subject.has_dpdk && FileContains(subject.program, {"spdk_app_start"});
  const auto app = std::find(args.begin(), args.end(), "--");
  const std::vector<std::string> own(args.begin(), app);
  for (const std::string& arg : own) {
    subject.args.push_back(EscapedForYaml(WithAbsolutePath(arg, subject)));
  }
  for (auto arg = app; arg != args.end(); ++arg) {
    subject.app_args.push_back(EscapedForYaml(WithAbsolutePath(*arg, subject)));
  }
  subject.has_free_port = std::any_of(args.begin(), args.end(), [](const std::string& arg) {
    return arg.find("${free_port}") != std::string::npos;
  });
  AddDpdkArguments(own, subject);
  return subject;
}

void UseFreePort(const std::vector<int>& tcp_ports, InitSubject& subject) {
  if (tcp_ports.size() != 1) {
    return;
  }
  const std::string port = std::to_string(tcp_ports.front());
  for (auto* args : {&subject.args, &subject.app_args}) {
    for (std::string& arg : *args) {
      if (!arg.ends_with(port)) {
        continue;
      }
      const std::string before = arg.substr(0, arg.size() - port.size());
      if (before.empty() || before.ends_with('=') || before.ends_with(':')) {
        subject.changed_args.push_back(fmt::format("{} -> {}${{free_port}}", arg, before));
        arg = before + "${free_port}";
        subject.has_free_port = true;
      }
    }
  }
}

bool UseRunDir(const std::vector<ArgumentPlace>& places, InitSubject& subject) {
  const std::map<std::string, std::string> moved = InRunDir(places);
  bool changed = false;
  for (auto* args : {&subject.args, &subject.app_args}) {
    for (std::string& arg : *args) {
      const size_t at = PathInArgument(arg);
      if (at == std::string::npos) {
        continue;
      }
      const std::string path = std::filesystem::path(arg.substr(at)).lexically_normal();
      for (const auto& [from, to] : moved) {
        if (path == from || path.starts_with(from + "/")) {
          const std::string rest = path.substr(from.size());
          const std::string now = arg.substr(0, at) + to + (rest == "/" ? "" : rest);
          subject.changed_args.push_back(fmt::format("{} -> {}", arg, now));
          arg = now;
          changed = true;
          break;
        }
      }
    }
  }
  return changed;
}

bool IsOfOnesOwn(const InitSubject& subject, const std::filesystem::path& in_child) {
  const bool is_script = ExecutedFor(subject.program) != subject.program;
  const std::filesystem::path& program = is_script ? in_child : subject.program;
  if (program.empty()) {
    return false;
  }
  constexpr const char* kSystem[] = {"/usr/", "/bin/", "/sbin/", "/lib", "/opt/", "/snap/"};
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(program, error);
  const std::string path = error ? program.string() : real.string();
  return path.starts_with("/usr/local/") ||
         std::none_of(std::begin(kSystem), std::end(kSystem),
                      [&](const char* prefix) { return path.starts_with(prefix); });
}

Profile StartOf(const InitSubject& subject) {
  Profile profile;
  profile.name = subject.name;
  profile.args = subject.args;
  profile.app_args = subject.app_args;
  profile.terminal = true;
  if (subject.has_dpdk) {
    profile.required_args = {"--no-pci"};
    profile.environment["RUNTIME_DIRECTORY"] = "${run_dir}";
  }
  return profile;
}

}  // namespace faultline
