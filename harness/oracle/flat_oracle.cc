#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/oracle/blame.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/signature.h"
#include "harness/oracle/tracked_objects.h"

// `leak`, of what a scenario repeats: each time that a step `expect_flat: NAME` is done there must
// be no more descriptors and objects than at the time before. The first time is left out: what is
// made once, when it is first needed, stays. So two are too few to tell.
namespace faultline {
namespace {

constexpr char kFlatKind[] = "leak";
constexpr size_t kFewest = 3;
constexpr size_t kMostOtherRounds = 4;

using Counts = std::vector<const FlatCount*>;

// How often there is more of `kind` at each time but the first than at the time before; 0 unless
// it is so each time.
int GrowthOf(const std::string& kind, const std::vector<std::map<std::string, int>>& counts) {
  const auto of = [&](size_t i) {
    const auto found = counts[i].find(kind);
    return found == counts[i].end() ? 0 : found->second;
  };
  for (size_t i = 2; i < counts.size(); ++i) {
    if (of(i) <= of(i - 1)) {
      return 0;
    }
  }
  return of(counts.size() - 1) - of(1);
}

class FlatJudge {
 public:
  FlatJudge(const std::string& name, Counts counts, const Evidence& evidence,
            const std::vector<TrackedObject>& tracked)
      : name_(name), counts_(std::move(counts)), evidence_(evidence), tracked_(tracked) {}

  void Judge(std::vector<Finding>& findings) {
    std::vector<std::map<std::string, int>> files;
    std::vector<std::map<std::string, int>> objects;
    for (const FlatCount* count : counts_) {
      files.push_back(count->open_files);
      objects.push_back(AliveAt(*count));
    }
    for (const auto& [kind, number] : files.back()) {
      if (const int growth = GrowthOf(kind, files); growth > 0) {
        findings.push_back(Tell("descriptor of " + kind, growth));
        findings.back().signature = fmt::format(
            "{}: each repetition leaves another descriptor of {}", kFlatKind, WithoutNumbers(kind));
      }
    }
    JudgeObjects(objects, findings);
  }

 private:
  std::map<std::string, int> AliveAt(const FlatCount& count) const {
    std::map<std::string, int> alive;
    if (evidence_.lost_records == 0) {
      for (const TrackedObject& object : tracked_) {
        const bool is_ended = object.ended_by && *object.ended_by < count.records;
        alive[object.group] += object.record < count.records && !is_ended ? 1 : 0;
      }
    }
    return alive;
  }

  // Groups that one function makes together are told once.
  void JudgeObjects(const std::vector<std::map<std::string, int>>& counts,
                    std::vector<Finding>& findings) {
    std::map<std::string, size_t> told;  // by the places that made them
    for (const auto& [group, number] : counts.back()) {
      const int growth = GrowthOf(group, counts);
      if (growth == 0) {
        continue;
      }
      const TrackedObject& last = LastOf(group);
      const Stack stack =
          BlamedStack(evidence_.journal.records[last.record], evidence_.journal, symbolizer_);
      const std::string makers = fmt::format("{}", fmt::join(BlamedFunctions(stack), " < "));
      const auto [known, is_new] = told.try_emplace(makers, findings.size());
      if (!is_new && !makers.empty()) {
        if (findings[known->second].details.size() < kMostOtherRounds) {
          findings[known->second].details.push_back("and so: " + group);
        }
        continue;
      }
      Finding finding = Tell(last.label.empty() ? last.registry : group, growth);
      finding.stack = stack;
      finding.signature =
          MakeSignature(kFlatKind, "each repetition leaves another " + last.registry, stack);
      findings.push_back(std::move(finding));
    }
  }

  const TrackedObject& LastOf(const std::string& group) const {
    return *std::find_if(tracked_.rbegin(), tracked_.rend(), [&](const TrackedObject& object) {
      return object.group == group && object.record < counts_.back()->records;
    });
  }

  Finding Tell(const std::string& what, int growth) const {
    Finding finding;
    finding.kind = kFlatKind;
    finding.title = fmt::format("each repetition of {} leaves another {}", name_, what);
    finding.object = what;
    finding.step = counts_.back()->step;
    finding.details.push_back(fmt::format("{} more after {} repetitions than after the first",
                                          growth, counts_.size() - 1));
    return finding;
  }

  const std::string& name_;
  const Counts counts_;
  const Evidence& evidence_;
  const std::vector<TrackedObject>& tracked_;
  Symbolizer symbolizer_;
};

class FlatOracle : public Oracle {
 public:
  std::string_view kind() const override { return "leak-flat"; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    std::map<std::string, Counts> by_name;
    for (const FlatCount& count : evidence.flat_counts) {
      by_name[count.name].push_back(&count);
    }
    std::erase_if(by_name, [](const auto& entry) { return entry.second.size() < kFewest; });
    std::vector<Finding> findings;
    if (by_name.empty()) {
      return findings;
    }
    const std::vector<TrackedObject> tracked = TrackObjects(evidence, context.catalogue);
    for (auto& [name, counts] : by_name) {
      FlatJudge(name, std::move(counts), evidence, tracked).Judge(findings);
    }
    return findings;
  }
};

FAULTLINE_ORACLE(FlatOracle);

}  // namespace
}  // namespace faultline
