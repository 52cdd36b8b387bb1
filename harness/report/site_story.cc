#include "harness/report/site_story.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/report/stack_text.h"
#include "harness/report/stored_stack.h"
#include "harness/report/story.h"
#include "harness/report/text.h"
#include "harness/report/wrap.h"

namespace faultline {
namespace {

using nlohmann::json;

constexpr size_t kSiteFrames = 12;
constexpr size_t kSiteLogLines = 5;

// Why a run has its outcome.
std::string Meaning(const StoredRun& run, const json& evidence) {
  const json steps = evidence.is_object() ? evidence.value("steps", json()) : json();
  if (run.outcome == "tolerated" && steps.is_array() && !steps.empty()) {
    return fmt::format(
        "the call failed, and the target carried on: {} refused with an error, as {} may be then, "
        "and no oracle found a broken promise",
        steps.size() == 1 ? "a step was" : fmt::format("{} steps were", steps.size()),
        steps.size() == 1 ? "it" : "they");
  }
  if (run.outcome == "tolerated") {
    return "the call failed, and the target carried on: each step went as the scenario says, and "
           "no oracle found a broken promise";
  }
  if (run.outcome == "clean error") {
    return "the call failed, and the target gave up as it may: with an error answer or a non-zero "
           "exit, and left no process, and no file in its run directory (files elsewhere are not "
           "looked at)";
  }
  if (run.outcome == "slow") {
    return "the call failed; the target outlived a limit, but it got on and came to its end by "
           "itself";
  }
  if (run.outcome == "not reached") {
    return "the run came to its end without making this call: what was to fail did not, and "
           "nothing "
           "is said about it";
  }
  if (run.outcome == "finding") {
    return "the call failed, and an oracle found a broken promise";
  }
  return "as another run";
}

class SiteStory {
 public:
  SiteStory(const DigestSite& site, const std::vector<StoredRun>& runs, const SweepDigest& digest,
            const StoredStoryOptions& options)
      : site_(site), runs_(runs), digest_(digest), options_(options), paint_(options.color) {}

  std::string Tell() {
    Title();
    if (runs_.empty()) {
      NotVisited();
    }
    for (const StoredRun& run : runs_) {
      TellRunOf(run);
    }
    return std::move(out_);
  }

 private:
  void Heading(const std::string& text) {
    std::string wrapped = Wrapped(EscapeControls(text), options_.width, 4);
    wrapped.pop_back();
    out_ += "\n" + paint_(Paint::Color::kBold, wrapped) + "\n";
  }
  void Line(std::string_view text, size_t indent = 2) {
    out_ += Wrapped(std::string(indent, ' ') + EscapeControls(text), options_.width, 4);
  }

  void Title() {
    const StoredSite& site = site_.site;
    out_ += Wrapped(fmt::format("{} {}: {}", site.hash, site.point, site_.verdict), options_.width);
    std::string when = site.before_main ? "before main" : fmt::format("in step {}", site.step);
    if (!site.thread.empty()) {
      when += fmt::format(", in thread {}", site.thread);
    }
    Line(site.calls > 0
             ? fmt::format("called {} {} by the fault-free run, first {}", site.calls,
                           site.calls == 1 ? "time" : "times", when)
             : "not called by the fault-free run: seen after another call failed, " + when);
    const size_t most = options_.whole ? std::numeric_limits<size_t>::max() / 4 : kSiteFrames;
    for (const std::string& line : StackLines(FramesOf(site.stack), most, options_.whole)) {
      Line(line, 4);
    }
  }

  void NotVisited() {
    const StoredSite& site = site_.site;
    Heading("It was not visited");
    if (!site.nested_in.empty()) {
      const auto outer =
          std::find_if(digest_.sites.begin(), digest_.sites.end(),
                       [&](const DigestSite& one) { return one.site.hash == site.nested_in; });
      Line(outer == digest_.sites.end()
               ? "it is a part of site " + site.nested_in + ", which stands for it"
               : fmt::format("it is a part of site {} ({} in {}), which stands for it: {}",
                             site.nested_in, outer->site.point, outer->site.place, outer->verdict));
      Line("`faultline sweep --nested all` visits both");
      return;
    }
    if (!site.seen_after.empty()) {
      Line("it is reached only after site " + site.seen_after +
           " has failed: `--modes transient,pair` visits such places");
      return;
    }
    Line(
        "the budget ended before, the selection leaves it out, another shard has it, or an earlier "
        "sweep saw that the call cannot fail (`--visit-impossible`)");
  }

  void TellRunOf(const StoredRun& run) {
    Heading(fmt::format("{}: {}", run.key, run.outcome));
    if (!run.alike.empty()) {
      Line(fmt::format("not run: {} stands for it, which would go the same way", run.alike));
      return;
    }
    const json evidence = json::parse(run.evidence, nullptr, /*allow_exceptions=*/false);
    Line(Meaning(run, evidence));
    for (const StoredFinding& finding : run.findings) {
      const auto found = std::find_if(
          digest_.findings.begin(), digest_.findings.end(),
          [&](const DigestFinding& one) { return one.group.signature == finding.signature; });
      Line(fmt::format("{} {}: {}{}", FindingId(finding.signature), finding.kind, finding.title,
                       found == digest_.findings.end() ? "" : " (" + found->status + ")"));
      if (found != digest_.findings.end() && !found->why.empty()) {
        Line(found->why, 4);
      }
    }
    Line(fmt::format("it ended with {}, after {} ms{}", run.exit, run.duration_ms,
                     run.note.empty() ? "" : "; " + run.note));
    if (evidence.is_object()) {
      Evidence(evidence, run.outcome == "finding" ? "did not go as written" : "was refused");
    }
  }

  // `unmet`: what is said of a step that did not go as written.
  void Evidence(const json& evidence, std::string_view unmet) {
    if (const json hits = evidence.value("hits", json()); hits.is_number_integer()) {
      Line(fmt::format("calls made to fail: {}", hits.get<int64_t>()));
    }
    if (const json slow = evidence.value("slow", json()); slow.is_string()) {
      Line(slow.get<std::string>());
    }
    const auto each = [&](const char* name, const auto& tell) {
      const json list = evidence.value(name, json::array());
      if (list.is_array()) {
        for (const json& one : list) {
          tell(one);
        }
      }
    };
    each("rpcs", [&](const json& rpc) {
      if (rpc.is_object()) {
        Line(fmt::format(
            "rpc {} was answered {}", rpc.value("method", json()).dump(),
            rpc.value("answer", json()).dump(-1, ' ', false, json::error_handler_t::replace)));
      }
    });
    each("steps", [&](const json& step) {
      if (step.is_object() && step.value("index", json()).is_number_integer() &&
          step.value("title", json()).is_string() && step.value("detail", json()).is_string()) {
        Line(fmt::format("step {} ({}) {}: {}", step["index"].get<int64_t>(),
                         step["title"].get<std::string>(), unmet,
                         step["detail"].get<std::string>()));
      }
    });
    const json log = evidence.value("log", json::array());
    if (log.is_array() && !log.empty()) {
      Line("it said, at the end:");
      const size_t most = options_.whole ? log.size() : kSiteLogLines;
      for (size_t i = log.size() - std::min(most, log.size()); i < log.size(); ++i) {
        if (log[i].is_string()) {
          Line(log[i].get<std::string>(), 4);
        }
      }
    }
  }

  const DigestSite& site_;
  const std::vector<StoredRun>& runs_;
  const SweepDigest& digest_;
  const StoredStoryOptions& options_;
  const Paint paint_;
  std::string out_;
};

}  // namespace

std::string TellSite(const DigestSite& site, const std::vector<StoredRun>& runs,
                     const SweepDigest& digest, const StoredStoryOptions& options) {
  return SiteStory(site, runs, digest, options).Tell();
}

}  // namespace faultline
