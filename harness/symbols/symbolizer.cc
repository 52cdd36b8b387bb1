#include "harness/symbols/symbolizer.h"

#include <map>
#include <utility>

#include "harness/symbols/name_main.h"
#include "harness/symbols/shared_module.h"

namespace faultline {

class Symbolizer::Impl {
 public:
  SharedModule& ModuleOf(const std::string& path) {
    std::shared_ptr<SharedModule>& module = modules_[path];
    if (module == nullptr) {
      module = SharedModule::Of(path);
    }
    return *module;
  }

 private:
  std::map<std::string, std::shared_ptr<SharedModule>> modules_;
};

Symbolizer::Symbolizer() : impl_(std::make_unique<Impl>()) {}
Symbolizer::~Symbolizer() = default;
Symbolizer::Symbolizer(Symbolizer&&) noexcept = default;
Symbolizer& Symbolizer::operator=(Symbolizer&&) noexcept = default;

Stack Symbolizer::Symbolize(const std::string& module_path, uint64_t offset,
                            bool is_return_address) {
  return impl_->ModuleOf(module_path).Lookup(offset, is_return_address);
}

Symbol Symbolizer::SymbolOf(const std::string& module_path, uint64_t offset) {
  return impl_->ModuleOf(module_path).SymbolOf(offset);
}

std::string Symbolizer::FunctionOf(const std::string& module_path, uint64_t return_offset) {
  return impl_->ModuleOf(module_path).FunctionOf(return_offset);
}

CallSite Symbolizer::CallSiteOf(const std::string& module_path, uint64_t return_offset) {
  return impl_->ModuleOf(module_path).CallSiteOf(return_offset);
}

std::vector<ReturnType> Symbolizer::ReturnTypesOf(const std::string& module_path,
                                                  uint64_t return_offset) {
  return impl_->ModuleOf(module_path).ReturnTypesOf(return_offset);
}

Stack Symbolizer::Symbolize(const JournalSnapshot& journal, const JournalStack& stack) {
  Stack frames;
  for (const uint64_t packed : stack.frames) {
    const uint32_t module = protocol::FrameModule(packed);
    const uint64_t offset = protocol::FrameOffset(packed);
    if (module >= journal.modules.size()) {
      frames.push_back({.function = "??", .file = "", .line = 0, .module = "", .offset = offset});
      continue;
    }
    const Stack expanded = impl_->ModuleOf(journal.modules[module].path).Lookup(offset, true);
    frames.insert(frames.end(), expanded.begin(), expanded.end());
  }
  NameMain(frames);
  return frames;
}

}  // namespace faultline
