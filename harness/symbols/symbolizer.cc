#include "harness/symbols/symbolizer.h"

#include <map>
#include <utility>

#include "harness/symbols/debug_module.h"

namespace faultline {

class Symbolizer::Impl {
 public:
  const Stack& Symbolize(const std::string& module_path, uint64_t offset, bool is_return_address) {
    Module& module = ModuleOf(module_path);
    const auto [known, is_new] = module.results.try_emplace({offset, is_return_address});
    if (is_new) {
      // The call that returns here ends one byte before; the next instruction may belong to another
      // line, or, after a call that never returns, to another function.
      const uint64_t pc = is_return_address && offset > 0 ? offset - 1 : offset;
      known->second = module.debug.Lookup(pc);
      for (Frame& frame : known->second) {
        frame.offset = offset;
      }
    }
    return known->second;
  }

  std::string SymbolName(const std::string& module_path, uint64_t offset) {
    return ModuleOf(module_path).debug.SymbolWithOffset(offset);
  }

 private:
  struct Module {
    explicit Module(const std::string& path) : debug(path) {}
    DebugModule debug;
    std::map<std::pair<uint64_t, bool>, Stack> results;
  };
  Module& ModuleOf(const std::string& path) {
    return modules_.try_emplace(path, path).first->second;
  }

  std::map<std::string, Module> modules_;
};

Symbolizer::Symbolizer() : impl_(std::make_unique<Impl>()) {}
Symbolizer::~Symbolizer() = default;
Symbolizer::Symbolizer(Symbolizer&&) noexcept = default;
Symbolizer& Symbolizer::operator=(Symbolizer&&) noexcept = default;

Stack Symbolizer::Symbolize(const std::string& module_path, uint64_t offset,
                            bool is_return_address) {
  return impl_->Symbolize(module_path, offset, is_return_address);
}

std::string Symbolizer::SymbolName(const std::string& module_path, uint64_t offset) {
  return impl_->SymbolName(module_path, offset);
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
    const Stack& expanded = impl_->Symbolize(journal.modules[module].path, offset, true);
    frames.insert(frames.end(), expanded.begin(), expanded.end());
  }
  return frames;
}

}  // namespace faultline
