#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "harness/oracle/blame.h"
#include "harness/oracle/leaked_objects.h"
#include "harness/oracle/made_together.h"
#include "harness/oracle/open_files.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/sanitizer_report.h"
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
constexpr size_t kMostOthers = 4;  // told of those that go with a leaked object

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

  // What one call made is one finding.
  void FindObjects() {
    std::vector<Leak> leaks;
    for (LeakedGroup& group : FindLeakedObjects(evidence_, context_)) {
      const Stack stack = StackOf(evidence_.journal.records[group.objects.front().record]);
      const auto same = std::find_if(leaks.begin(), leaks.end(), [&](const Leak& leak) {
        return MadeTogether(WithoutMakers(leak.stack), WithoutMakers(stack));
      });
      if (same == leaks.end()) {
        leaks.push_back({std::move(group), stack, {}, {}});
      } else {
        AddTo(*same, std::move(group), stack);
      }
    }
    for (const Leak& leak : leaks) {
      AddObjects(leak);
    }
  }

  // Without the frames of the observed functions themselves: rte_malloc_socket calls on behalf of
  // whoever called rte_zmalloc.
  Stack WithoutMakers(const Stack& stack) const {
    const auto is_maker = [&](const Frame& frame) {
      return std::any_of(context_.catalogue.observers.begin(), context_.catalogue.observers.end(),
                         [&](const Observer& observer) {
                           return observer.event == Observer::Event::kCreate &&
                                  std::find(observer.symbols.begin(), observer.symbols.end(),
                                            frame.function) != observer.symbols.end();
                         });
    };
    return {std::find_if_not(stack.begin(), stack.end(), is_maker), stack.end()};
  }

  // The first of its groups that has a name stands for all of them.
  struct Leak {
    LeakedGroup group;
    Stack stack;                      // that made its first object
    std::vector<std::string> others;  // titles of the other groups
    std::set<std::string> names;      // of those groups that have one
  };

  static void AddTo(Leak& leak, LeakedGroup group, const Stack& stack) {
    if (IsNameless(leak.group) && !IsNameless(group)) {
      std::swap(leak.group, group);
      leak.stack = stack;
    }
    leak.others.push_back(Title(group));
    if (!IsNameless(group)) {
      leak.names.insert(What(group));
    }
  }

  static bool IsNameless(const LeakedGroup& group) { return group.objects.front().label.empty(); }

  // Without the count of the objects.
  static std::string What(const LeakedGroup& group) {
    const TrackedObject& first = group.objects.front();
    return first.label.empty() ? first.registry
                               : fmt::format("{} `{}'", first.registry, first.label);
  }

  static std::string Title(const LeakedGroup& group) {
    const size_t count = group.objects.size();
    return count == 1 ? What(group) + " is never released"
                      : fmt::format("{} objects of {} are never released", count, What(group));
  }

  void AddObjects(const Leak& leak) {
    const LeakedGroup& group = leak.group;
    Finding& finding = Add(Title(group));
    finding.object = What(group);
    finding.stack = leak.stack;
    finding.signature = Signature(leak);
    finding.details.push_back(fmt::format(
        "made in step {} by {}", evidence_.journal.records[group.objects.front().record].step,
        Place(finding.stack)));
    if (!group.released_by.empty()) {
      finding.details.push_back("the fault-free run releases it in " + group.released_by);
    }
    if (!group.parts.empty()) {
      finding.details.push_back("with its parts: " + Some(group.parts));
    }
    if (!leak.others.empty()) {
      finding.details.push_back("and so: " + Some(leak.others));
    }
  }

  // The names of all that one call made and nobody released: an error path that forgets one piece
  // is another bug than a stop that forgets all of them. Functions are no part of it: in release
  // builds tail calls hide who made and who ends an object.
  static std::string Signature(const Leak& leak) {
    if (IsNameless(leak.group)) {
      return MakeSignature(kKind, What(leak.group) + " is never released", leak.stack);
    }
    std::set<std::string> names = leak.names;
    names.insert(What(leak.group));
    return fmt::format("{}: {} never released", kKind, fmt::join(names, ", "));
  }

  static std::string Some(const std::vector<std::string>& texts) {
    const auto told = static_cast<ptrdiff_t>(std::min(texts.size(), kMostOthers));
    const size_t more = texts.size() - static_cast<size_t>(told);
    return fmt::format("{}{}", fmt::join(texts.begin(), texts.begin() + told, ", "),
                       more > 0 ? fmt::format(" and {} more", more) : "");
  }

  // Which of several descriptors of a kind is one too many nobody can say; those opened last are
  // the likely ones.
  void FindOpenFiles() {
    std::map<std::string, std::vector<std::pair<const JournalRecord*, OpenFile>>> by_kind;
    for (const OpenFile& file : OpenFilesAtExit(evidence_)) {
      by_kind[file.kind].emplace_back(FindOpener(evidence_, file.number), file);
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
    finding.signature = MakeSignature(kKind, "descriptor is never closed: " + kind, finding.stack);
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
      const JournalRecord* closed = FindCloser(evidence_, number);
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
      finding.signature = MakeSignature(kKind, "a standard descriptor was closed", finding.stack);
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

  // LeakSanitizer sees the memory of what was forgotten: it comes from the same functions.
  bool Explains(const Finding& own, const Finding& other, const Evidence& evidence,
                const OracleContext& context) const override {
    return (IsLeakReport(other) && ShareFunction(own.stack, other.stack)) ||
           Oracle::Explains(own, other, evidence, context);
  }

 private:
  static bool ShareFunction(const Stack& one, const Stack& other) {
    constexpr ptrdiff_t kNear = 3;  // frames of the report; further out are functions of all
    constexpr ptrdiff_t kFrames = 5;
    const auto end_of = [](const Stack& stack, ptrdiff_t most) {
      return stack.begin() + std::min(most, static_cast<ptrdiff_t>(stack.size()));
    };
    return std::find_first_of(one.begin(), end_of(one, kFrames), other.begin(),
                              end_of(other, kNear), [](const Frame& a, const Frame& b) {
                                return !a.function.empty() && a.function == b.function;
                              }) != end_of(one, kFrames);
  }
};

FAULTLINE_ORACLE(LeakOracle);

}  // namespace
}  // namespace faultline
