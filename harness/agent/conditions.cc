#include "harness/agent/conditions.h"

#include <limits.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "harness/agent/raw.h"

namespace faultline::agent {
namespace {

using protocol::PlanCondition;

bool FdOnHugetlbfs(uint64_t fd) {
  struct statfs status {};
  return !IsError(Syscall(__NR_fstatfs, static_cast<int>(fd), &status)) &&
         status.f_type == HUGETLBFS_MAGIC;
}

// By the file's directory, since the file may be about to be created.
bool PathOnHugetlbfs(const char* path) {
  if (path == nullptr) {
    return false;
  }
  size_t size = 0;
  size_t directory_size = 0;
  while (path[size] != '\0') {
    if (path[size] == '/') {
      directory_size = size == 0 ? 1 : size;
    }
    ++size;
  }
  char directory[PATH_MAX];
  if (directory_size >= sizeof(directory)) {
    return false;
  }
  CopyBytes(directory, directory_size == 0 ? "." : path, directory_size == 0 ? 1 : directory_size);
  directory[directory_size == 0 ? 1 : directory_size] = '\0';
  struct statfs status {};
  return !IsError(Syscall(__NR_statfs, directory, &status)) && status.f_type == HUGETLBFS_MAGIC;
}

bool Holds(const PlanCondition& condition, uint64_t argument) {
  switch (condition.kind) {
    case PlanCondition::kArgHasBits:
      return (argument & condition.value) != 0;
    case PlanCondition::kArgEquals:
      return argument == condition.value;
    case PlanCondition::kArgNotEquals:
      return argument != condition.value;
    case PlanCondition::kArgSignedAtMost:
      return static_cast<int32_t>(argument) <= static_cast<int32_t>(condition.value);
    case PlanCondition::kFdOnHugetlbfs:
      return FdOnHugetlbfs(argument);
    case PlanCondition::kPathOnHugetlbfs:
      return PathOnHugetlbfs(reinterpret_cast<const char*>(argument));
  }
  return false;
}

}  // namespace

bool ConditionsHold(std::span<const PlanCondition> conditions, const uint64_t (&arguments)[6]) {
  for (const PlanCondition& condition : conditions) {
    if (!Holds(condition, arguments[condition.argument])) {
      return false;
    }
  }
  return true;
}

}  // namespace faultline::agent
