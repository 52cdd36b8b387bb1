#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "harness/protocol/layout.h"

namespace faultline::agent {

struct ElfSymbol {
  uint64_t value = 0;  // address less load bias, or offset in thread-local storage
  uint64_t size = 0;
};

// The symbol in the file's .symtab; std::runtime_error when it is not there.
ElfSymbol FindSymbol(const std::filesystem::path& file, const std::string& name);

// Size 0 when the file has none.
protocol::BuildId ReadBuildIdOf(const std::filesystem::path& file);

}  // namespace faultline::agent
