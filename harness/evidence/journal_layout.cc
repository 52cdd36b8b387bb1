#include "harness/evidence/journal_layout.h"

#include <utility>

#include "harness/base/failure.h"

namespace faultline {
namespace {

// Hands out the file's tables one behind the other, each on a page of its own.
class Layout {
 public:
  template <typename T, typename Number>
  void Place(Number& offset, Number& capacity, uint64_t count) {
    end_ = (end_ + kPage - 1) / kPage * kPage;
    if (!std::in_range<Number>(end_)) {
      throw Failure::CannotWork("the journal's tables are too large");
    }
    offset = static_cast<Number>(end_);
    capacity = static_cast<Number>(count);
    end_ += count * sizeof(T);
  }
  uint64_t end() const { return end_; }

 private:
  static constexpr uint64_t kPage = 4096;
  uint64_t end_ = sizeof(protocol::JournalHeader);
};

}  // namespace

void LayOutJournal(protocol::JournalHeader& header, const protocol::PlanHeader& plan,
                   const JournalCapacities& capacities) {
  Layout layout;
  layout.Place<protocol::HookState>(header.hooks_offset, header.hooks_capacity, plan.hooks.count);
  // The rules of a carrier's children are added later.
  const bool is_carrier = (plan.flags & protocol::kCarrier) != 0;
  layout.Place<protocol::RuleState>(header.rules_offset, header.rules_capacity,
                                    is_carrier ? protocol::kMaxRules : plan.rules.count);
  layout.Place<protocol::ModuleEntry>(header.modules_offset, header.modules_capacity,
                                      capacities.modules);
  layout.Place<protocol::StackEntry>(header.stacks_offset, header.stacks_capacity,
                                     capacities.stacks);
  layout.Place<protocol::SiteEntry>(header.sites_offset, header.sites_capacity, capacities.sites);
  layout.Place<protocol::HashSlot>(header.stack_slots_offset, header.stack_slots_capacity,
                                   capacities.stacks);
  layout.Place<protocol::HashSlot>(header.site_slots_offset, header.site_slots_capacity,
                                   capacities.sites);
  layout.Place<protocol::JournalRecord>(header.records_offset, header.records_capacity,
                                        capacities.records);
  header.file_size = layout.end();
}

}  // namespace faultline
