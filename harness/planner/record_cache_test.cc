#include "harness/planner/record_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/base/testing/temporary_directory.h"
#include "harness/planner/cache_file.h"

namespace faultline {
namespace {

using ::testing::SizeIs;
namespace fs = std::filesystem;

class RecordCacheTest : public ::testing::Test {
 protected:
  RecordCacheTest() { fs::copy_file(FAULTLINE_NAMES, program_); }

  ModuleRecord Get(const SymbolQuery& query) {
    return RecordCache(cache_).Records({program_}, query).front();
  }
  fs::path CacheFile() const {
    for (const auto& entry : fs::directory_iterator(cache_)) {
      return entry.path();
    }
    return {};
  }
  // Makes the cache answer something that no file says, to see whether it is asked.
  void Forge() {
    RecordSet records = *DecodeRecords(*ReadCacheFile(CacheFile()));
    records.modules.at(0).hooks.at(0).note = "forged";
    WriteCacheFile(CacheFile(), EncodeRecords(records));
  }

  testkit::TemporaryDirectory dir_;
  fs::path cache_ = dir_.path() / "cache";
  fs::path program_ = dir_.path() / "program";
  SymbolQuery query_{{"call_twin"}, {"split"}, {"last_error"}};
};

TEST_F(RecordCacheTest, AnswersWithoutReadingAnUnchangedFile) {
  ModuleRecord cold = Get(query_);
  EXPECT_THAT(cold.hooks, SizeIs(1));
  EXPECT_THAT(cold.ranges, SizeIs(1));
  EXPECT_THAT(cold.tls, SizeIs(1));
  Forge();
  EXPECT_EQ(Get(query_).hooks.at(0).note, "forged");
}

TEST_F(RecordCacheTest, KeepsEveryFieldOfARecord) {
  ModuleRecord cold = Get(query_);
  ModuleRecord warm = Get(query_);
  EXPECT_EQ(warm.path, cold.path);
  EXPECT_EQ(warm.identity, cold.identity);
  EXPECT_EQ(warm.canonical_path, cold.canonical_path);
  EXPECT_EQ(warm.build_id, cold.build_id);
  EXPECT_EQ(warm.tls_size, cold.tls_size);
  EXPECT_EQ(warm.has_symtab, cold.has_symtab);
  EXPECT_EQ(warm.has_full_symbols, cold.has_full_symbols);
  EXPECT_EQ(warm.hooks.at(0).status, cold.hooks.at(0).status);
  EXPECT_EQ(warm.hooks.at(0).hooks.at(0).symbol, cold.hooks.at(0).hooks.at(0).symbol);
  EXPECT_EQ(warm.hooks.at(0).hooks.at(0).recipe, cold.hooks.at(0).hooks.at(0).recipe);
  EXPECT_EQ(warm.ranges.at(0).ranges, cold.ranges.at(0).ranges);
  EXPECT_EQ(warm.tls.at(0).offset, cold.tls.at(0).offset);
}

TEST_F(RecordCacheTest, AsksTheFileForNewNamesOnly) {
  Get(query_);
  Forge();
  SymbolQuery more{{"original_name"}, {}, {}};
  ModuleRecord record = Get(more);
  EXPECT_THAT(record.hooks, SizeIs(2)) << "it answers the old names too";
  EXPECT_EQ(record.hooks.at(0).note, "forged");
  EXPECT_EQ(record.hooks.at(1).name, "original_name");
}

TEST_F(RecordCacheTest, ReadsAChangedFileAnew) {
  // A library: another program would have another cache file.
  const fs::path& library = program_;
  auto get = [&] {
    return RecordCache(cache_).Records({FAULTLINE_NAMES_STRIPPED, library}, query_).at(1);
  };
  EXPECT_THAT(get().hooks, SizeIs(1));
  fs::remove(library);
  fs::copy_file(FAULTLINE_PROLOGUES, library);
  EXPECT_THAT(get().hooks, SizeIs(0));
}

TEST_F(RecordCacheTest, KnowsACopyByItsBuildId) {
  Get(query_);
  Forge();
  fs::path copy = dir_.path() / "elsewhere";
  fs::copy_file(program_, copy);
  EXPECT_EQ(RecordCache(cache_).Records({copy}, query_).at(0).hooks.at(0).note, "forged");
}

TEST_F(RecordCacheTest, ReplacesADamagedFile) {
  Get(query_);
  Forge();
  std::string content = *ReadFile(CacheFile());
  for (size_t at : {size_t{0}, size_t{8}, content.size() / 2, content.size() - 1}) {
    std::string damaged = content;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    std::ofstream(CacheFile(), std::ios::binary) << damaged;
    EXPECT_EQ(Get(query_).hooks.at(0).note, "") << "byte " << at;
  }
  for (size_t size : {size_t{0}, size_t{10}, content.size() / 2}) {
    std::ofstream(CacheFile(), std::ios::binary) << content.substr(0, size);
    EXPECT_EQ(Get(query_).hooks.at(0).note, "") << "cut to " << size;
  }
}

TEST_F(RecordCacheTest, DoesNotTrustAFileThatOthersMayWrite) {
  Get(query_);
  Forge();
  ASSERT_EQ(chmod(CacheFile().c_str(), 0666), 0);
  EXPECT_EQ(Get(query_).hooks.at(0).note, "");
}

TEST_F(RecordCacheTest, NoticesADebugFileThatCameLater) {
  fs::remove(program_);
  fs::copy_file(FAULTLINE_NAMES_STRIPPED, program_);
  EXPECT_THAT(Get({{"twin"}, {}, {}}).hooks, SizeIs(0));
  fs::copy_file(FAULTLINE_NAMES_DEBUG, dir_.path() / fs::path(FAULTLINE_NAMES_DEBUG).filename());
  EXPECT_THAT(Get({{"twin"}, {}, {}}).hooks, SizeIs(1));
}

TEST_F(RecordCacheTest, ServesSeveralWritersAtOnce) {
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&, i] {
      for (int round = 0; round < 10; ++round) {
        SymbolQuery query = query_;
        query.hooks.insert("new_name_" + std::to_string(i) + "_" + std::to_string(round));
        EXPECT_THAT(Get(query).hooks, SizeIs(1));
      }
    });
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
  EXPECT_THAT(Get(query_).hooks, SizeIs(1));
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(cache_)) {
    ++files;
  }
  EXPECT_EQ(files, 1u) << "no temporary file is left";
}

TEST_F(RecordCacheTest, KeepsAtMost64Files) {
  for (int i = 0; i < 70; ++i) {
    WriteCacheFile(cache_ / (std::to_string(i) + ".records"), "x");
  }
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(cache_)) {
    ++files;
  }
  EXPECT_EQ(files, 64u);
}

TEST_F(RecordCacheTest, WorksWithoutADirectory) {
  EXPECT_THAT(RecordCache("").Records({program_}, query_).at(0).hooks, SizeIs(1));
  EXPECT_FALSE(fs::exists(cache_));
}

TEST_F(RecordCacheTest, NamesAFileThatIsGone) {
  EXPECT_THROW(RecordCache(cache_).Records({program_, dir_.path() / "gone"}, query_), Failure);
}

}  // namespace
}  // namespace faultline
