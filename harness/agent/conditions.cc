#include "harness/agent/conditions.h"

#include <linux/magic.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <climits>

#include "harness/agent/descriptor_kind.h"
#include "harness/agent/raw.h"

namespace faultline::agent {
namespace {

using protocol::PlanCondition;
using protocol::PlanStream;

constexpr uint32_t kRegisters = 6;

uint64_t ArgumentOf(const CallArguments& arguments, uint32_t number) {
  if (number < kRegisters) {
    return arguments.registers[number];
  }
  return arguments.stack == nullptr ? 0 : arguments.stack[number - kRegisters];
}

// The number that `width` bytes hold, with its sign.
uint64_t Extend(uint64_t value, uint32_t width) {
  switch (width) {
    case 1:
      return static_cast<uint64_t>(static_cast<int8_t>(value));
    case 2:
      return static_cast<uint64_t>(static_cast<int16_t>(value));
    case 4:
      return static_cast<uint64_t>(static_cast<int32_t>(value));
    default:
      return value;
  }
}

// By the file's directory, since the file may be about to be created.
bool PathOnHugetlbfs(const char* path) {
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

// struct _IO_FILE is glibc's public ABI: every program that ever inlined getc has it built in.
bool StreamIs(const FILE* stream, uint64_t state) {
  const bool input = stream->_IO_read_ptr >= stream->_IO_read_end;
  const bool output = stream->_IO_write_ptr > stream->_IO_write_base;
  return ((state & PlanStream::kNeedsInput) != 0 && input) ||
         ((state & PlanStream::kHasOutput) != 0 && output);
}

// Whether a piece of memory has to grow to hold `size` bytes. malloc_usable_size reads the piece's
// own header and takes no lock, in glibc and in the allocators that stand in for it.
bool Grows(uint64_t piece, uint64_t size) {
  return size != 0 && (piece == 0 || size > malloc_usable_size(reinterpret_cast<void*>(piece)));
}

// Whether the environment lacks the variable of "NAME=VALUE" (or of "NAME").
bool IsNewVariable(const char* text) {
  size_t length = 0;
  while (text[length] != '\0' && text[length] != '=') {
    ++length;
  }
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    size_t i = 0;
    while (i < length && (*entry)[i] == text[i]) {
      ++i;
    }
    if (i == length && (*entry)[i] == '=') {
      return false;
    }
  }
  return true;
}

bool RaisesLimit(const rlimit* wanted, uint64_t resource) {
  rlimit now{};
  return !IsError(Syscall(__NR_prlimit64, 0, resource, nullptr, &now)) &&
         wanted->rlim_max > now.rlim_max;
}

bool SignedHolds(const PlanCondition& condition, uint64_t value) {
  const auto left = static_cast<int64_t>(value);
  const auto right = static_cast<int64_t>(condition.value);
  switch (condition.kind) {
    case PlanCondition::kAbove:
      return left > right;
    case PlanCondition::kBelow:
      return left < right;
    default:
      return false;
  }
}

// Of a value that is compared as a number.
bool NumberHolds(const PlanCondition& condition, uint64_t value) {
  switch (condition.kind) {
    case PlanCondition::kArgHasBits:
      return (value & condition.value) != 0;
    case PlanCondition::kLacksBits:
      return (value & condition.value) == 0;
    case PlanCondition::kArgEquals:
      return value == condition.value;
    case PlanCondition::kArgNotEquals:
      return value != condition.value;
    case PlanCondition::kArgSignedAtMost:
      return static_cast<int32_t>(value) <= static_cast<int32_t>(condition.value);
    case PlanCondition::kOtherThread:
      return value != reinterpret_cast<uint64_t>(__builtin_thread_pointer());
    default:
      return SignedHolds(condition, value);
  }
}

// Of an argument that is an address.
bool PointerHolds(const PlanCondition& condition, uint64_t address,
                  const CallArguments& arguments) {
  if (!MayBeAddress(address)) {
    return false;
  }
  switch (condition.kind) {
    case PlanCondition::kPathOnHugetlbfs:
      return PathOnHugetlbfs(reinterpret_cast<const char*>(address));
    case PlanCondition::kStreamIs:
      return StreamIs(reinterpret_cast<const FILE*>(address), condition.value);
    case PlanCondition::kNewVariable:
      return IsNewVariable(reinterpret_cast<const char*>(address));
    case PlanCondition::kRaisesLimit:
      return RaisesLimit(reinterpret_cast<const rlimit*>(address),
                         ArgumentOf(arguments, static_cast<uint32_t>(condition.value)));
    default:
      return false;
  }
}

bool DescriptorHolds(const PlanCondition& condition, uint64_t argument) {
  int fd = static_cast<int>(argument);
  if (condition.source == PlanCondition::kStreamArgument) {
    if (!MayBeAddress(argument)) {
      return false;
    }
    fd = reinterpret_cast<const FILE*>(argument)->_fileno;
  } else if (condition.source == PlanCondition::kPointee) {
    if (!MayBeAddress(argument)) {
      return false;
    }
    CopyBytes(&fd, reinterpret_cast<const char*>(argument) + condition.offset, sizeof(fd));
  }
  const bool any = (DescriptorKind(fd) & condition.value) != 0;
  return any == (condition.kind == PlanCondition::kDescriptorIs);
}

// The size that `value` describes: one argument, or the product of two.
uint64_t SizeOf(uint64_t value, const CallArguments& arguments) {
  const uint64_t first = ArgumentOf(arguments, static_cast<uint32_t>(value & 0xff));
  const uint64_t second = value >> 8;
  return second == 0 ? first : first * ArgumentOf(arguments, static_cast<uint32_t>(second) - 1);
}

bool Holds(const PlanCondition& condition, const CallArguments& arguments) {
  const uint64_t argument = ArgumentOf(arguments, condition.argument);
  switch (condition.kind) {
    case PlanCondition::kNotRoot:
      return Syscall(__NR_geteuid) != 0;
    case PlanCondition::kDescriptorIs:
    case PlanCondition::kDescriptorIsNot:
      return DescriptorHolds(condition, argument);
    case PlanCondition::kPathOnHugetlbfs:
    case PlanCondition::kStreamIs:
    case PlanCondition::kNewVariable:
    case PlanCondition::kRaisesLimit:
      return PointerHolds(condition, argument, arguments);
    case PlanCondition::kGrows:
      return Grows(argument, SizeOf(condition.value, arguments));
    case PlanCondition::kAboveArgument:
      return argument > ArgumentOf(arguments, static_cast<uint32_t>(condition.value));
    default:
      break;
  }
  if (condition.source != PlanCondition::kPointee) {
    return NumberHolds(condition, Extend(argument, condition.width));
  }
  if (!MayBeAddress(argument)) {
    return false;
  }
  uint64_t pointee = 0;
  CopyBytes(&pointee, reinterpret_cast<const char*>(argument) + condition.offset, condition.width);
  return NumberHolds(condition, Extend(pointee, condition.width));
}

}  // namespace

bool ConditionsHold(std::span<const PlanCondition> conditions, const CallArguments& arguments) {
  for (size_t i = 0; i < conditions.size();) {
    const uint32_t group = conditions[i].group;
    bool holds = false;
    do {  // those of a group stand together
      holds = holds || Holds(conditions[i], arguments);
      ++i;
    } while (group != 0 && i < conditions.size() && conditions[i].group == group);
    if (!holds) {
      return false;
    }
  }
  return true;
}

}  // namespace faultline::agent
