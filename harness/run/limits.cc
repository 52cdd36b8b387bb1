#include "harness/run/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/files.h"
#include "harness/protocol/layout.h"

namespace faultline {
namespace {

constexpr int kFactor = 4;
constexpr int64_t kGraceMs = 2'000;
// Part of the key: a calibration by older rules is measured anew.
constexpr char kFormat[] = "calibration-1";

int Limit(int upper_ms, int64_t measured_ms) {
  return static_cast<int>(std::min<int64_t>(upper_ms, kGraceMs + kFactor * measured_ms));
}

// Collects texts such that no two different sequences give the same key.
class KeyMaker {
 public:
  void Add(std::string_view text) {
    hash_ = protocol::HashMix(hash_, text.size());
    hash_ = protocol::HashMix(hash_, protocol::HashText(text));
  }
  void Add(const std::vector<std::string>& texts) {
    hash_ = protocol::HashMix(hash_, texts.size());
    for (const std::string& text : texts) {
      Add(text);
    }
  }
  void Add(const std::map<std::string, std::string>& texts) {
    hash_ = protocol::HashMix(hash_, texts.size());
    for (const auto& [name, value] : texts) {
      Add(name);
      Add(value);
    }
  }
  void Add(std::optional<int> value) { Add(value ? std::to_string(*value) : "none"); }
  uint64_t hash() const { return hash_; }

 private:
  uint64_t hash_ = 0;
};

void AddStep(const Step& step, KeyMaker& key) {
  key.Add(std::to_string(step.action.index()));
  key.Add(step.Title());
  if (const auto* rpc = std::get_if<RpcStep>(&step.action)) {
    key.Add(rpc->params.dump());
  } else if (const auto* command = std::get_if<CommandStep>(&step.action)) {
    key.Add(command->argv);
  } else if (const auto* terminal = std::get_if<TerminalStep>(&step.action)) {
    key.Add(terminal->text);
  }
}

}  // namespace

Calibration MeasureCalibration(const Evidence& fault_free) {
  Calibration calibration;
  calibration.start_ms = fault_free.start_ms;
  calibration.stop_ms = fault_free.stop_ms;
  for (const RpcExchange& rpc : fault_free.rpcs) {
    calibration.rpc_ms = std::max(calibration.rpc_ms, rpc.duration_ms);
  }
  calibration.left_behind = fault_free.left_behind;
  return calibration;
}

LimitsMs CalibratedLimits(const LimitsMs& upper, const Calibration& calibration) {
  LimitsMs limits;
  limits.start = Limit(upper.start, calibration.start_ms);
  limits.rpc = Limit(upper.rpc, calibration.rpc_ms);
  limits.stop = Limit(upper.stop, calibration.stop_ms);
  return limits;
}

CalibrationCache::CalibrationCache(const std::filesystem::path& cache_dir,
                                   const std::string& program_key,
                                   const std::string& scenario_key) {
  if (!cache_dir.empty()) {
    file_ = cache_dir / "calibrations" / (program_key + "-" + scenario_key + ".json");
  }
}

std::optional<Calibration> CalibrationCache::Load() const {
  if (file_.empty()) {
    return std::nullopt;
  }
  const std::optional<std::string> text = ReadFile(file_);
  if (!text) {
    return std::nullopt;
  }
  const nlohmann::json json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  try {
    Calibration calibration;
    json.at("start_ms").get_to(calibration.start_ms);
    json.at("rpc_ms").get_to(calibration.rpc_ms);
    json.at("stop_ms").get_to(calibration.stop_ms);
    json.at("left_behind").get_to(calibration.left_behind);
    return calibration;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;  // not ours, or damaged: it is measured again
  }
}

void CalibrationCache::Store(const Calibration& calibration) const {
  if (file_.empty()) {
    return;
  }
  const nlohmann::json json = {{"start_ms", calibration.start_ms},
                               {"rpc_ms", calibration.rpc_ms},
                               {"stop_ms", calibration.stop_ms},
                               {"left_behind", calibration.left_behind}};
  WriteFileAtomically(file_,
                      json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

std::string ScenarioKey(const Scenario& scenario, const Profile& profile) {
  KeyMaker key;
  key.Add(kFormat);
  key.Add(scenario.name);
  key.Add(profile.name);
  key.Add(profile.args);
  key.Add(profile.args_with_hugetlbfs);
  key.Add(profile.args_without_hugetlbfs);
  key.Add(scenario.extra_args);
  key.Add(profile.app_args);
  key.Add(profile.environment);
  key.Add(scenario.environment);
  key.Add(scenario.variables);
  key.Add(scenario.resources.hugetlbfs_mb);
  for (const CommandStep& command : scenario.prepare) {
    key.Add(command.argv);
  }
  for (const Step& step : scenario.steps) {
    AddStep(step, key);
  }
  return fmt::format("{:016x}", key.hash());
}

}  // namespace faultline
