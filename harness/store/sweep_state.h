#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace faultline {

// How the last sweep into a store went. One that was killed never said that it ended.
struct SweepState {
  bool ended = false;     // by itself: all was visited, or its budget was spent
  int64_t plans = 0;      // of that sweep; 0 before it has ended
  int64_t remaining = 0;  // of these, those that were not visited
};

// Of the store that this process writes to. Failure as Store's. Stores of before this was noted get
// it with their next sweep.
void WriteSweepState(const std::filesystem::path& store, const SweepState& state);

// nullopt: a store that does not say.
std::optional<SweepState> ReadSweepState(const std::filesystem::path& store);

}  // namespace faultline
