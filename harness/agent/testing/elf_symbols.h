#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/protocol/layout.h"

namespace faultline::agent {

struct ElfSymbol {
  uint64_t value = 0;  // address less load bias, or offset in thread-local storage
  uint64_t size = 0;
};

// The symbol in the file's .symtab; std::runtime_error when it is not there.
ElfSymbol FindSymbol(const std::filesystem::path& file, const std::string& name);

// `size` bytes of the file's memory image from `address` on.
std::vector<uint8_t> ReadImage(const std::filesystem::path& file, uint64_t address, size_t size);

// Size 0 when the file has none.
protocol::BuildId ReadBuildIdOf(const std::filesystem::path& file);

}  // namespace faultline::agent
