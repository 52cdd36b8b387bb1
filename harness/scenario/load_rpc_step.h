#pragma once

#include <optional>

#include "harness/scenario/map_reader.h"
#include "harness/scenario/scenario.h"

// The steps that speak to a target's RPC socket; scenarios/README.md has their forms.
namespace faultline {

using StepAction = decltype(Step::action);

std::optional<StepAction> ReadRpcStep(MapReader& map);
std::optional<StepAction> ReadPipelineStep(MapReader& map);
std::optional<StepAction> ReadRawStep(MapReader& map);
std::optional<StepAction> ReadAnswerStep(MapReader& map);
std::optional<StepAction> ReadDisconnectStep(MapReader& map);

}  // namespace faultline
