#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "harness/oracle/blame.h"
#include "harness/oracle/leaked_objects.h"
#include "harness/oracle/open_files.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/signature.h"
#include "harness/symbols/symbolizer.h"

// `leak`: what a target that ended by itself did not give back, and its fault-free run does. Files,
// sockets, shared memory and processes stay behind it; objects and descriptors the kernel takes
// back, so they count only when the target did unwind. A clean DPDK exit leaves files, so only the
// difference counts.
namespace faultline {
namespace {

using protocol::JournalRecord;

constexpr char kKind[] = "leak";
// Further objects that one release forgot, each a line.
constexpr size_t kMostOthers = 4;

class LeakFinder {
 public:
  LeakFinder(const Evidence& evidence, const OracleContext& context)
      : evidence_(evidence), context_(context), fault_free_(*context.fault_free) {}

  std::vector<Finding> Find() {
    FindLeftBehind();
    FindObjects();
    if (HasUnwound(evidence_, context_.catalogue, context_.profile)) {
      FindOpenFiles();
    }
    FindClosedStandardFiles();
    return std::move(findings_);
  }

 private:
  Finding& Add(const std::string& title) {
    Finding& finding = findings_.emplace_back();
    finding.kind = kKind;
    finding.title = title;
    finding.step = StepOfEnd(evidence_);
    return finding;
  }

  Stack StackOf(const JournalRecord& record) {
    const JournalSnapshot& journal = evidence_.journal;
    return record.stack < journal.stacks.size()
               ? BlamedStack(symbolizer_.Symbolize(journal, journal.stacks[record.stack]))
               : Stack();
  }

  static std::string Place(const Stack& stack) {
    if (stack.empty()) {
      return "an unknown place";
    }
    Frame frame = stack.front();
    frame.file = std::filesystem::path(frame.file).filename().string();
    return frame.ToString();
  }

  void FindLeftBehind() {
    std::set<std::string> seen;
    for (const std::string& left : fault_free_.left_behind) {
      seen.insert(WithoutNumbers(left));
    }
    for (const std::string& left : evidence_.left_behind) {
      const std::string kind = WithoutNumbers(left);
      if (seen.insert(kind).second) {
        Finding& finding = Add("left behind: " + left);
        finding.object = left;
        finding.signature = "leak: " + kind;
        finding.details.push_back("the fault-free run leaves nothing of the kind");
      }
    }
  }

  // What one call should have released is one finding; the object made first gives it its name.
  void FindObjects() {
    std::map<std::string, size_t> by_release;  // index into findings_
    for (const LeakedGroup& group : FindLeakedObjects(evidence_, context_)) {
      const auto [known, is_new] = by_release.try_emplace(group.released_by, findings_.size());
      if (is_new || group.released_by.empty()) {
        AddObjects(group);
      } else {
        findings_[known->second].details.push_back("and so: " + Title(group));
      }
    }
  }

  static std::string Title(const LeakedGroup& group) {
    const TrackedObject& first = group.objects.front();
    const size_t count = group.objects.size();
    const std::string name = first.label.empty() ? "" : fmt::format(" `{}'", first.label);
    return count == 1 ? fmt::format("{}{} is never released", first.registry, name)
                      : fmt::format("{} objects of {}{} are never released", count,
                                    first.registry, name);
  }

  void AddObjects(const LeakedGroup& group) {
    const TrackedObject& first = group.objects.front();
    const JournalRecord& record = evidence_.journal.records[first.record];
    Finding& finding = Add(Title(group));
    finding.object = first.label.empty() ? first.registry : first.label;
    finding.stack = StackOf(record);
    const std::string what = first.label.empty()
                                 ? fmt::format("{} is never released", first.registry)
                                 : fmt::format("{} `{}' is never released", first.registry,
                                               first.label);
    finding.signature = first.label.empty() || group.released_by.empty()
                            ? MakeSignature(kKind, what, finding.stack)
                            : fmt::format("leak: {} @ {}", what, group.released_by);
    finding.details.push_back(
        fmt::format("made in step {} by {}", record.step, Place(finding.stack)));
    if (!group.released_by.empty()) {
      finding.details.push_back("the fault-free run releases it in " + group.released_by);
    }
    if (!group.parts.empty()) {
      const size_t told = std::min(group.parts.size(), kMostOthers);
      finding.details.push_back(fmt::format(
          "with its parts: {}{}",
          fmt::join(group.parts.begin(), group.parts.begin() + static_cast<ptrdiff_t>(told), ", "),
          told < group.parts.size() ? ", ..." : ""));
    }
  }

  // Which of several descriptors of a kind is one too many nobody can say; those opened last are
  // the likely ones.
  void FindOpenFiles() {
    std::map<std::string, std::vector<std::pair<const JournalRecord*, OpenFile>>> by_kind;
    for (const OpenFile& file : OpenFilesAtExit(evidence_)) {
      by_kind[file.kind].emplace_back(FindDescriptorCall(evidence_, file.number, false), file);
    }
    for (auto& [kind, files] : by_kind) {
      const auto expected = fault_free_.open_files.find(kind);
      const size_t most =
          expected == fault_free_.open_files.end() ? 0 : static_cast<size_t>(expected->second);
      if (fault_free_.open_files.empty() || files.size() <= most) {
        continue;
      }
      std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
        return (a.first == nullptr ? 0 : a.first->sequence) <
               (b.first == nullptr ? 0 : b.first->sequence);
      });
      AddOpenFile(kind, files.size() - most, files.back().first, files.back().second);
    }
  }

  void AddOpenFile(const std::string& kind, size_t count, const JournalRecord* opened,
                   const OpenFile& file) {
    Finding& finding =
        Add(count == 1 ? fmt::format("a descriptor is never closed: {}", kind)
                       : fmt::format("{} descriptors are never closed: {}", count, kind));
    finding.object = kind == "file" ? file.what : kind;
    if (opened != nullptr) {
      finding.stack = StackOf(*opened);
      finding.details.push_back(
          fmt::format("opened in step {} by {}", opened->step, Place(finding.stack)));
    }
    finding.signature =
        MakeSignature(kKind, "descriptor is never closed: " + kind, finding.stack);
    finding.details.push_back(fmt::format("descriptor {} is {}", file.number, file.what));
    finding.details.push_back("the fault-free run has closed it when it exits");
  }

  // The opposite of a leak, by the same account: a descriptor that was not its own was given away.
  void FindClosedStandardFiles() {
    std::set<int> open;
    for (const OpenFile& file : OpenFilesAtExit(evidence_)) {
      open.insert(file.number);
    }
    if (open.empty()) {
      return;
    }
    for (const int number : fault_free_.open_std) {
      const JournalRecord* closed = FindDescriptorCall(evidence_, number, true);
      if (open.contains(number) && closed == nullptr) {
        continue;
      }
      Finding& finding = Add(fmt::format("standard descriptor {} was closed", number));
      finding.object = fmt::format("descriptor {}", number);
      if (closed != nullptr) {
        finding.stack = StackOf(*closed);
        finding.details.push_back(
            fmt::format("closed in step {} by {}", closed->step, Place(finding.stack)));
      }
      finding.signature = fmt::format("{}", MakeSignature(kKind, finding.title, finding.stack));
      finding.details.push_back("the fault-free run keeps it; it is not the target's to close");
    }
  }

  const Evidence& evidence_;
  const OracleContext& context_;
  const FaultFreeRun& fault_free_;
  Symbolizer symbolizer_;
  std::vector<Finding> findings_;
};

class LeakOracle : public Oracle {
 public:
  std::string_view kind() const override { return kKind; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    // Who was killed could not tidy up; without a run to compare with, nothing is too much.
    if (evidence.exit.kind != ExitStatus::Kind::kExited || context.fault_free == nullptr) {
      return {};
    }
    return LeakFinder(evidence, context).Find();
  }
};

FAULTLINE_ORACLE(LeakOracle);

}  // namespace
}  // namespace faultline
