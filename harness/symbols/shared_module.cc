#include "harness/symbols/shared_module.h"

#include <sys/stat.h>

#include <tuple>

namespace faultline {
namespace {

// What differs when another file has come to the same path.
using Identity = std::tuple<dev_t, ino_t, off_t, time_t, long>;

Identity IdentityOf(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return {};
  }
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
          status.st_mtim.tv_nsec};
}

struct Entry {
  Identity identity;
  std::shared_ptr<SharedModule> module;
};

}  // namespace

std::shared_ptr<SharedModule> SharedModule::Of(const std::string& path) {
  static std::mutex mutex;
  static auto& modules = *new std::map<std::string, Entry>();  // threads may outlive main's statics
  const Identity now = IdentityOf(path);
  const std::lock_guard lock(mutex);
  Entry& entry = modules[path];
  if (entry.module == nullptr || entry.identity != now) {
    entry = {now, std::make_shared<SharedModule>(path)};
  }
  return entry.module;
}

Stack SharedModule::Lookup(uint64_t offset, bool is_return_address) {
  const std::lock_guard lock(mutex_);
  const auto [known, is_new] = results_.try_emplace({offset, is_return_address});
  if (is_new) {
    // The call that returns here ends one byte before; the next instruction may belong to another
    // line, or, after a call that never returns, to another function.
    const uint64_t pc = is_return_address && offset > 0 ? offset - 1 : offset;
    known->second = debug_.Lookup(pc);
    for (Frame& frame : known->second) {
      frame.offset = offset;
    }
  }
  return known->second;
}

Symbol SharedModule::SymbolOf(uint64_t offset) {
  const std::lock_guard lock(mutex_);
  return debug_.SymbolOf(offset);
}

std::string SharedModule::FunctionOf(uint64_t return_offset) {
  const std::lock_guard lock(mutex_);
  const auto [known, is_new] = functions_.try_emplace(return_offset);
  if (is_new && return_offset > 0) {
    known->second = debug_.FunctionAt(return_offset - 1);
  }
  return known->second;
}

CallSite SharedModule::CallSiteOf(uint64_t return_offset) {
  const std::lock_guard lock(mutex_);
  return debug_.CallSiteAt(return_offset);
}

std::vector<ReturnType> SharedModule::ReturnTypesOf(uint64_t return_offset) {
  const std::lock_guard lock(mutex_);
  const auto [known, is_new] = return_types_.try_emplace(return_offset);
  if (is_new && return_offset > 0) {
    known->second = debug_.ReturnTypesAt(return_offset - 1);
  }
  return known->second;
}

}  // namespace faultline
