#include "tools/init_subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/failure.h"
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

// Run-time names are variables, so what the user wrote like one is none.
std::string Escaped(const std::string& text) {
  const std::string quoted = QuotedText(text);
  return nlohmann::json::parse(quoted).get<std::string>();
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
    subject.args.push_back(Escaped(arg));
  }
  for (auto arg = app; arg != args.end(); ++arg) {
    subject.app_args.push_back(Escaped(*arg));
  }
  AddDpdkArguments(own, subject);
  return subject;
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
