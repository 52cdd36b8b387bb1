#include "harness/symbols/elf_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "harness/base/failure.h"
#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace fs = std::filesystem;

// One library with its symbols in different places, made by CMakeLists.txt.
const fs::path kProbes = FAULTLINE_PROBE_DIR;
// A static function of it, so only a full symbol table has it.
constexpr char kStatic[] = "_ZN5probeL5VisitEPFvPvE";

const FunctionSymbol* Find(const ElfImage& image, const std::string& name) {
  for (const FunctionSymbol& function : image.functions()) {
    if (function.name == name) {
      return &function;
    }
  }
  return nullptr;
}

std::string Hex(const protocol::BuildId& id) {
  std::string text;
  for (size_t i = 0; i < id.size; ++i) {
    char digits[3];
    snprintf(digits, sizeof(digits), "%02x", id.bytes[i]);
    text += digits;
  }
  return text;
}

class ElfImageTest : public ::testing::Test {
 protected:
  // Debug files are looked for below this test's own directory only.
  ElfImage Open(const fs::path& path) { return ElfImage::Open(path, dir_.path() / "root"); }
  fs::path CopyTo(const fs::path& from, const fs::path& to) {
    fs::create_directories((dir_.path() / to).parent_path());
    fs::copy_file(from, dir_.path() / to);
    return dir_.path() / to;
  }

  testkit::TemporaryDirectory dir_;
};

TEST_F(ElfImageTest, ReadsFunctionsWithAddressAndSize) {
  ElfImage image = Open(kProbes / "libprobe-full.so");
  EXPECT_TRUE(image.has_symtab());
  EXPECT_EQ(image.build_id().size, 20);
  const FunctionSymbol* function = Find(image, kStatic);
  ASSERT_NE(function, nullptr);
  EXPECT_GT(function->size, 0u);
  auto bytes = image.Bytes({function->address, function->address + function->size});
  EXPECT_THAT(bytes, SizeIs(function->size));
  EXPECT_EQ(Find(image, "symbolizer_probe_variable"), nullptr) << "no function";
}

TEST_F(ElfImageTest, KnowsOnlyExportedFunctionsOfAStrippedFile) {
  ElfImage image = Open(CopyTo(kProbes / "libprobe-linked.so", "lib.so"));
  EXPECT_FALSE(image.has_full_symbols());
  EXPECT_EQ(Find(image, kStatic), nullptr);
  EXPECT_NE(Find(image, "symbolizer_probe"), nullptr);
}

TEST_F(ElfImageTest, FindsTheDebugFileBesideTheFile) {
  ElfImage image = Open(kProbes / "libprobe-linked.so");
  EXPECT_TRUE(image.has_full_symbols());
  EXPECT_FALSE(image.has_symtab());
  ElfImage full = Open(kProbes / "libprobe-full.so");
  ASSERT_NE(Find(image, kStatic), nullptr);
  EXPECT_EQ(Find(image, kStatic)->address, Find(full, kStatic)->address);
}

TEST_F(ElfImageTest, FindsTheDebugFileInADebugDirectory) {
  fs::path file = CopyTo(kProbes / "libprobe-linked.so", "lib/libprobe-linked.so");
  CopyTo(kProbes / "probe.debug", "lib/.debug/probe.debug");
  EXPECT_NE(Find(Open(file), kStatic), nullptr);
}

TEST_F(ElfImageTest, FindsTheDebugFileBelowTheRootByPath) {
  fs::path file = CopyTo(kProbes / "libprobe-linked.so", "lib/libprobe-linked.so");
  CopyTo(kProbes / "probe.debug",
         fs::path("root") / file.parent_path().relative_path() / "probe.debug");
  EXPECT_NE(Find(Open(file), kStatic), nullptr);
}

TEST_F(ElfImageTest, FindsTheDebugFileBelowTheRootByBuildId) {
  fs::path file = CopyTo(kProbes / "libprobe-linked.so", "lib.so");
  std::string id = Hex(ElfFile::Open(file).build_id());
  CopyTo(kProbes / "probe.debug",
         fs::path("root/.build-id") / id.substr(0, 2) / (id.substr(2) + ".debug"));
  EXPECT_NE(Find(Open(file), kStatic), nullptr);
}

TEST_F(ElfImageTest, IgnoresTheDebugFileOfAnotherBuildAndSaysSo) {
  ElfImage image = Open(kProbes / "libprobe-foreign.so");
  EXPECT_FALSE(image.has_full_symbols());
  EXPECT_EQ(Find(image, kStatic), nullptr);
  ASSERT_THAT(image.notes(), SizeIs(1));
  EXPECT_THAT(image.notes()[0], HasSubstr("foreign.debug is ignored: its build-id is another"));
}

TEST_F(ElfImageTest, IgnoresABrokenDebugFileAndSaysSo) {
  fs::path file = CopyTo(kProbes / "libprobe-linked.so", "lib.so");
  std::ofstream(dir_.path() / "probe.debug") << "no ELF file";
  ElfImage image = Open(file);
  EXPECT_FALSE(image.has_full_symbols());
  ASSERT_THAT(image.notes(), SizeIs(1));
  EXPECT_THAT(image.notes()[0], HasSubstr("probe.debug is ignored"));
}

TEST_F(ElfImageTest, ReadsMiniDebugInfo) {
  fs::path file = kProbes / "libprobe-mini.so";
  if (!fs::exists(file)) {
    GTEST_SKIP() << "made only where xz (Debian: xz-utils) is";
  }
  ElfImage image = Open(file);
  EXPECT_FALSE(image.has_symtab());
  EXPECT_TRUE(image.has_full_symbols());
  ASSERT_NE(Find(image, kStatic), nullptr);
  ElfImage full = Open(kProbes / "libprobe-full.so");
  EXPECT_EQ(Find(image, kStatic)->address, Find(full, kStatic)->address);
  EXPECT_EQ(Find(image, kStatic)->size, Find(full, kStatic)->size);
}

TEST_F(ElfImageTest, NextEntryEndsAtTheCodeRange) {
  ElfImage image = Open(kProbes / "libprobe-full.so");
  const FunctionSymbol& last = image.functions().back();
  EXPECT_GT(image.NextEntry(last.address), last.address);
  EXPECT_GT(image.NextEntry(image.functions().front().address), 0u);
}

TEST_F(ElfImageTest, SaysWhatIsWrongWithAFile) {
  struct Case {
    const char* name;
    std::string content;
  };
  for (const Case& c : {Case{"empty", ""}, Case{"text", std::string(100, 'x')},
                        Case{"header", std::string("\x7f"
                                                   "ELF\x02\x01\x01",
                                                   7) +
                                           std::string(100, '\0')}}) {
    std::ofstream(dir_.path() / c.name) << c.content;
    try {
      ElfImage::Open(dir_.path() / c.name);
      ADD_FAILURE() << c.name;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), ExitCode::kBadInput);
      EXPECT_THAT(failure.what(), HasSubstr("not a 64-bit x86 executable or shared object"));
    }
  }
  try {
    ElfImage::Open(dir_.path() / "missing");
    ADD_FAILURE();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), ExitCode::kCannotWork);
    EXPECT_THAT(failure.what(), HasSubstr("No such file"));
  }
}

TEST_F(ElfImageTest, SurvivesAFileCutAnywhere) {
  fs::path whole = kProbes / "libprobe-full.so";
  std::ifstream in(whole, std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  for (size_t size = 64; size < content.size(); size += content.size() / 50) {
    fs::path cut = dir_.path() / "cut";
    std::ofstream(cut, std::ios::binary) << content.substr(0, size);
    try {
      ElfImage image = Open(cut);
      for (const FunctionSymbol& function : image.functions()) {
        EXPECT_LE(image.Bytes({function.address, function.address + function.size}).size(),
                  content.size());
      }
    } catch (const Failure&) {
      // Also an answer.
    }
  }
}

TEST(Interpreter, IsEmptyForALibrary) {
  EXPECT_EQ(Interpreter(ElfFile::Open(kProbes / "libprobe-full.so")), "");
  EXPECT_THAT(Interpreter(ElfFile::Open("/proc/self/exe")), HasSubstr("ld-linux"));
}

}  // namespace
}  // namespace faultline
