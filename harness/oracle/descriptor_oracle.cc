#include <fmt/format.h>

#include <map>
#include <set>

#include "harness/oracle/blame.h"
#include "harness/oracle/failed_call.h"
#include "harness/oracle/forgetter.h"
#include "harness/oracle/open_files.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/signature.h"
#include "harness/oracle/unwinding.h"
#include "harness/symbols/symbolizer.h"

// `leak`, of file descriptors: those that are open when the target exits and that its fault-free
// run has closed by then; and, by the same account, standard ones that it gave away.
namespace faultline {
namespace {

using protocol::JournalRecord;

constexpr char kDescriptorKind[] = "leak";

class DescriptorFinder {
 public:
  DescriptorFinder(const Evidence& evidence, const OracleContext& context)
      : evidence_(evidence),
        context_(context),
        fault_free_(*context.fault_free),
        met_(FindWhoMet(evidence, context.catalogue)) {}

  std::vector<Finding> Find() {
    if (HasUnwound(evidence_, context_)) {
      FindOpenFiles();
    }
    FindClosedStandardFiles();
    return std::move(findings_);
  }

 private:
  Finding& Add(const std::string& title) {
    return findings_.emplace_back(FindingAtEnd(kDescriptorKind, title, evidence_));
  }

  void FindOpenFiles() {
    if (fault_free_.open_files.empty()) {
      return;
    }
    std::map<std::string, std::vector<OpenFile>> by_kind;
    for (const OpenFile& file : OpenFilesAtExit(evidence_)) {
      by_kind[file.kind].push_back(file);
    }
    for (const auto& [kind, files] : by_kind) {
      const auto expected = fault_free_.open_files.find(kind);
      const size_t most =
          expected == fault_free_.open_files.end() ? 0 : static_cast<size_t>(expected->second);
      if (files.size() > most) {
        AddOpenFiles(kind, files, files.size() - most);
      }
    }
  }

  // `count` of `files` are too many. Those are too many that the fault-free run opens at no such
  // place, or fewer of there. When that does not tell them, nobody can say which.
  void AddOpenFiles(const std::string& kind, const std::vector<OpenFile>& files, size_t count) {
    std::map<std::string, int> known = fault_free_.opened_by;
    std::map<std::string, std::vector<OpenFile>> excess;  // by opener
    size_t told = 0;
    for (const OpenFile& file : files) {
      const std::string opener = OpenedBy(evidence_, file, symbolizer_);
      if (!opener.empty() && known[opener]-- <= 0) {
        excess[opener].push_back(file);
        ++told;
      }
    }
    if (told != count) {
      AddUnknown(kind, files, count);
      return;
    }
    for (const auto& [opener, those] : excess) {
      AddOpened(kind, those);
    }
  }

  // ", after libc/memory/calloc failed in pool_init"; "" when nothing failed.
  std::string AfterFailure() const {
    const Injection* failure = FirstFailure(evidence_);
    return failure == nullptr ? "" : ", after " + FailureText(*failure, met_);
  }

  static std::string Title(const std::string& kind, size_t count, const std::string& who) {
    return count == 1 ? fmt::format("a descriptor is never closed{}: {}", who, kind)
                      : fmt::format("{} descriptors are never closed{}: {}", count, who, kind);
  }

  void AddUnknown(const std::string& kind, const std::vector<OpenFile>& files, size_t count) {
    Finding& finding = Add(Title(kind, count, "") + AfterFailure());
    finding.object = files.size() == 1 && kind == "file" ? files.front().what : kind;
    finding.signature = MakeSignature(kDescriptorKind, "descriptor is never closed: " + kind, {});
    finding.details.push_back(
        fmt::format("{} of the {} that are open at the exit; which of them "
                    "the fault-free run closes is not known",
                    count, files.size()));
    AddCandidates(files, finding);
  }

  void AddCandidates(const std::vector<OpenFile>& files, Finding& finding) const {
    for (const OpenFile& file : files) {
      finding.details.push_back(fmt::format("descriptor {} is {}", file.number, file.what));
    }
  }

  // Opened at one place.
  void AddOpened(const std::string& kind, const std::vector<OpenFile>& files) {
    const size_t opener = *FindOpener(evidence_, files.front());
    const JournalRecord& record = evidence_.journal.records[opener];
    const Stack opened = BlamedStack(record, evidence_.journal, symbolizer_);
    TrackedObject object;
    object.registry = "fd";
    object.record = opener;
    const std::vector<TrackedObject> none;
    const Forgetter forgetter = ForgetterFinder(evidence_, none, met_, symbolizer_).Find(object);
    const std::string who =
        forgetter.function.empty() ? "" : " by the error path of " + forgetter.function;
    Finding& finding =
        Add(Title(kind, files.size(), who) + (forgetter.function.empty() ? AfterFailure() : ""));
    finding.object = kind == "file" ? files.front().what : kind;
    finding.stack = forgetter.function.empty() ? opened : forgetter.at_failure;
    finding.signature =
        MakeSignature(kDescriptorKind, "descriptor is never closed" + who + ": " + kind, opened);
    finding.cause = CauseOfErrorPath(forgetter);
    finding.details.push_back(
        fmt::format("opened in step {} by {}", record.step, PlaceText(opened)));
    AddCandidates(files, finding);
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
      const Stack closing =
          closed == nullptr ? Stack() : BlamedStack(*closed, evidence_.journal, symbolizer_);
      Finding& finding = Add(fmt::format("standard descriptor {} was closed{}{}", number,
                                         InFunction(closing), AfterFailure()));
      finding.object = fmt::format("descriptor {}", number);
      if (closed != nullptr) {
        finding.stack = closing;
        finding.details.push_back(
            fmt::format("closed in step {} by {}", closed->step, PlaceText(finding.stack)));
      }
      finding.signature =
          MakeSignature(kDescriptorKind, "a standard descriptor was closed", finding.stack);
      finding.details.push_back("the fault-free run keeps it; it is not the target's to close");
    }
  }

  const Evidence& evidence_;
  const OracleContext& context_;
  const FaultFreeRun& fault_free_;
  const MetFailure met_;
  Symbolizer symbolizer_;
  std::vector<Finding> findings_;
};

class DescriptorOracle : public Oracle {
 public:
  std::string_view kind() const override { return kDescriptorKind; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    if (evidence.exit.kind != ExitStatus::Kind::kExited || context.fault_free == nullptr ||
        WentAnotherWay(evidence, context)) {
      return {};
    }
    return DescriptorFinder(evidence, context).Find();
  }
};

FAULTLINE_ORACLE(DescriptorOracle);

}  // namespace
}  // namespace faultline
