#include "harness/sweep/shard.h"

#include <fmt/format.h>

#include <charconv>

#include "harness/base/failure.h"
#include "harness/protocol/layout.h"

namespace faultline {
namespace {

constexpr int kMostShards = 100'000;

std::optional<int> ParseNumber(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

struct Scheme {
  const char* index;
  const char* total;
  const char* first;  // variable that holds the first index; nullptr = `base`
  int base;
};

constexpr Scheme kSchemes[] = {
    {"GTEST_SHARD_INDEX", "GTEST_TOTAL_SHARDS", nullptr, 0},
    {"CI_NODE_INDEX", "CI_NODE_TOTAL", nullptr, 1},
    {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN", 0},
    {"JOB_COMPLETION_INDEX", "FAULTLINE_SHARD_TOTAL", nullptr, 0},
};

int RequireNumber(const char* name, const char* text) {
  const std::optional<int> number = ParseNumber(text == nullptr ? "" : text);
  if (!number) {
    throw Failure::BadInput(
        fmt::format("{}: expected a number, got `{}`", name, text == nullptr ? "nothing" : text));
  }
  return *number;
}

}  // namespace

bool Shard::Owns(const std::string& key) const {
  const uint64_t hash = protocol::HashMix(0, protocol::HashText(key));
  return hash % static_cast<uint64_t>(total) == static_cast<uint64_t>(index - 1);
}

std::string Shard::ToString() const { return fmt::format("{}/{}", index, total); }

Shard ParseShard(const std::string& text) {
  const size_t slash = text.find('/');
  const auto index = ParseNumber(std::string_view(text).substr(0, slash));
  const auto total = slash == std::string::npos
                         ? std::nullopt
                         : ParseNumber(std::string_view(text).substr(slash + 1));
  if (!index || !total || *index < 1 || *index > *total || *total > kMostShards) {
    throw Failure::BadInput(
        fmt::format("--shard {}: expected I/N with I from 1 to N, as 2/4", text));
  }
  return {*index, *total, "--shard"};
}

std::optional<Shard> ShardFromEnvironment(const std::function<const char*(const char*)>& get) {
  for (const Scheme& scheme : kSchemes) {
    const char* index_text = get(scheme.index);
    // A GitLab job that is not parallel has an index of its own kind or none, and no total.
    if (index_text == nullptr || *index_text == '\0' ||
        (get(scheme.total) == nullptr &&
         scheme.index != std::string_view("JOB_COMPLETION_INDEX"))) {
      continue;
    }
    const int index = RequireNumber(scheme.index, index_text);
    const int total = RequireNumber(scheme.total, get(scheme.total));
    const int first =
        scheme.first == nullptr ? scheme.base : RequireNumber(scheme.first, get(scheme.first));
    const int from_one = index - first + 1;
    if (total < 1 || total > kMostShards || from_one < 1 || from_one > total) {
      throw Failure::BadInput(
          fmt::format("{}={} and {}={} name no shard", scheme.index, index, scheme.total, total));
    }
    return Shard{from_one, total, scheme.index};
  }
  return std::nullopt;
}

}  // namespace faultline
