#include "harness/symbols/symbolizer.h"

#include <dlfcn.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "harness/symbols/testing/symbolizer_probe.h"

namespace faultline {
namespace {

using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace fs = std::filesystem;

// The same library with its debug info in different places, made by CMakeLists.txt.
const fs::path kProbeDir = FAULTLINE_PROBE_DIR;

void* g_return_address = nullptr;

// The module-relative return address that `library` reports. Each copy is loaded by its own name.
uint64_t ProbeOffset(const fs::path& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    ADD_FAILURE() << dlerror();
    return 0;
  }
  auto* probe = reinterpret_cast<void (*)(Visitor)>(dlsym(handle, "symbolizer_probe"));
  probe([](void* address) { g_return_address = address; });
  Dl_info info;
  EXPECT_NE(dladdr(g_return_address, &info), 0);
  const auto offset =
      reinterpret_cast<uint64_t>(g_return_address) - reinterpret_cast<uint64_t>(info.dli_fbase);
  dlclose(handle);
  return offset;
}

// Module-relative places of the probe's variables.
struct ProbeVariables {
  uint64_t shared = 0;
  uint64_t own = 0;
  uint64_t twins_own = 0;
};

ProbeVariables OffsetsIn(const fs::path& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    ADD_FAILURE() << dlerror();
    return {};
  }
  const auto offset_by = [&](const char* function) {
    auto* place = reinterpret_cast<int* (*)()>(dlsym(handle, function))();
    Dl_info info;
    EXPECT_NE(dladdr(place, &info), 0);
    return reinterpret_cast<uint64_t>(place) - reinterpret_cast<uint64_t>(info.dli_fbase);
  };
  const ProbeVariables offsets{offset_by("symbolizer_probe_shared"),
                               offset_by("symbolizer_probe_own"),
                               offset_by("symbolizer_probe_twins_own")};
  dlclose(handle);
  return offsets;
}

void ExpectFullStack(const Stack& stack, const std::string& module, uint64_t offset) {
  ASSERT_THAT(stack, SizeIs(3));
  EXPECT_EQ(stack[0].function, "probe::Inner");
  EXPECT_EQ(stack[0].line, 16);
  EXPECT_EQ(stack[1].function, "probe::Outer");
  EXPECT_EQ(stack[1].line, 21);
  EXPECT_EQ(stack[2].function, "probe::Walker::Walk");
  EXPECT_EQ(stack[2].line, 27);
  for (const Frame& frame : stack) {
    EXPECT_THAT(frame.file, EndsWith("symbolizer_probe.cc"));
    EXPECT_EQ(frame.module, module);
    EXPECT_EQ(frame.offset, offset);
  }
}

TEST(Symbolizer, ExpandsInlinedFunctionsToTheLinesOfTheirCalls) {
  const fs::path file = kProbeDir / "libprobe-full.so";
  const uint64_t offset = ProbeOffset(file);
  ExpectFullStack(Symbolizer().Symbolize(file, offset, true), "libprobe-full.so", offset);
}

// GCC gives no mangled name to what nobody else can call.
TEST(Symbolizer, NamesAFunctionOfAnAnonymousNamespaceInFull) {
  const fs::path file = kProbeDir / "libprobe-full.so";
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(handle, nullptr) << dlerror();
  void* hidden = reinterpret_cast<void* (*)()>(dlsym(handle, "symbolizer_probe_hidden"))();
  Dl_info info;
  ASSERT_NE(dladdr(hidden, &info), 0);
  const auto offset =
      reinterpret_cast<uint64_t>(hidden) - reinterpret_cast<uint64_t>(info.dli_fbase);
  dlclose(handle);
  EXPECT_EQ(Symbolizer().Symbolize(file, offset, false).back().function,
            "probe::(anonymous namespace)::Holder::Hidden");
}

TEST(Symbolizer, FindsDebugInfoByDebugLink) {
  const fs::path file = kProbeDir / "libprobe-linked.so";
  const uint64_t offset = ProbeOffset(file);
  ExpectFullStack(Symbolizer().Symbolize(file, offset, true), "libprobe-linked.so", offset);
}

TEST(Symbolizer, RefusesADebugFileOfAnotherBuild) {
  const fs::path file = kProbeDir / "libprobe-foreign.so";
  const Stack stack = Symbolizer().Symbolize(file, ProbeOffset(file), true);
  ASSERT_THAT(stack, SizeIs(1));
  EXPECT_EQ(stack[0].line, 0);
}

TEST(Symbolizer, FallsBackToTheSymbolTable) {
  const fs::path file = kProbeDir / "libprobe-symbols.so";
  const uint64_t offset = ProbeOffset(file);
  const Stack stack = Symbolizer().Symbolize(file, offset, true);
  ASSERT_THAT(stack, SizeIs(1));
  EXPECT_EQ(stack[0].function, "probe::Walker::Walk");
  EXPECT_THAT(stack[0].file, IsEmpty());
  EXPECT_EQ(stack[0].module, "libprobe-symbols.so");
  EXPECT_EQ(stack[0].offset, offset);
}

TEST(Symbolizer, ReadsUnitsOfClangThatHaveNoAddressRangeTable) {
  const fs::path file = kProbeDir / "libprobe-noaranges.so";
  const uint64_t offset = ProbeOffset(file);
  ExpectFullStack(Symbolizer().Symbolize(file, offset, true), "libprobe-noaranges.so", offset);
}

TEST(Symbolizer, AReturnAddressBelongsToTheCallBeforeIt) {
  const fs::path file = kProbeDir / "libprobe-full.so";
  const uint64_t offset = ProbeOffset(file);
  Symbolizer symbolizer;
  const Stack call = symbolizer.Symbolize(file, offset, true);
  const Stack before = symbolizer.Symbolize(file, offset - 1, false);
  ASSERT_EQ(call.size(), before.size());
  EXPECT_EQ(call[0].line, before[0].line);
  EXPECT_EQ(call[0].offset, before[0].offset + 1);
}

TEST(Symbolizer, NamesTheFunctionOfACallByTheSymbolTableAlone) {
  for (const char* library : {"libprobe-full.so", "libprobe-linked.so", "libprobe-symbols.so"}) {
    const fs::path file = kProbeDir / library;
    const uint64_t offset = ProbeOffset(file);
    EXPECT_EQ(Symbolizer().FunctionOf(file, offset), "probe::Walker::Walk") << library;
  }
  EXPECT_EQ(Symbolizer().FunctionOf(kProbeDir / "libprobe-full.so", 0x7fff'0000), "");
  EXPECT_EQ(Symbolizer().FunctionOf("/nowhere", 0x123), "");
}

// exit(3) ends by a call that never returns: what lies behind it is another function.
TEST(Symbolizer, TheFunctionOfACallIsTheOneBeforeItsReturnAddress) {
  const fs::path file = kProbeDir / "libprobe-full.so";
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(handle, nullptr) << dlerror();
  Dl_info info;
  ASSERT_NE(dladdr(dlsym(handle, "symbolizer_probe"), &info), 0);
  const auto begin =
      reinterpret_cast<uint64_t>(info.dli_saddr) - reinterpret_cast<uint64_t>(info.dli_fbase);
  dlclose(handle);
  EXPECT_EQ(Symbolizer().FunctionOf(file, begin + 1), "symbolizer_probe");
  EXPECT_NE(Symbolizer().FunctionOf(file, begin), "symbolizer_probe");
}

TEST(Symbolizer, NamesVariables) {
  const fs::path file = kProbeDir / "libprobe-symbols.so";
  const ProbeVariables offsets = OffsetsIn(file);
  Symbolizer symbolizer;
  EXPECT_EQ(symbolizer.SymbolOf(file, offsets.shared), (Symbol{"symbolizer_probe_variable", ""}));
  EXPECT_EQ(symbolizer.SymbolOf(file, offsets.shared + 4).ToString(),
            "symbolizer_probe_variable+0x4");
  EXPECT_EQ(symbolizer.SymbolOf(file, 0x7fff'0000), Symbol());
  EXPECT_EQ(symbolizer.SymbolOf("/nowhere", offsets.shared), Symbol());
}

TEST(Symbolizer, TellsVariablesOfOneNameApartByTheirFiles) {
  for (const char* library : {"libprobe-full.so", "libprobe-linked.so"}) {
    const fs::path file = kProbeDir / library;
    const ProbeVariables offsets = OffsetsIn(file);
    Symbolizer symbolizer;
    EXPECT_EQ(symbolizer.SymbolOf(file, offsets.own).ToString(),
              "own_variable (symbolizer_probe.cc)");
    EXPECT_EQ(symbolizer.SymbolOf(file, offsets.twins_own).ToString(),
              "own_variable (symbolizer_probe_twin.cc)");
    EXPECT_EQ(symbolizer.SymbolOf(file, offsets.shared).file, "");
  }
}

TEST(Symbolizer, AVariableThatTheLinkerMadeLocalHasNoFile) {
  const fs::path file = kProbeDir / "libprobe-hidden.so";
  const ProbeVariables offsets = OffsetsIn(file);
  EXPECT_EQ(Symbolizer().SymbolOf(file, offsets.shared), (Symbol{"symbolizer_probe_variable", ""}));
  EXPECT_EQ(Symbolizer().SymbolOf(file, offsets.own).file, "symbolizer_probe.cc");
}

TEST(Symbolizer, SaysNoFileWhereTheSymbolTableDoesNotTell) {
  for (const char* library : {"libprobe-symbols.so", "libprobe-lto.so"}) {
    const fs::path file = kProbeDir / library;
    EXPECT_EQ(Symbolizer().SymbolOf(file, OffsetsIn(file).own), (Symbol{"own_variable", ""}));
  }
}

TEST(Symbolizer, KeepsModuleAndOffsetOfWhatItCannotRead) {
  for (const char* path : {"/nowhere/libgone.so", "/dev/null", "[vdso]", "/etc/passwd"}) {
    const Stack stack = Symbolizer().Symbolize(path, 0x123, true);
    ASSERT_THAT(stack, SizeIs(1));
    EXPECT_EQ(stack[0].function, "");
    EXPECT_EQ(stack[0].module, fs::path(path).filename());
    EXPECT_EQ(stack[0].offset, 0x123u);
  }
}

TEST(Symbolizer, AnAddressOutsideTheModuleIsNoFunction) {
  const Stack stack = Symbolizer().Symbolize(kProbeDir / "libprobe-full.so", 0x7fff'0000, true);
  ASSERT_THAT(stack, SizeIs(1));
  EXPECT_EQ(stack[0].function, "");
}

TEST(Symbolizer, TurnsAJournalStackIntoFramesWithUnknownOnesAsQuestionMarks) {
  JournalSnapshot journal;
  journal.modules.emplace_back().path = kProbeDir / "libprobe-full.so";
  const uint64_t offset = ProbeOffset(journal.modules[0].path);
  JournalStack stack;
  stack.frames = {protocol::PackFrame(0, offset), 0x7777, protocol::PackFrame(40, 0x10)};
  const Stack frames = Symbolizer().Symbolize(journal, stack);
  ASSERT_THAT(frames, SizeIs(5));
  EXPECT_EQ(frames[2].function, "probe::Walker::Walk");
  EXPECT_EQ(frames[3].function, "??");
  EXPECT_EQ(frames[3].offset, 0x7777u);
  EXPECT_EQ(frames[4].function, "??");
}

TEST(Symbolizer, AFileThatHasChangedIsReadAnew) {
  const fs::path full = kProbeDir / "libprobe-full.so";
  const uint64_t offset = ProbeOffset(full);
  const fs::path copy = fs::temp_directory_path() / "libprobe-replaced.so";
  fs::copy_file("/bin/true", copy, fs::copy_options::overwrite_existing);
  EXPECT_NE(Symbolizer().Symbolize(copy, offset, true).front().function, "probe::Inner");
  fs::copy_file(full, copy, fs::copy_options::overwrite_existing);
  EXPECT_EQ(Symbolizer().Symbolize(copy, offset, true).front().function, "probe::Inner");
  fs::remove(copy);
}

}  // namespace
}  // namespace faultline
