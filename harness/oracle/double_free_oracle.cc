#include <fmt/format.h>

#include <algorithm>

#include "harness/evidence/registry.h"
#include "harness/oracle/blame.h"
#include "harness/oracle/oracle.h"
#include "harness/oracle/signature.h"
#include "harness/symbols/symbolizer.h"

// `double-free`: an object is ended that has ended already (see Observer::once). Most libraries
// only log that, if they notice at all: the memory may be another's by then. What ends inside of
// another end is that one's own affair, and a memory block that has no creation in the registry may
// come from where nothing is observed: neither is judged.
namespace faultline {
namespace {

using protocol::JournalRecord;

constexpr char kDoubleFreeKind[] = "double-free";

class DoubleFreeFinder {
 public:
  DoubleFreeFinder(const Evidence& evidence, const OracleContext& context)
      : evidence_(evidence), context_(context) {}

  // Of the same place in the code once.
  std::vector<Finding> Find() {
    std::vector<Finding> findings;
    for (const RegistryReplay& replay : ReplayRegistries(evidence_, context_.catalogue)) {
      for (const RegistryViolation& violation : replay.violations) {
        if (!replay.complete || !Counts(violation)) {
          continue;
        }
        Finding finding = Tell(replay, violation);
        const bool known = std::any_of(findings.begin(), findings.end(), [&](const Finding& other) {
          return other.signature == finding.signature;
        });
        if (!known) {
          findings.push_back(std::move(finding));
        }
      }
    }
    return findings;
  }

 private:
  bool Counts(const RegistryViolation& violation) const {
    const auto observer =
        std::find_if(context_.catalogue.observers.begin(), context_.catalogue.observers.end(),
                     [&](const Observer& one) { return one.name == violation.observer; });
    const JournalRecord& call = evidence_.journal.records[violation.record];
    return observer != context_.catalogue.observers.end() && observer->once &&
           violation.event == Observer::Event::kDestroy &&
           violation.history == RegistryViolation::History::kDestroyed &&
           (call.flags & JournalRecord::kInsideWrap) == 0;
  }

  Stack StackOf(size_t record) {
    return BlamedStack(evidence_.journal.records[record], evidence_.journal, symbolizer_);
  }

  // The object that the key named last before the violation.
  static const RegistryObject* LastOf(const RegistryReplay& replay,
                                      const RegistryViolation& violation) {
    const auto last =
        std::find_if(replay.objects.rbegin(), replay.objects.rend(), [&](const auto& object) {
          return object.key == violation.key && object.ended_by &&
                 *object.ended_by < violation.record;
        });
    return last == replay.objects.rend() ? nullptr : &*last;
  }

  std::string PlaceOf(size_t record) {
    return fmt::format("in step {} by {}", evidence_.journal.records[record].step,
                       PlaceText(StackOf(record)));
  }

  Finding Tell(const RegistryReplay& replay, const RegistryViolation& violation) {
    const RegistryObject* object = LastOf(replay, violation);
    const std::string name = object != nullptr ? object->label : violation.label;
    Finding finding;
    finding.kind = kDoubleFreeKind;
    finding.object = name.empty() ? replay.registry : fmt::format("{} `{}'", replay.registry, name);
    finding.title = finding.object + " is freed twice";
    finding.step = static_cast<int>(evidence_.journal.records[violation.record].step);
    finding.stack = StackOf(violation.record);
    finding.signature =
        MakeSignature(kDoubleFreeKind, replay.registry + " is freed twice", finding.stack);
    if (object != nullptr) {
      finding.details.push_back("made " + PlaceOf(object->record));
      finding.details.push_back("freed first " + PlaceOf(*object->ended_by));
    }
    finding.details.push_back("freed again " + PlaceOf(violation.record));
    return finding;
  }

  const Evidence& evidence_;
  const OracleContext& context_;
  Symbolizer symbolizer_;
};

class DoubleFreeOracle : public Oracle {
 public:
  std::string_view kind() const override { return kDoubleFreeKind; }

  std::vector<Finding> Judge(const Evidence& evidence,
                             const OracleContext& context) const override {
    return DoubleFreeFinder(evidence, context).Find();
  }

  // What a second end damages kills the target there and then, or later in the same allocator.
  bool Explains(const Finding& own, const Finding& other, const Evidence& evidence,
                const OracleContext& context) const override {
    const bool after = own.step <= other.step || other.step == 0;
    return (other.kind == "crash" && after && DiedInAnEnd(other, context.catalogue)) ||
           Oracle::Explains(own, other, evidence, context);
  }

 private:
  static bool DiedInAnEnd(const Finding& crash, const Catalogue& catalogue) {
    return std::any_of(crash.stack.begin(), crash.stack.end(), [&](const Frame& frame) {
      return std::any_of(
          catalogue.observers.begin(), catalogue.observers.end(), [&](const Observer& observer) {
            return observer.once && std::find(observer.symbols.begin(), observer.symbols.end(),
                                              frame.function) != observer.symbols.end();
          });
    });
  }
};

FAULTLINE_ORACLE(DoubleFreeOracle);

}  // namespace
}  // namespace faultline
