#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>

#include "harness/report/page_data.h"
#include "harness/report/page_tables.h"
#include "harness/report/sweep_digest.h"

namespace faultline {

// One entry of the page's `findings`, of digest.findings[index]; its stacks go into `tables`.
nlohmann::json PageFinding(const SweepDigest& digest, size_t index, const PageOptions& options,
                           PageTables& tables);

}  // namespace faultline
