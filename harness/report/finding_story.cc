#include "harness/report/finding_story.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/report/contract.h"
#include "harness/report/marked_log.h"
#include "harness/report/stack_text.h"
#include "harness/report/stored_stack.h"
#include "harness/report/story.h"
#include "harness/report/text.h"
#include "harness/report/wrap.h"
#include "harness/store/status.h"

namespace faultline {
namespace {

using nlohmann::json;

constexpr size_t kFrames = 10;
constexpr size_t kLogLines = 12;
constexpr size_t kLogLinesBefore = 3;  // the injected call, at least
constexpr size_t kPlaces = 10;
constexpr size_t kSourceFrames = 1;  // of each stack, with the lines of its source

class StoredStory {
 public:
  StoredStory(const DigestFinding& finding, const SweepDigest& digest,
              const StoredStoryOptions& options)
      : finding_(finding),
        digest_(digest),
        options_(options),
        paint_(options.color),
        source_(options.source) {
    evidence_ = json::parse(finding.run.evidence, nullptr, /*allow_exceptions=*/false);
    if (!evidence_.is_object()) {
      evidence_ = json::object();
    }
  }

  std::string Tell() {
    Title();
    WhatWasDone();
    Stacks();
    Log();
    WhyBelieved();
    Places();
    SameCause();
    Heading("What it should have done");
    Line(std::string(ContractOf(finding_.group.kind)));
    Again();
    return std::move(out_);
  }

 private:
  void Heading(std::string_view text) {
    out_ += fmt::format("\n{}\n", paint_(Paint::Color::kBold, text));
  }
  void Line(std::string_view text, size_t indent = 2) {
    out_ += Wrapped(std::string(indent, ' ') + EscapeControls(text), options_.width, 4);
  }
  size_t Most(size_t most) const {
    return options_.whole ? std::numeric_limits<size_t>::max() / 4 : most;
  }

  void Title() {
    const FindingGroup& group = finding_.group;
    const Paint::Color color = finding_.fails ? Paint::Color::kRed : Paint::Color::kYellow;
    out_ +=
        Wrapped(fmt::format("{} {} {}", group.id, group.kind + ":", EscapeControls(group.title)),
                options_.width, 4);
    const std::string status =
        finding_.known != nullptr ? "known: " + finding_.known->note : StatusText(group);
    // Painted after it was wrapped: what paints has no width.
    std::string wrapped = Wrapped("  " + EscapeControls(status), options_.width, 2);
    wrapped.pop_back();
    out_ += paint_(color, wrapped) + "\n";
    if (finding_.known != nullptr && !finding_.known->reference.empty()) {
      Line("see " + finding_.known->reference);
    }
    const json details = json::parse(finding_.finding.details, nullptr, false);
    if (details.is_array()) {
      for (const json& line : details) {
        if (line.is_string()) {
          Line(line.get<std::string>());
        }
      }
    }
    if (!group.cause.empty()) {
      Line("to fix: " + group.cause);
    }
  }

  // ", in life 2", ", 3 in life 1, 1 in life 2"; "" where the target had one life alone.
  std::string LivesHit() const {
    std::string text;
    const json lives = evidence_.value("hits_by_life", json::array());
    for (const json& one : lives.is_array() ? lives : json::array()) {
      const json life = one.is_object() ? one.value("life", json()) : json();
      const json hits = one.is_object() ? one.value("hits", json()) : json();
      if (life.is_number_integer() && hits.is_number_integer()) {
        text += fmt::format(", {}in life {}",
                            lives.size() > 1 ? fmt::format("{} ", hits.get<int64_t>()) : "",
                            life.get<int64_t>());
      }
    }
    return text;
  }

  void WhatWasDone() {
    if (finding_.injected.empty()) {
      return;
    }
    Heading("What was injected");
    std::string where;
    const json injections = evidence_.value("injections", json::array());
    if (injections.is_array() && !injections.empty() && injections.front().is_object()) {
      const json& first = injections.front();
      if (first.contains("step") && first["step"].is_number_integer()) {
        where += fmt::format(", in step {}", first["step"].get<int64_t>());
      }
      if (first.contains("time_ms") && first["time_ms"].is_number_integer()) {
        where += fmt::format(", at {} ms", first["time_ms"].get<int64_t>());
      }
      if (const json hits = evidence_.value("hits", json());
          hits.is_number_integer() && hits.get<int64_t>() > 1) {
        where += fmt::format(", x {}", hits.get<int64_t>());
      }
      where += LivesHit();
    }
    Line(fmt::format("{} {}{}", finding_.injected, finding_.mode_text, where));
    Line(fmt::format("the target ended with {}", finding_.run.exit));
  }

  void Stacks() {
    for (const auto& [name, stored] : StacksOf(finding_, digest_)) {
      const Stack stack = FramesOf(stored);
      if (stack.empty()) {
        continue;
      }
      Heading(name);
      for (const std::string& line : StackLines(stack, Most(kFrames), options_.whole)) {
        Line(line);
      }
      for (size_t i = 0; i < std::min(stack.size(), kSourceFrames); ++i) {
        Source(stack[i]);
      }
    }
  }

  // Source is shown as it stands: a line that is broken is no longer source.
  void Source(const Frame& frame) {
    const std::optional<SourceSnippet> snippet = source_.Around(frame.file, frame.line, 2);
    if (!snippet) {
      return;
    }
    for (size_t i = 0; i < snippet->lines.size(); ++i) {
      const int line = snippet->first + static_cast<int>(i);
      out_ += fmt::format("    {}{:>6}  {}\n", line == frame.line ? ">" : " ", line,
                          EscapeControls(snippet->lines[i]));
    }
  }

  void Log() {
    const MarkedLog log = LogOf(evidence_);
    if (log.lines.empty()) {
      return;
    }
    Heading("What the target said, at the end");
    // The injected call is always among what is told.
    const size_t mark = log.injected_before.value_or(log.lines.size());
    const size_t skipped = std::min(log.lines.size() - std::min(log.lines.size(), Most(kLogLines)),
                                    mark - std::min(mark, kLogLinesBefore));
    if (skipped > 0) {
      Line(fmt::format("... {} earlier lines", skipped));
    }
    const std::string* last = nullptr;
    size_t same = 0;
    const auto tell_repeats = [&] {
      if (same > 0) {
        Line(fmt::format("... the same line x {}", same + 1));
        same = 0;
      }
    };
    const auto tell_mark = [&](size_t at) {
      if (log.injected_before == at && !finding_.injected.empty()) {
        tell_repeats();
        last = nullptr;
        Line(fmt::format(">>> {} {}", finding_.injected, finding_.mode_text));
      }
    };
    for (size_t i = skipped; i < log.lines.size(); ++i) {
      tell_mark(i);
      const auto& [time_ms, text] = log.lines[i];
      if (last != nullptr && text == *last) {
        ++same;
        continue;
      }
      tell_repeats();
      last = &text;
      Line(time_ms ? fmt::format("{:>6} ms  {}", *time_ms, text) : text);
    }
    tell_repeats();
    tell_mark(log.lines.size());
  }

  void WhyBelieved() {
    Heading("How far it is to be believed");
    const FindingGroup& group = finding_.group;
    Line(StatusText(group));
    Line(fmt::format("{} {} showed it, {} of them really run", group.runs,
                     group.runs == 1 ? "plan" : "plans", group.seen));
    const StoredProof& proof = group.proof;
    if (proof.state == StoredProof::State::kProven) {
      Line("the failure is possible: " + proof.text);
    } else if (proof.state == StoredProof::State::kMissing) {
      Line("nothing shows that the failure is possible: " + proof.text);
    } else if (group.tries > 0) {
      Line(
          "the failure is possible: what was made to fail fails by itself, out of the environment");
    }
    if (group.control_tries > 0) {
      Line(fmt::format("without the fault it came in {} of {} runs", group.control,
                       group.control_tries));
    }
  }

  void Places() {
    Heading(fmt::format("Where a failure shows it ({} {})", finding_.sites.size(),
                        finding_.sites.size() == 1 ? "place" : "places"));
    const size_t told = std::min(finding_.sites.size(), Most(kPlaces));
    for (size_t i = 0; i < told; ++i) {
      const StoredSite& site = digest_.sites[finding_.sites[i]].site;
      Line(fmt::format("{}  {} in {}", site.hash, site.point, site.place));
    }
    if (told < finding_.sites.size()) {
      Line(fmt::format("... {} more (-v has all)", finding_.sites.size() - told));
    }
  }

  void SameCause() {
    for (const DigestCause& cause : digest_.causes) {
      const bool is_ours =
          std::any_of(cause.findings.begin(), cause.findings.end(),
                      [&](size_t index) { return &digest_.findings[index] == &finding_; });
      if (!is_ours || cause.findings.size() == 1) {
        continue;
      }
      Heading("Corrected at the same place: " + EscapeControls(cause.title));
      for (const size_t index : cause.findings) {
        const DigestFinding& other = digest_.findings[index];
        if (&other != &finding_) {
          Line(fmt::format("{} {}: {} ({} {})", other.group.id, other.group.kind, other.group.title,
                           other.sites.size(), other.sites.size() == 1 ? "place" : "places"));
        }
      }
    }
  }

  void Again() {
    const FindingGroup& group = finding_.group;
    if (group.scenario.empty()) {
      Heading("To see it again");
      Line("it has no scenario: a sweep that goes on to its end writes one for what it confirms");
      return;
    }
    Heading("Reproducer");
    out_ += group.scenario;
    // Never wrapped: they are there to be copied.
    const std::string replay = fmt::format("faultline replay {} {}{}", options_.store_file,
                                           group.id, options_.replay_options);
    Heading("To run it again, to stop in gdb at the injected call, to keep the scenario");
    out_ += fmt::format("  {0}\n  {0} --gdb\n  {0} --write finding-{1}.yaml\n", replay, group.id);
    out_ += fmt::format("  {} --program PATH    # in another build\n", replay);
  }

  const DigestFinding& finding_;
  const SweepDigest& digest_;
  const StoredStoryOptions& options_;
  const Paint paint_;
  SourceLines source_;
  json evidence_;
  std::string out_;
};

}  // namespace

std::string TellStoredFinding(const DigestFinding& finding, const SweepDigest& digest,
                              const StoredStoryOptions& options) {
  return StoredStory(finding, digest, options).Tell();
}

}  // namespace faultline
