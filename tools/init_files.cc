#include "tools/init_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>
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

// The port at which it is seen to be ready: "${free_port}", a number; "" = none that a later run
// has again.
std::string ReadyPort(const InitSubject& subject, const FirstLook& look) {
  constexpr int kFirstEphemeral = 32'768;  // net.ipv4.ip_local_port_range
  if (look.tcp_ports.size() != 1) {
    return "";
  }
  return subject.has_free_port                      ? "${free_port}"
         : look.tcp_ports.front() < kFirstEphemeral ? std::to_string(look.tcp_ports.front())
                                                    : "";
}

// The way it gets ready, with the comment that says why.
std::string ReadyText(const InitSubject& subject, const FirstLook& look) {
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
  if (const std::string port = ReadyPort(subject, look); !port.empty()) {
    return fmt::format(
        "# It said nothing, and listens at this port once it is up.\n"
        "ready: {{port: \"{}\"}}\n",
        port);
  }
  if (!look.ready_file.empty()) {
    return fmt::format(
        "# It said nothing, and made this file or socket; choose another if it is not the last "
        "that\n# it makes in its start.\nready: {{file: {}}}\n",
        QuotedAsIs(look.ready_file));
  }
  return "# It said nothing: a line that says that it is ready would make runs faster and "
         "surer.\n"
         "ready: started\n";
}

constexpr char kOtherWays[] =
    "stop: {type: \"quit\\n\"}, stop: {rpc: METHOD} or stop: {run: [CLIENT, ...]}";

// It has no other way to end that was seen, and this one tests nothing of its end.
bool OnlyDies(const FirstLook& look) {
  return look.stop_signal && *look.stop_signal != SIGTERM &&
         look.exit.kind == ExitStatus::Kind::kSignaled;
}

std::string CleanEndText(const FirstLook& look) {
  if (look.exit.kind == ExitStatus::Kind::kSignaled) {
    return fmt::format(
        "# It takes no measures at {0}: it dies of it, and gives nothing back.\n"
        "clean_signals: [{0}]\n",
        SignalText(look.exit.code));
  }
  return look.exit.code == 0
             ? ""
             : fmt::format("clean_exit_codes: [{}]   # what it ended with when it was asked to\n",
                           look.exit.code);
}

std::string EndText(const FirstLook& look) {
  if (look.ended_by_itself) {
    return "stop: by_itself\n";
  }
  if (!look.stop_text.empty()) {
    return fmt::format("# Typed, this ended it ({}).\nstop: {{type: {}}}\n", look.why_not_term,
                       QuotedText(look.stop_text)) +
           CleanEndText(look);
  }
  if (!look.stop_signal) {
    return fmt::format("# Neither SIGTERM nor SIGINT ended it ({}). Say how it is stopped:\n# {}\n",
                       look.why_not_term, kOtherWays);
  }
  if (*look.stop_signal == SIGTERM) {
    return CleanEndText(look);
  }
  std::string text;
  if (OnlyDies(look)) {
    text = fmt::format(
        "# {} and {} merely kills it: so its end is not tested, and no leak is judged.\n"
        "# Say instead how it is really stopped: {}\n",
        look.why_not_term, SignalText(*look.stop_signal), kOtherWays);
  } else {
    text = fmt::format("# {}, {} it handles.\n", look.why_not_term, SignalText(*look.stop_signal));
  }
  text[2] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[2])));
  return text + fmt::format("stop: {{signal: {}}}\n", SignalText(*look.stop_signal)) +
         CleanEndText(look);
}

std::string ListensText(const FirstLook& look) {
  std::string text;
  if (!look.tcp_ports.empty()) {
    text += fmt::format(
        "# It listens at TCP port {}. ${{free_port}} in its arguments is one that no other run "
        "has.\n",
        fmt::join(look.tcp_ports, ", "));
  }
  for (const std::string& path : look.unix_sockets) {
    text += "# It listens at the UNIX socket " + path +
            (path.starts_with("${") || path.starts_with("@")
                 ? ".\n"
                 : ", which one run at a time can have: expected one below ${run_dir}.\n");
  }
  return text;
}

// What it makes in a directory that has other things in it, which only its user can decide about.
std::vector<std::string> PlacesOutside(const FirstLook& look) {
  std::vector<std::string> texts;
  for (const ArgumentPlace& place : look.places) {
    const bool had_other = place.kind == ArgumentPlace::Kind::kDirectory;
    texts.push_back(fmt::format(
        "it makes {}, outside the run directory: runs share it, and what is left there after a "
        "failure is not seen; give it ${{run_dir}} instead",
        had_other ? fmt::format("{}", fmt::join(place.made, ", ")) : place.path));
  }
  return texts;
}

std::string PlacesText(const FirstLook& look) {
  std::string text;
  for (std::string place : PlacesOutside(look)) {
    place.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(place.front())));
    text += "# " + place + ".\n";
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
  text +=
      "\nterminal: true   # so that a line is seen when it is written\n" + ReadyText(subject, look);
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
  text += ListensText(look) + PlacesText(look);
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

bool ShowsReady(const InitSubject& subject, const FirstLook& look) {
  return !look.rpc_method.empty() || !look.ready_pattern.empty() || !look.ready_file.empty() ||
         !ReadyPort(subject, look).empty();
}

std::vector<std::string> InitBaselines(const InitSubject& subject) {
  return subject.has_dpdk ? std::vector<std::string>{"dpdk-testpmd"} : std::vector<std::string>();
}

std::string InitTold(const InitSubject& subject, const FirstLook& look) {
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
      : !ReadyPort(subject, look).empty()
          ? "it says nothing; ready when it listens at port " + ReadyPort(subject, look)
      : !look.ready_file.empty() ? "it says nothing; ready when " + look.ready_file + " is there"
                                 : "it says nothing; taken for ready once it is started");
  say(look.ended_by_itself      ? "it ended with " + look.exit.ToString()
      : !look.stop_text.empty() ? fmt::format("{} ends it when it is typed: {}",
                                              QuotedText(look.stop_text), look.exit.ToString())
      : look.stop_signal
          ? fmt::format("{} ends it: {}", SignalText(*look.stop_signal), look.exit.ToString())
          : "neither SIGTERM nor SIGINT ends it: say in its profile how it is stopped");
  if (OnlyDies(look)) {
    say(
        fmt::format("{}, and {} merely kills it: a sweep sees nothing of its end until `stop` in "
                    "its profile says how it is really stopped",
                    look.why_not_term, SignalText(*look.stop_signal)));
  } else if (look.stop_signal && look.exit.kind == ExitStatus::Kind::kSignaled) {
    say("it dies of that signal and gives nothing back, so no leaks are judged");
  }
  if (!look.left.empty()) {
    say(fmt::format("it leaves {}", fmt::join(look.left, ", ")));
  }
  for (const std::string& place : PlacesOutside(look)) {
    say(place);
  }
  return text;
}

}  // namespace faultline
