#include "harness/agent/testing/plan_builder.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "harness/agent/testing/elf_symbols.h"

namespace faultline::agent {
namespace {

using namespace protocol;

constexpr uint8_t kNops = 8;  // bytes; GCC writes eight instructions, clang one
constexpr uint8_t kJumpSize = 5;

}  // namespace

class PlanBuilder::Image {
 public:
  explicit Image(size_t start) : bytes_(start) {}

  template <typename T>
  Array<T> Add(const std::vector<T>& elements) {
    const size_t offset = (bytes_.size() + 7) / 8 * 8;
    bytes_.resize(offset + elements.size() * sizeof(T));
    if (!elements.empty()) {
      std::memcpy(&bytes_[offset], elements.data(), elements.size() * sizeof(T));
    }
    return {static_cast<uint32_t>(offset), static_cast<uint32_t>(elements.size())};
  }

  Text AddText(const std::string& text) {
    const Array<char> array = Add(std::vector<char>(text.c_str(), text.c_str() + text.size() + 1));
    return {array.offset, array.count - 1};
  }

  std::vector<std::byte> Finish(PlanHeader header) {
    header.file_size = bytes_.size();
    std::memcpy(bytes_.data(), &header, sizeof(header));
    return std::move(bytes_);
  }

 private:
  std::vector<std::byte> bytes_;
};

PlanBuilder::PlanBuilder() = default;

uint32_t PlanBuilder::AddModule(const std::filesystem::path& path, bool is_main) {
  modules_.push_back(path);
  is_main_.push_back(is_main);
  return static_cast<uint32_t>(modules_.size() - 1);
}

uint32_t PlanBuilder::AddPoint(const std::string& name, uint64_t result, int errno_value,
                               std::vector<PlanCondition> conditions) {
  Point point{{}, name, std::move(conditions)};
  point.plan.result = result;
  point.plan.errno_value = errno_value;
  point.plan.name_hash = HashText(name);
  points_.push_back(point);
  return static_cast<uint32_t>(points_.size() - 1);
}

void PlanBuilder::SetErrorVariable(uint32_t point, uint32_t module, const std::string& symbol,
                                   int value) {
  points_[point].plan.error_variable = static_cast<uint32_t>(error_variables_.size());
  points_[point].plan.error_value = value;
  error_variables_.push_back({module, 0, FindSymbol(modules_[module], symbol).value});
}

uint32_t PlanBuilder::AddHook(uint32_t module, const std::string& symbol,
                              std::vector<uint32_t> points, uint32_t observer) {
  Hook hook{{}, symbol, std::move(points)};
  hook.plan.module = module;
  hook.plan.observer = observer;
  hook.plan.entry = hook.plan.patch_at = FindSymbol(modules_[module], symbol).value;
  hook.plan.displaced = hook.plan.original_size = kNops;
  std::ranges::copy(ReadImage(modules_[module], hook.plan.patch_at, kNops), hook.plan.original);
  hooks_.push_back(hook);
  return static_cast<uint32_t>(hooks_.size() - 1);
}

uint32_t PlanBuilder::AddRule(const PlanRule& rule, std::vector<PlanRange> callers) {
  rules_.push_back({rule, std::move(callers)});
  return static_cast<uint32_t>(rules_.size() - 1);
}

uint32_t PlanBuilder::AddObserver(const std::string& name, const PlanObserver& observer,
                                  std::vector<PlanCondition> conditions,
                                  std::vector<PlanRange> ignore_callers) {
  observers_.push_back({observer, name, std::move(conditions), std::move(ignore_callers)});
  return static_cast<uint32_t>(observers_.size() - 1);
}

void PlanBuilder::AddWrapper(const PlanRange& range) { wrappers_.push_back(range); }

PlanRange PlanBuilder::RangeOf(uint32_t module, const std::string& symbol) const {
  const ElfSymbol found = FindSymbol(modules_[module], symbol);
  return {module, 0, found.value, found.value + found.size};
}

void PlanBuilder::AddModulesTo(Image& image, PlanHeader& header) const {
  std::vector<PlanModule> modules;
  for (size_t i = 0; i < modules_.size(); ++i) {
    PlanModule& module = modules.emplace_back();
    module.path = image.AddText(modules_[i]);
    module.base_name = image.AddText(modules_[i].filename());
    module.is_main = is_main_[i] ? 1 : 0;
    module.build_id = ReadBuildIdOf(modules_[i]);
  }
  header.modules = image.Add(modules);
}

void PlanBuilder::AddHooksTo(Image& image, PlanHeader& header) const {
  std::vector<PlanHook> hooks;
  for (const Hook& hook : hooks_) {
    PlanHook& plan = hooks.emplace_back(hook.plan);
    std::vector<uint8_t> trampoline(plan.original, plan.original + plan.displaced);
    trampoline.insert(trampoline.end(), {0xe9, 0, 0, 0, 0});
    PlanFixup back;
    back.position = plan.displaced + 1u;
    back.next = plan.displaced + uint32_t{kJumpSize};
    back.target = plan.patch_at + plan.displaced;
    plan.points = image.Add(hook.points);
    plan.trampoline = image.Add(trampoline);
    plan.fixups = image.Add(std::vector<PlanFixup>{back});
    plan.symbol = image.AddText(hook.symbol);
  }
  header.hooks = image.Add(hooks);
}

std::vector<std::byte> PlanBuilder::Build() const {
  Image image(sizeof(PlanHeader));
  PlanHeader header;
  header.flags = flags;
  header.site_depth = site_depth;
  header.journal_path = image.AddText(journal_path);
  header.fifo_prefix = image.AddText(fifo_prefix);
  header.snapshot_path = image.AddText(snapshot_path);

  AddModulesTo(image, header);
  AddHooksTo(image, header);

  std::vector<PlanPoint> points;
  for (const Point& point : points_) {
    PlanPoint& plan = points.emplace_back(point.plan);
    plan.name = image.AddText(point.name);
    plan.conditions = image.Add(point.conditions);
    std::vector<PlanReplacement> replacements = point.replacements;
    for (PlanReplacement& replacement : replacements) {
      replacement.text = image.AddText("");
    }
    plan.replacements = image.Add(replacements);
  }
  header.points = image.Add(points);
  header.error_variables = image.Add(error_variables_);

  std::vector<PlanRule> rules;
  for (const Rule& rule : rules_) {
    rules.emplace_back(rule.plan).callers = image.Add(rule.callers);
  }
  header.rules = image.Add(rules);

  std::vector<PlanObserver> observers;
  for (const Observer& observer : observers_) {
    PlanObserver& plan = observers.emplace_back(observer.plan);
    plan.name = image.AddText(observer.name);
    plan.conditions = image.Add(observer.conditions);
    plan.ignore_callers = image.Add(observer.ignore_callers);
  }
  header.observers = image.Add(observers);
  header.wrappers = image.Add(wrappers_);
  return image.Finish(header);
}

}  // namespace faultline::agent
