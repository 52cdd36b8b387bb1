#include "harness/oracle/known_findings.h"

#include <gmock/gmock.h>

namespace faultline {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

Finding WithSignature(const std::string& signature) {
  Finding finding;
  finding.signature = signature;
  return finding;
}

TEST(ApplyBaseline, KnowsFindingsByTheirSignatureAlone) {
  const Baseline baseline{.summary = "",
                          .entries = {{"crash: a", "crash", "a note", "issue 1", {}},
                                      {"hang: b", "hang", "", "issue 2", {}}}};
  std::vector<Finding> findings = {WithSignature("crash: a"), WithSignature("crash: ab"),
                                   WithSignature("hang: b")};
  EXPECT_THAT(ApplyBaseline(baseline, findings), IsEmpty());
  EXPECT_TRUE(findings[0].known);
  EXPECT_EQ(findings[0].note, "a note; issue 1");
  EXPECT_FALSE(findings[1].known);
  EXPECT_EQ(findings[2].note, "issue 2");
}

TEST(ApplyBaseline, ReturnsWhatIsGone) {
  const Baseline baseline{
      .summary = "",
      .entries = {{"crash: a", "crash", "", "", {}}, {"hang: b", "hang", "", "", {}}}};
  std::vector<Finding> findings = {WithSignature("hang: b")};
  const std::vector<BaselineEntry> gone = ApplyBaseline(baseline, findings);
  ASSERT_THAT(gone, SizeIs(1));
  EXPECT_EQ(gone[0].signature, "crash: a");
}

}  // namespace
}  // namespace faultline
