#pragma once

#include <functional>
#include <optional>
#include <string>

namespace faultline {

// One part of a sweep that several machines share: every plan belongs to exactly one of `total`
// parts by the hash of its key, whatever each machine's census found.
struct Shard {
  int index = 1;  // 1 to total
  int total = 1;
  std::string source;  // where it was read from, for messages: "--shard", "CI_NODE_INDEX"

  bool is_whole() const { return total == 1; }
  bool Owns(const std::string& key) const;
  std::string ToString() const;  // "2/4"
};

// "I/N" with 1 <= I <= N. Failure (kBadInput) for anything else.
Shard ParseShard(const std::string& text);

// The shard that a test runner or scheduler has set in the environment: GoogleTest's
// GTEST_SHARD_INDEX and GTEST_TOTAL_SHARDS (from 0), GitLab's CI_NODE_INDEX and CI_NODE_TOTAL
// (from 1), a Slurm array's SLURM_ARRAY_TASK_ID with SLURM_ARRAY_TASK_MIN and _COUNT, and a
// Kubernetes indexed Job's JOB_COMPLETION_INDEX (from 0) with FAULTLINE_SHARD_TOTAL, which the Job
// must set: Kubernetes does not say how many there are. Nothing when none is set; Failure
// (kBadInput) when what is set makes no sense. `get` is getenv.
std::optional<Shard> ShardFromEnvironment(const std::function<const char*(const char*)>& get);

}  // namespace faultline
