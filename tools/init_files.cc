#include "tools/init_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

namespace faultline {
namespace {

// A pattern or a path in which the run's own names are variables already.
std::string QuotedAsIs(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string SignalText(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? std::to_string(signal) : std::string("SIG") + name;
}

std::string ListText(const char* key, const std::vector<std::string>& values) {
  std::string text = std::string(key) + ":\n";
  for (const std::string& value : values) {
    text += "  - " + QuotedAsIs(value) + "\n";
  }
  return values.empty() ? "" : text;
}

// The way it gets ready, with the comment that says why.
std::string ReadyText(const FirstLook& look) {
  if (look.ended_by_itself) {
    return "# It runs to completion: it is as ready as it will ever be once it is started.\n"
           "ready: started\n";
  }
  if (!look.rpc_method.empty()) {
    return fmt::format(
        "# It answered this request on ${{rpc_socket}}.\nrpc: true\nready: {{rpc: {}}}\n",
        look.rpc_method);
  }
  if (!look.ready_pattern.empty()) {
    return fmt::format(
        "# The line by which its start seemed to be over; choose a better one if there is.\n"
        "ready: {{log: {}}}\n",
        QuotedAsIs(look.ready_pattern));
  }
  return "# It said nothing: a line that says that it is ready would make runs faster and "
         "surer.\n"
         "ready: started\n";
}

std::string EndText(const FirstLook& look) {
  if (look.ended_by_itself) {
    return "stop: by_itself\n";
  }
  if (!look.stop_signal) {
    return "# It ended neither by SIGTERM nor by SIGINT within 10 s. Say how it is stopped:\n"
           "# stop: {type: \"quit\\n\"}, stop: {rpc: METHOD} or stop: {run: [PROGRAM, ...]}\n";
  }
  std::string text = *look.stop_signal == SIGTERM
                         ? std::string()
                         : fmt::format("# SIGTERM did not end it.\nstop: {{signal: {}}}\n",
                                       SignalText(*look.stop_signal));
  if (look.exit.kind == ExitStatus::Kind::kSignaled) {
    text += fmt::format(
        "# It takes no measures at {0}: it dies of it, and gives nothing back.\n"
        "clean_signals: [{0}]\n",
        SignalText(look.exit.code));
  } else if (look.exit.code != 0) {
    text += fmt::format("clean_exit_codes: [{}]   # what it ended with when it was asked to\n",
                        look.exit.code);
  }
  return text;
}

std::vector<std::string> Catalogues(const InitSubject& subject) {
  std::vector<std::string> names = {"libc-memory", "libc-string", "libc-file",     "libc-socket",
                                    "libc-poll",   "libc-thread", "observers-libc"};
  if (subject.has_dpdk) {
    names.insert(names.end(), {"hugepage", "dpdk", "observers-dpdk"});
  }
  if (subject.has_spdk) {
    names.insert(names.end(), {"spdk-env", "spdk-thread", "spdk-lib", "observers-spdk"});
  }
  return names;
}

}  // namespace

std::string InitProfileText(const InitSubject& subject, const FirstLook& look) {
  std::string text =
      fmt::format("faultline: 1\nsummary: {}\n\nprogram: {}\n",
                  QuotedText(fmt::format("{}, as `faultline init` saw it", subject.name)),
                  QuotedText(subject.program.string()));
  if (!look.executed.empty()) {
    text += fmt::format("# It executes {} in its place, which is what calls are made to fail in.\n",
                        look.executed.string());
  }
  text += ListText("args", subject.args) + ListText("app_args", subject.app_args);
  if (subject.has_dpdk) {
    text +=
        "# Without it DPDK may take the machine's own network card away.\n"
        "required_args: [--no-pci]\n"
        "environment:\n  RUNTIME_DIRECTORY: ${run_dir}   # DPDK's run-time files go below it\n";
  }
  text += "\nterminal: true   # so that a line is seen when it is written\n" + ReadyText(look);
  if (!look.wraps.empty()) {
    text += fmt::format(
        "# It executes this in a child, which is what is tested; `none`: it is not.\nwraps: {}\n",
        QuotedText(look.wraps.filename().string()));
  }
  if (look.detaches) {
    text += "detaches: true   # the started process ends, one that it has forked is the target\n";
  }
  text += EndText(look);
  text += "limits: {start: 20s, stop: 10s}\n";
  if (!look.listens.empty()) {
    text += fmt::format("# It listens on: {}. A fixed port lets only one run go on at a time.\n",
                        fmt::join(look.listens, ", "));
  }
  if (!look.left.empty()) {
    text += fmt::format(
        "# Left behind after its end, which is no leak in runs with faults either:\n#   {}\n",
        fmt::join(look.left, "\n#   "));
  }
  text +=
      "\n# What can be made to fail, and what is watched; `faultline list catalogues` has "
      "more.\n";
  text += ListText("catalogues", Catalogues(subject));
  text +=
      "\n# Patterns of lines by which it reports an error: with them, failures that no line, no\n"
      "# answer and no exit code tells are findings.\n# error_lines: ['ERROR']\n";
  return text;
}

std::string InitScenarioText(const InitSubject& subject, const FirstLook& look) {
  std::string text = fmt::format(
      "faultline: 1\nsummary: {}\nprofile: {}   # profiles/{}.yaml\n"
      "steps:\n  - wait_ready\n",
      QuotedText(subject.name + " starts and stops"), QuotedText(subject.name), subject.name);
  if (look.ended_by_itself) {
    text += "  - wait_exit\n";
  }
  text +=
      "# More steps: rpc, type, run, signal, expect_log (see scenarios/README.md). A fault of\n"
      "# one's own, by a name of `faultline list points`:\n"
      "# faults:\n#   - {point: libc/memory/calloc, nth: 3}\n";
  return text;
}

std::string InitTold(const FirstLook& look) {
  std::string text;
  const auto say = [&](const std::string& what) { text += "  " + what + "\n"; };
  if (!look.executed.empty()) {
    say("it executes " + look.executed.string());
  }
  if (!look.wraps.empty()) {
    say("it executes " + look.wraps.string() + " in a child, which is the target");
  }
  if (look.detaches) {
    say("it detaches: a process that it forks is the target");
  }
  say(look.ended_by_itself       ? "it runs to completion"
      : !look.rpc_method.empty() ? "ready when it answers " + look.rpc_method
      : !look.ready_line.empty() ? "ready at the line `" + look.ready_line + "`"
                                 : "it says nothing; taken for ready once it is started");
  say(look.ended_by_itself ? "it ended with " + look.exit.ToString()
      : look.stop_signal
          ? fmt::format("{} ends it: {}", SignalText(*look.stop_signal), look.exit.ToString())
          : "neither SIGTERM nor SIGINT ends it: its profile says what to do");
  if (!look.left.empty()) {
    say(fmt::format("it leaves {}", fmt::join(look.left, ", ")));
  }
  return text;
}

}  // namespace faultline
