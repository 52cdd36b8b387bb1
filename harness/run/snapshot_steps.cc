#include "harness/run/snapshot_steps.h"

#include <cstddef>
#include <cstring>

namespace faultline {

using protocol::SnapshotControl;
using protocol::SnapshotStep;

SnapshotSteps::SnapshotSteps(SnapshotControl* control, uint64_t address)
    : control_(control), text_address_(address + offsetof(SnapshotControl, text)) {}

void SnapshotSteps::Clear() {
  next_ = 0;
  text_ = 0;
  what_.clear();
}

SnapshotSteps::Argument SnapshotSteps::Add(int64_t call, std::initializer_list<Argument> arguments,
                                           std::string what, bool may_fail) {
  if (next_ == protocol::kSnapshotSteps) {
    throw CannotCarry("it has too much that would have to be made again");
  }
  SnapshotStep& step = control_->steps[next_];
  step = {};
  step.call = call;
  step.may_fail = may_fail ? 1 : 0;
  size_t i = 0;
  for (const Argument& argument : arguments) {
    step.arguments[i] = argument.value;
    step.kinds[i] = argument.kind;
    ++i;
  }
  what_.push_back(std::move(what));
  return {next_++, SnapshotStep::kResult};
}

SnapshotSteps::Argument SnapshotSteps::Text(std::string_view text) {
  const std::string with_end(text);
  return Bytes(with_end.c_str(), with_end.size() + 1);
}

SnapshotSteps::Argument SnapshotSteps::Bytes(const void* bytes, size_t size) {
  constexpr uint32_t kAligned = 16;
  if (size > protocol::kSnapshotText - text_) {
    throw CannotCarry("it has too much that would have to be made again");
  }
  std::memcpy(control_->text + text_, bytes, size);
  const uint32_t at = text_;
  text_ += static_cast<uint32_t>((size + kAligned - 1) / kAligned * kAligned);
  return {at, SnapshotStep::kText};
}

SnapshotSteps::Argument SnapshotSteps::NumberAt(const Argument& text, size_t offset) const {
  return {text.value + offset, SnapshotStep::kNumber};
}

uint64_t SnapshotSteps::AddressOf(const Argument& text) const { return text_address_ + text.value; }

const std::string& SnapshotSteps::WhatIs(uint32_t step) const {
  static const std::string kUnknown = "the child's agent could not follow its plan";
  return step < what_.size() ? what_[step] : kUnknown;
}

void SnapshotSteps::SetArgument(const Argument& step, int argument, uint64_t replaced) {
  control_->steps[step.value].arguments[argument] = replaced;
}

}  // namespace faultline
