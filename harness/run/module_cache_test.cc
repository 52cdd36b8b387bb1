#include "harness/run/module_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ModuleCacheTest : public testing::Test {
 protected:
  std::filesystem::path MakeModule(const std::string& name) {
    std::ofstream(directory_ / name) << name;
    return directory_ / name;
  }

  testkit::TemporaryDirectory temporary_;
  const std::filesystem::path& directory_ = temporary_.path();
};

TEST_F(ModuleCacheTest, RecallsWhatEarlierRunsRemembered) {
  const auto a = MakeModule("a.so");
  const auto b = MakeModule("b.so");
  ModuleCache(directory_ / "cache", "key").Remember({b});
  ModuleCache(directory_ / "cache", "key").Remember({a, b});
  EXPECT_THAT(ModuleCache(directory_ / "cache", "key").Recall(), ElementsAre(a, b));
  EXPECT_THAT(ModuleCache(directory_ / "cache", "other").Recall(), IsEmpty());
}

TEST_F(ModuleCacheTest, ForgetsFilesThatAreGone) {
  const auto a = MakeModule("a.so");
  const ModuleCache cache(directory_ / "cache", "key");
  cache.Remember({a, directory_ / "gone.so"});
  EXPECT_THAT(cache.Recall(), ElementsAre(a));
}

TEST_F(ModuleCacheTest, IgnoresACorruptFile) {
  std::filesystem::create_directories(directory_ / "cache" / "modules");
  std::ofstream(directory_ / "cache" / "modules" / "key")
      << std::string(100, '\0') << "\nrelative\n";
  EXPECT_THAT(ModuleCache(directory_ / "cache", "key").Recall(), IsEmpty());
}

TEST_F(ModuleCacheTest, RemembersNothingWithoutADirectory) {
  const ModuleCache cache("", "key");
  cache.Remember({MakeModule("a.so")});
  EXPECT_THAT(cache.Recall(), IsEmpty());
}

TEST_F(ModuleCacheTest, ProgramKeyFollowsTheContent) {
  const auto a = MakeModule("a");
  const std::string before = ProgramKey(a);
  EXPECT_EQ(ProgramKey(a), before);
  std::ofstream(a) << "something longer";
  EXPECT_NE(ProgramKey(a), before);
}

TEST_F(ModuleCacheTest, ProgramKeyIsTheBuildIdWhereverTheFileLies) {
  const std::string key = ProgramKey("/proc/self/exe");
  EXPECT_THAT(key, testing::MatchesRegex("[0-9a-f]{40}"));
  const auto copy = directory_ / "copy";
  std::filesystem::copy_file(std::filesystem::read_symlink("/proc/self/exe"), copy);
  EXPECT_EQ(ProgramKey(copy), key);
}

}  // namespace
}  // namespace faultline
