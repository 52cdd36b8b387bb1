#pragma once

#include <filesystem>
#include <vector>

namespace faultline {

struct MergeResult {
  size_t runs = 0;  // in the merged store
  size_t runs_in_several = 0;
  size_t findings = 0;
};

// Joins the stores of a sweep's shards into `out`, which may exist (then its runs count too). A
// plan that several have run is taken from the first. Failure (kBadInput) when they are of
// different scenarios or programs; `out` then holds nothing of the one that does not fit.
MergeResult MergeStores(const std::filesystem::path& out,
                        const std::vector<std::filesystem::path>& inputs);

}  // namespace faultline
