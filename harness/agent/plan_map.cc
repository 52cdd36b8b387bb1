#include "harness/agent/plan_map.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "harness/agent/raw.h"
#include "harness/protocol/journal.h"

namespace faultline::agent {
namespace {

using namespace protocol;

constexpr uint32_t kMaxStackWords = 32;
constexpr uint32_t kArgumentRegisters = 6;

// Checks the parts of one plan. Each function is true when its part is sound.
class Checker {
 public:
  Checker(const void* base, uint64_t size)
      : base_(base), size_(size), plan_(*static_cast<const PlanHeader*>(base)) {}

  const char* Run() const {
    if (!Tables()) {
      return "the plan is damaged: a table lies outside the file";
    }
    if (!Names() || plan_.site_depth < 1 || plan_.site_depth > kMaxFrames) {
      return "the plan is damaged: header";
    }
    if (!All(plan_.modules, [&](auto& module) { return Module(module); })) {
      return "the plan is damaged: modules";
    }
    if (!All(plan_.hooks, [&](auto& hook) { return Hook(hook); }) || !HooksAreSorted()) {
      return "the plan is damaged: hooks";
    }
    if (!All(plan_.points, [&](auto& point) { return Point(point); }) ||
        !All(plan_.error_variables, [&](auto& v) { return v.module < plan_.modules.count; })) {
      return "the plan is damaged: points";
    }
    if (!All(plan_.rules, [&](auto& rule) { return Rule(rule); })) {
      return "the plan is damaged: rules";
    }
    if (!All(plan_.observers, [&](auto& observer) { return Observer(observer); })) {
      return "the plan is damaged: observers";
    }
    return Ranges(plan_.wrappers) ? nullptr : "the plan is damaged: wrappers";
  }

  bool Names() const {
    return HasText(plan_.journal_path) && HasText(plan_.fifo_prefix) &&
           HasText(plan_.snapshot_path);
  }

 private:
  template <typename T, typename Check>
  bool All(const Array<T>& array, Check check) const {
    for (const T& element : array.In(base_)) {
      if (!check(element)) {
        return false;
      }
    }
    return true;
  }

  bool Tables() const {
    return plan_.modules.CheckBounds(size_) && plan_.hooks.CheckBounds(size_) &&
           plan_.points.CheckBounds(size_) && plan_.error_variables.CheckBounds(size_) &&
           plan_.rules.CheckBounds(size_) && plan_.rules.count <= kMaxRules &&
           plan_.observers.CheckBounds(size_) && plan_.wrappers.CheckBounds(size_);
  }

  bool HasText(const Text& text) const {
    return uint64_t{text.offset} + text.size < size_ && text.CString(base_)[text.size] == '\0';
  }

  bool Module(const PlanModule& module) const {
    return HasText(module.path) && HasText(module.base_name) &&
           module.build_id.size <= sizeof(module.build_id.bytes);
  }

  bool Hook(const PlanHook& hook) const {
    return hook.module < plan_.modules.count &&
           (hook.observer == kNone || hook.observer < plan_.observers.count) &&
           hook.points.CheckBounds(size_) &&
           All(hook.points, [&](uint32_t point) { return point < plan_.points.count; }) &&
           hook.displaced >= 5 && hook.displaced <= hook.original_size &&
           hook.original_size <= sizeof(hook.original) && hook.trampoline.CheckBounds(size_) &&
           hook.trampoline.count > 0 && HasText(hook.symbol) && hook.fixups.CheckBounds(size_) &&
           All(hook.fixups, [&](const PlanFixup& fixup) { return Fixup(fixup, hook); });
  }

  bool HooksAreSorted() const {
    uint32_t last = 0;
    return All(plan_.hooks, [&](const PlanHook& hook) {
      const bool in_order = hook.module >= last;
      last = hook.module;
      return in_order;
    });
  }

  static bool Fixup(const PlanFixup& fixup, const PlanHook& hook) {
    const uint64_t size = fixup.kind == PlanFixup::kAbsolute64 ? 8 : 4;
    return (fixup.kind == PlanFixup::kAbsolute64 || fixup.kind == PlanFixup::kRelative32) &&
           fixup.position + size <= hook.trampoline.count && fixup.next <= hook.trampoline.count;
  }

  bool Conditions(const Array<PlanCondition>& conditions) const {
    return conditions.CheckBounds(size_) && All(conditions, [](const PlanCondition& condition) {
             return condition.kind <= PlanCondition::kLastKind &&
                    condition.argument <= kLastArgument &&
                    condition.source <= PlanCondition::kStreamArgument &&
                    IsWidth(condition.width) && NamesArguments(condition);
           });
  }

  static bool IsWidth(uint32_t width) {
    return width == 1 || width == 2 || width == 4 || width == 8;
  }

  // The arguments that `value` tells.
  static bool NamesArguments(const PlanCondition& condition) {
    switch (condition.kind) {
      case PlanCondition::kAboveArgument:
      case PlanCondition::kRaisesLimit:
        return condition.value <= kLastArgument;
      case PlanCondition::kGrows:
        return (condition.value & 0xff) <= kLastArgument &&
               condition.value >> 8 <= kLastArgument + 1;
      default:
        return true;
    }
  }

  bool Replacements(const Array<PlanReplacement>& replacements) const {
    uint32_t pointees = 0;
    return replacements.CheckBounds(size_) &&
           All(replacements, [&](const PlanReplacement& replacement) {
             pointees += replacement.kind == PlanReplacement::kPointee ? 1 : 0;
             return replacement.kind <= PlanReplacement::kPointee && pointees <= 1 &&
                    replacement.argument < kArgumentRegisters && IsWidth(replacement.width) &&
                    HasText(replacement.text);
           });
  }

  bool Point(const PlanPoint& point) const {
    return HasText(point.name) && point.name.size > 0 && Conditions(point.conditions) &&
           Replacements(point.replacements) &&
           (point.held_file == kNone || point.held_file < kArgumentRegisters) &&
           (point.error_variable == kNone || point.error_variable < plan_.error_variables.count);
  }

  bool Ranges(const Array<PlanRange>& ranges) const {
    return ranges.CheckBounds(size_) &&
           All(ranges, [&](const PlanRange& range) { return range.module < plan_.modules.count; });
  }

  bool Rule(const PlanRule& rule) const {
    return rule.point < plan_.points.count && rule.action <= PlanRule::kStop &&
           rule.phase <= PlanRule::kAfterMain && rule.step >= 1 && rule.first >= 1 &&
           Ranges(rule.callers) && rule.caller_depth <= PlanRule::kDirectCaller &&
           (rule.after == kNone || rule.after < plan_.rules.count);
  }

  bool Observer(const PlanObserver& observer) const {
    const bool key = observer.key < kArgumentRegisters ||
                     (observer.key >= PlanObserver::kKeyPointee0 &&
                      observer.key < PlanObserver::kKeyPointee0 + kArgumentRegisters) ||
                     observer.key == PlanObserver::kKeyResult ||
                     observer.key == PlanObserver::kKeyNone;
    const bool label = observer.label == kNone || observer.label < kArgumentRegisters;
    return HasText(observer.name) && key && label && observer.stack_words <= kMaxStackWords &&
           Conditions(observer.conditions) && Ranges(observer.ignore_callers);
  }

  const void* base_;
  uint64_t size_;
  const PlanHeader& plan_;
};

}  // namespace

const char* CheckPlan(const void* base, uint64_t size) {
  if (size < sizeof(PlanHeader)) {
    return "the plan is too short";
  }
  const auto& plan = *static_cast<const PlanHeader*>(base);
  if (plan.magic != kPlanMagic) {
    return "the plan does not start with its magic number";
  }
  if (plan.version != kPlanVersion) {
    return "the plan is of another version than this agent";
  }
  if (plan.file_size != size) {
    return "the plan is cut off";
  }
  return Checker(base, size).Run();
}

MappedFile MapFile(const char* path, bool writable) {
  const int access = writable ? O_RDWR : O_RDONLY;
  const long fd = Syscall(__NR_openat, AT_FDCWD, path, access | O_CLOEXEC, 0);
  if (IsError(fd)) {
    return {};
  }
  struct stat status {};
  MappedFile file;
  if (!IsError(Syscall(__NR_fstat, fd, &status)) && status.st_size > 0) {
    const long address =
        Syscall(__NR_mmap, nullptr, status.st_size, writable ? PROT_READ | PROT_WRITE : PROT_READ,
                writable ? MAP_SHARED : MAP_PRIVATE, fd, 0);
    if (!IsError(address)) {
      file = {reinterpret_cast<void*>(address), static_cast<uint64_t>(status.st_size)};
      if (writable) {
        // The journal is sparse, and little of it is touched: nothing is gained by reading ahead.
        Syscall(__NR_madvise, address, status.st_size, MADV_RANDOM);
      }
    }
  }
  Syscall(__NR_close, fd);
  return file;
}

MappedPlan MapPlan(const char* path) {
  MappedPlan plan;
  const MappedFile file = MapFile(path, /*writable=*/false);
  if (file.base == nullptr) {
    plan.refusal = "the plan cannot be mapped";
    return plan;
  }
  plan.refusal = CheckPlan(file.base, file.size);
  const auto* header = static_cast<const PlanHeader*>(file.base);
  if (plan.refusal == nullptr) {
    plan.header = header;
  }
  // The place of the journal's path does not change between versions.
  if (file.size >= sizeof(PlanHeader) && header->magic == kPlanMagic &&
      Checker(file.base, file.size).Names()) {
    plan.journal_path = header->journal_path.CString(file.base);
  }
  return plan;
}

}  // namespace faultline::agent
