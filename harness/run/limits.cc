#include "harness/run/limits.h"

#include <algorithm>

#include "harness/base/files.h"

namespace faultline {
namespace {

constexpr int kFactor = 4;
constexpr int64_t kGraceMs = 2'000;
constexpr int64_t kBriefGraceMs = 500;

LimitsMs Limits(const LimitsMs& upper, const FaultFreeRun& fault_free, int64_t grace_ms) {
  const auto limit = [&](int upper_ms, int64_t measured_ms) {
    return static_cast<int>(std::min<int64_t>(upper_ms, grace_ms + kFactor * measured_ms));
  };
  LimitsMs limits;
  limits.start = limit(upper.start, fault_free.start_ms);
  limits.rpc = limit(upper.rpc, fault_free.rpc_ms);
  limits.stop = limit(upper.stop, fault_free.stop_ms);
  return limits;
}

}  // namespace

LimitsMs CalibratedLimits(const LimitsMs& upper, const FaultFreeRun& fault_free) {
  return Limits(upper, fault_free, kGraceMs);
}

LimitsMs BriefLimits(const LimitsMs& upper, const FaultFreeRun& fault_free) {
  return Limits(upper, fault_free, kBriefGraceMs);
}

std::map<std::string, LimitsMs> LimitsOfOthers(const Scenario& scenario,
                                               const FaultFreeRun* fault_free,
                                               LimitsMs (*rule)(const LimitsMs& upper,
                                                                const FaultFreeRun& fault_free)) {
  std::map<std::string, LimitsMs> limits;
  for (const std::shared_ptr<const Target>& target : scenario.targets) {
    if (fault_free == nullptr || target->name == scenario.subject) {
      continue;
    }
    if (const auto own = fault_free->targets.find(target->name); own != fault_free->targets.end()) {
      limits[target->name] = rule(scenario.ForTarget(*target).limits_ms, own->second);
    }
  }
  return limits;
}

FaultFreeCache::FaultFreeCache(const std::filesystem::path& cache_dir,
                               const std::string& program_key, const std::string& scenario_key) {
  if (!cache_dir.empty()) {
    file_ = cache_dir / "fault-free" / (program_key + "-" + scenario_key + ".json");
  }
}

std::optional<FaultFreeRun> FaultFreeCache::Load() const {
  if (file_.empty()) {
    return std::nullopt;
  }
  const std::optional<std::string> text = ReadFile(file_);
  return text ? FaultFreeFromJson(*text) : std::nullopt;
}

void FaultFreeCache::Store(const FaultFreeRun& run) const {
  if (!file_.empty()) {
    WriteCacheFileAtomically(file_, FaultFreeToJson(run) + "\n");
  }
}

}  // namespace faultline
