#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/oracle/blame.h"
#include "harness/oracle/open_files.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/run_course.h"
#include "harness/oracle/signature.h"
#include "harness/oracle/tracked_objects.h"
#include "harness/symbols/symbolizer.h"

// `leak`, of file descriptors: those that are open when the target exits and that its fault-free
// run has closed by then; and, by the same account, standard ones that it gave away.
namespace faultline {
namespace {

using protocol::JournalRecord;

constexpr char kKind[] = "leak";

class DescriptorFinder {
 public:
  DescriptorFinder(const Evidence& evidence, const OracleContext& context)
      : evidence_(evidence), context_(context), fault_free_(*context.fault_free) {}

  std::vector<Finding> Find() {
    if (HasUnwound(evidence_, context_.catalogue, context_.profile)) {
      FindOpenFiles();
    }
    FindClosedStandardFiles();
    return std::move(findings_);
  }

 private:
  Finding& Add(const std::string& title) {
    return findings_.emplace_back(FindingAtEnd(kKind, title, evidence_));
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
      finding.stack = BlamedStack(*opened, evidence_.journal, symbolizer_);
      finding.details.push_back(
          fmt::format("opened in step {} by {}", opened->step, PlaceText(finding.stack)));
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
        finding.stack = BlamedStack(*closed, evidence_.journal, symbolizer_);
        finding.details.push_back(
            fmt::format("closed in step {} by {}", closed->step, PlaceText(finding.stack)));
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

class DescriptorOracle : public Oracle {
 public:
  std::string_view kind() const override { return kKind; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    if (evidence.exit.kind != ExitStatus::Kind::kExited || context.fault_free == nullptr) {
      return {};
    }
    return DescriptorFinder(evidence, context).Find();
  }
};

FAULTLINE_ORACLE(DescriptorOracle);

}  // namespace
}  // namespace faultline
