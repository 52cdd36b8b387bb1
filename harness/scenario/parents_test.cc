#include "harness/scenario/parents.h"

#include <gmock/gmock.h>

#include <string>

#include "harness/scenario/testing/files.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ParentsTest : public ::testing::Test {
 protected:
  // `count` profiles, each of which extends the next; the last one has a summary.
  void WriteChain(int count) {
    for (int i = 1; i < count; ++i) {
      directory_.Write("profiles/p" + std::to_string(i) + ".yaml",
                       "extends: p" + std::to_string(i + 1) + "\n");
    }
    directory_.Write("profiles/p" + std::to_string(count) + ".yaml", "summary: the last\n");
  }

  YamlPtr Read(const std::string& name, const Extending& extending) {
    const std::filesystem::path file = directory_.path() / name;
    return WithParents(ReadYamlFile(file, diagnostics_), file, directory_.path(), extending,
                       diagnostics_);
  }

  testing::TempDir directory_;
  InheritedKeys keys_;
  Diagnostics diagnostics_;
};

TEST_F(ParentsTest, AFileHasWhatAllAboveItHave) {
  WriteChain(4);
  const YamlPtr root = Read("profiles/p1.yaml", {DataKind::kProfile, keys_});
  EXPECT_THAT(diagnostics_.all(), IsEmpty());
  ASSERT_NE(root->Find("summary"), nullptr);
  EXPECT_EQ(root->Find("summary")->value->text, "the last");
}

TEST_F(ParentsTest, AChainThatIsTooLongIsToldWhereItGoesOn) {
  WriteChain(12);
  Read("profiles/p1.yaml", {DataKind::kProfile, keys_});
  EXPECT_THAT(diagnostics_.all(),
              ElementsAre(Field(&Diagnostic::message, "more than 8 profiles extend each other")));
  EXPECT_THAT(diagnostics_.all().at(0).position.ToString(), HasSubstr("p9.yaml:1:10"));
}

TEST_F(ParentsTest, ACircleIsTold) {
  directory_.Write("profiles/a.yaml", "extends: ./b.yaml\n");
  directory_.Write("profiles/b.yaml", "extends: ./a.yaml\n");
  Read("profiles/a.yaml", {DataKind::kProfile, keys_});
  EXPECT_THAT(diagnostics_.all(),
              ElementsAre(Field(&Diagnostic::message, "`./a.yaml` extends itself")));
}

TEST_F(ParentsTest, AParentIsPreparedBeforeItIsInherited) {
  directory_.Write("catalogue/own.yaml", "extends: base\n");
  directory_.Write("catalogue/base.yaml", "module: lib.so\n");
  const YamlPtr root =
      Read("catalogue/own.yaml", {DataKind::kCatalogue, keys_, [](const YamlPtr&) -> YamlPtr {
                                    return std::make_shared<YamlValue>();
                                  }});
  EXPECT_EQ(root->Find("module"), nullptr) << "that is the parent's alone";
}

}  // namespace
}  // namespace faultline
