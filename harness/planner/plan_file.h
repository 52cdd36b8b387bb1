#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "harness/protocol/plan.h"

namespace faultline {

// Lays out a plan file: arrays and texts behind the header, each aligned as its type wants.
class PlanFile {
 public:
  PlanFile() : bytes_(sizeof(protocol::PlanHeader)) {}

  template <typename T>
  protocol::Array<T> Add(std::span<const T> values) {
    if (values.empty()) {
      return {};
    }
    bytes_.resize((bytes_.size() + alignof(T) - 1) / alignof(T) * alignof(T));
    return {Append(values.data(), values.size_bytes()), static_cast<uint32_t>(values.size())};
  }
  template <typename T>
  protocol::Array<T> Add(const std::vector<T>& values) {
    return Add(std::span<const T>(values));
  }
  protocol::Text AddText(std::string_view text) {
    uint32_t offset = Append(text.data(), text.size());
    bytes_.push_back(std::byte{0});
    return {offset, static_cast<uint32_t>(text.size())};
  }
  std::vector<std::byte> Finish(protocol::PlanHeader header) {
    header.file_size = bytes_.size();
    std::memcpy(bytes_.data(), &header, sizeof(header));
    return std::move(bytes_);
  }

 private:
  uint32_t Append(const void* data, size_t size) {
    size_t offset = bytes_.size();
    bytes_.resize(offset + size);
    if (size > 0) {
      std::memcpy(bytes_.data() + offset, data, size);
    }
    return static_cast<uint32_t>(offset);
  }

  std::vector<std::byte> bytes_;
};

}  // namespace faultline
