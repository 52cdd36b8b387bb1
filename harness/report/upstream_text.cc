#include "harness/report/upstream_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <regex>
#include <string_view>

#include "harness/report/contract.h"
#include "harness/report/marked_log.h"
#include "harness/report/stack_text.h"
#include "harness/report/stored_stack.h"
#include "harness/report/text.h"
#include "harness/store/status.h"

namespace faultline {
namespace {

using nlohmann::json;

constexpr size_t kUpstreamFrames = 16;  // of each stack
constexpr size_t kLinesBefore = 6;      // of the log, before the injected call
constexpr size_t kLinesAfter = 24;      // and after it
constexpr size_t kVersionLines = 20;    // a target says its version among its first lines

// A run's directory is gone, and its name means nothing to others: "$DIR".
std::string WithoutRunDirectory(const std::string& text) {
  static const std::regex directory(R"((/[^\s'"=,:/]+)*/fl-[a-z0-9]{13}\b)");
  return std::regex_replace(text, directory, "$$DIR");
}

std::string FileName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// "vm, 2 CPUs, Linux 6.1" without the host's name.
std::string MachineText(const std::string& machine) {
  const size_t comma = machine.find(", ");
  return comma == std::string::npos ? machine : machine.substr(comma + 2);
}

// Is this a line like "Starting SPDK v24.05 git sha1 ..." or "EAL: RTE Version: 'DPDK 22.11.11'"?
bool TellsVersion(std::string_view line) {
  static const std::regex number(R"(\d+\.\d+)");
  std::string lower(line);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  const bool speaks_of_it =
      lower.find("version") != std::string::npos || lower.find("starting ") != std::string::npos;
  return speaks_of_it && std::regex_search(lower, number);
}

// The time in front of a line: "[2026-11-29 16:57:26.045915] ".
std::string WithoutTime(const std::string& line) {
  static const std::regex time(R"(^\[[-0-9:. ]+\] )");
  return std::regex_replace(line, time, "");
}

// The line in which the target says its version; "" when it says none.
std::string VersionLine(const json& evidence, const MarkedLog& log) {
  std::vector<std::string> lines;
  const json start = evidence.value("log_start", json::array());
  for (size_t i = 0; start.is_array() && i < start.size(); ++i) {
    lines.push_back(start[i].is_string() ? start[i].get<std::string>() : "");
  }
  for (const MarkedLog::Line& line : log.lines) {
    lines.push_back(WithoutTime(line.text));
  }
  lines.resize(std::min(lines.size(), kVersionLines));
  const auto found = std::find_if(lines.begin(), lines.end(), TellsVersion);
  return found == lines.end() ? "" : WithoutTime(*found);
}

// As a block of code that no line of `text` can end.
std::string FencedBlock(const std::string& text, std::string_view language = "") {
  std::string fence = "```";
  while (text.find(fence) != std::string::npos) {
    fence += '`';
  }
  const std::string_view end = text.empty() || text.back() == '\n' ? "" : "\n";
  return fmt::format("{}{}\n{}{}{}\n", fence, language, text, end, fence);
}

std::string StackBlock(const Stack& stack) {
  std::string text;
  for (const std::string& line : StackLines(stack, kUpstreamFrames)) {
    text += line + "\n";
  }
  return FencedBlock(text);
}

// Has `whole` the frames of `part` at its outer end? Then it tells all that they tell.
bool EndsWith(const Stack& whole, const Stack& part) {
  return whole.size() >= part.size() &&
         std::equal(part.begin(), part.end(), whole.end() - static_cast<ptrdiff_t>(part.size()),
                    [](const Frame& a, const Frame& b) {
                      return a.function == b.function && a.module == b.module && a.line == b.line;
                    });
}

// The scenario without the remarks at its beginning, which say what the report says.
std::string_view WithoutRemarks(std::string_view scenario) {
  while (scenario.starts_with('#')) {
    const size_t end = scenario.find('\n');
    scenario.remove_prefix(end == std::string_view::npos ? scenario.size() : end + 1);
  }
  return scenario;
}

class Report {
 public:
  Report(const DigestFinding& finding, const SweepDigest& digest)
      : finding_(finding), digest_(digest) {
    evidence_ = json::parse(finding.run.evidence, nullptr, /*allow_exceptions=*/false);
    if (!evidence_.is_object()) {
      evidence_ = json::object();
    }
    log_ = LogOf(evidence_);
    for (const auto& [name, stack] : StacksOf(finding, digest)) {
      stacks_.emplace_back(name, FramesOf(stack));
    }
  }

  std::string Write() {
    Head();
    Steps();
    Observed();
    out_ += fmt::format("**Expected:** the target should {}.\n\n", ContractOf(finding_.group.kind));
    if (!finding_.group.cause.empty()) {
      out_ += fmt::format("**To fix:** {}.\n\n", finding_.group.cause);
    }
    Again();
    return std::move(out_);
  }

 private:
  void Head() {
    const StoredEnvironment& environment = digest_.environment;
    out_ += fmt::format("### {}\n\n", finding_.group.title);
    if (const std::string version = VersionLine(evidence_, log_); !version.empty()) {
      out_ += fmt::format("**Version:** `{}`\n", version);
    }
    out_ += fmt::format("**Program:** `{}` (build ID {})\n**Machine:** {}\n**Seen:** ",
                        FileName(environment.program), environment.program_key,
                        MachineText(environment.machine));
    out_ += finding_.group.tries > 0 ? fmt::format("in {} of {} runs that tried it again\n\n",
                                                   CameAgain(finding_.group), finding_.group.tries)
                                     : std::string("once, and not tried again\n\n");
  }

  void Steps() {
    out_ += "**Steps to reproduce**\n\n";
    size_t number = 0;
    if (const json command = evidence_.value("command", json()); command.is_string()) {
      const std::string line = WithoutRunDirectory(command.get<std::string>());
      const size_t blank = line.find(' ');
      out_ += fmt::format("{}. Start `{}{}`.\n", ++number, FileName(line.substr(0, blank)),
                          blank == std::string::npos ? "" : line.substr(blank));
    }
    const json titles = evidence_.value("step_titles", json::array());
    for (size_t i = 0; titles.is_array() && i < titles.size(); ++i) {
      if (titles[i].is_string()) {
        out_ +=
            fmt::format("{}. {}\n", ++number, WithoutRunDirectory(titles[i].get<std::string>()));
      }
    }
    if (finding_.injected.empty()) {
      out_ += "\nNo call is made to fail.\n\n";
      return;
    }
    out_ += fmt::format("\nMeanwhile `{}` {}{}", Point(), finding_.mode_text, StepText());
    const auto call = std::find_if(stacks_.begin(), stacks_.end(), [](const auto& stack) {
      return stack.first == kFailedCallName;
    });
    out_ += call == stacks_.end() ? ".\n\n" : ", called here:\n" + StackBlock(call->second) + "\n";
  }

  // "libc/memory/calloc", of "libc/memory/calloc in f < g".
  std::string Point() const { return finding_.injected.substr(0, finding_.injected.find(" in ")); }

  std::string StepText() const {
    const json injections = evidence_.value("injections", json::array());
    if (!injections.is_array() || injections.empty() || !injections.front().is_object()) {
      return "";
    }
    const json step = injections.front().value("step", json());
    const json titles = evidence_.value("step_titles", json::array());
    const bool is_titled = step.is_number_integer() && titles.is_array() &&
                           step.get<int64_t>() >= 1 &&
                           static_cast<size_t>(step.get<int64_t>()) <= titles.size() &&
                           titles[step.get<size_t>() - 1].is_string();
    return is_titled ? fmt::format(" in the step \"{}\"",
                                   titles[step.get<size_t>() - 1].get<std::string>())
                     : "";
  }

  void Observed() {
    out_ += fmt::format("**Observed:** {}; the target ended with {}.\n\n", finding_.group.title,
                        finding_.run.exit);
    const json details = json::parse(finding_.finding.details, nullptr, false);
    for (size_t i = 0; details.is_array() && i < details.size(); ++i) {
      if (details[i].is_string()) {
        out_ += fmt::format("- {}\n", WithoutRunDirectory(details[i].get<std::string>()));
      }
    }
    out_ += details.is_array() && !details.empty() ? "\n" : "";
    Log();
    for (size_t i = 0; i < stacks_.size(); ++i) {
      const auto& [name, stack] = stacks_[i];
      const bool is_told = i + 1 < stacks_.size() && EndsWith(stacks_[i + 1].second, stack);
      if (name != kFailedCallName && !is_told && !stack.empty()) {
        out_ += fmt::format("{}:\n{}\n", name, StackBlock(stack));
      }
    }
  }

  void Log() {
    if (log_.lines.empty()) {
      return;
    }
    const size_t mark = log_.injected_before.value_or(log_.lines.size());
    const size_t begin = mark - std::min(mark, kLinesBefore);
    const size_t end = std::min(log_.lines.size(), mark + kLinesAfter);
    std::string text = begin > 0 ? "...\n" : "";
    for (size_t i = begin; i <= end; ++i) {
      if (i == log_.injected_before) {
        text += fmt::format(">>> here {} {}\n", Point(), finding_.mode_text);
      }
      if (i < end) {
        text += WithoutRunDirectory(EscapeControls(log_.lines[i].text)) + "\n";
      }
    }
    text += end < log_.lines.size() ? "...\n" : "";
    out_ += "What it said:\n" + FencedBlock(text) + "\n";
  }

  void Again() {
    if (finding_.group.scenario.empty()) {
      return;
    }
    out_ += fmt::format(
        "**With Faultline {}:** save this as `bug.yaml`, then `faultline run bug.yaml --program "
        "./{}`.\n",
        digest_.environment.version, FileName(digest_.environment.program));
    out_ += FencedBlock(std::string(WithoutRemarks(finding_.group.scenario)), "yaml");
  }

  const DigestFinding& finding_;
  const SweepDigest& digest_;
  json evidence_;
  MarkedLog log_;
  std::vector<std::pair<std::string, Stack>> stacks_;
  std::string out_;
};

}  // namespace

std::string UpstreamText(const DigestFinding& finding, const SweepDigest& digest) {
  return Report(finding, digest).Write();
}

}  // namespace faultline
