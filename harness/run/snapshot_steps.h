#pragma once

#include <sys/syscall.h>

#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "harness/protocol/snapshot.h"

namespace faultline {

// Why a target cannot be forked where it stands: something of it would not be the same in the
// child, or is not known to be. The run is then made from the start.
class CannotCarry : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Writes lists of system calls for the agent of a carrier (protocol/snapshot.h).
class SnapshotSteps {
 public:
  struct Argument {
    // NOLINTNEXTLINE(google-explicit-constructor): a step reads like a call
    template <typename Number>
    Argument(Number number) : value(static_cast<uint64_t>(number)) {}
    Argument(uint64_t number, protocol::SnapshotStep::Kind what) : value(number), kind(what) {}
    uint64_t value;
    protocol::SnapshotStep::Kind kind = protocol::SnapshotStep::kValue;
  };

  // `control` is the harness's mapping; `address`: where the carrier has it.
  SnapshotSteps(protocol::SnapshotControl* control, uint64_t address);

  // What follows replaces the lists of earlier forks.
  void Clear();
  // CannotCarry when there is no room.
  Argument Add(int64_t call, std::initializer_list<Argument> arguments, std::string what,
               bool may_fail = false);
  Argument Text(std::string_view text);  // with a NUL behind it
  Argument Bytes(const void* bytes, size_t size);
  Argument NumberAt(const Argument& text, size_t offset) const;
  // The address that the carrier and its children see.
  uint64_t AddressOf(const Argument& text) const;
  uint32_t next() const { return next_; }
  const std::string& WhatIs(uint32_t step) const;
  // Puts `replaced` in the place of the `argument`th of the step.
  void SetArgument(const Argument& step, int argument, uint64_t replaced);

 private:
  protocol::SnapshotControl* control_;
  uint64_t text_address_;
  uint32_t next_ = 0;
  uint32_t text_ = 0;
  std::vector<std::string> what_;
};

}  // namespace faultline
