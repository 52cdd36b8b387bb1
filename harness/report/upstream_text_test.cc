#include "harness/report/upstream_text.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "harness/report/testing/reported_sweep.h"

namespace faultline {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class UpstreamTextTest : public testing::Test {
 protected:
  UpstreamTextTest() : store_(file_.path(), Store::Mode::kCreate) {
    testkit::FillStore(store_, 12);
    digest_ = MakeDigest(store_, baseline_);
  }

  DigestFinding& finding() { return digest_.findings[0]; }
  std::string Text() { return UpstreamText(finding(), digest_); }
  void Amend(const json& more) {
    json evidence = json::parse(finding().run.evidence);
    evidence.update(more);
    finding().run.evidence = evidence.dump();
  }

  testkit::StoreFile file_;
  Store store_;
  Baseline baseline_;
  SweepDigest digest_;
};

TEST_F(UpstreamTextTest, HasAllThatAMaintainerAsksFor) {
  Amend({{"command", "/opt/x/target --no-pci --dir=/var/tmp/fl-0123456789abc/d -m 5"},
         {"step_titles", {"wait until ready", "rpc start"}},
         {"log_start", {"[2026-11-29 16:57:26.045915] Starting SPDK v26.09 git sha1 323"}}});
  const std::string text = Text();
  for (const char* part :
       {"### SIGSEGV", "**Version:** `Starting SPDK v26.09 git sha1 323`",
        "**Program:** `target` (", "in 3 of 3 runs",
        "1. Start `target --no-pci --dir=$DIR/d -m 5`.\n2. wait until ready\n3. ",
        "Meanwhile `libc/memory/calloc` failed once in the step \"rpc start\", called here:\n```\n"
        "at function0_0 (lib/0/function0.c:10)",
        "**Observed:**", "</script><b>bold</b>\n>>> here libc/memory/calloc failed once\ngone\n",
        "Where it crashed:\n```\nat blamed_0", "Thread that died:\n```\nat died_0",
        "**Expected:** the target should carry on, or give up with an error",
        "`faultline run bug.yaml --program ./target`",
        "```yaml\nfaultline: 1\nname: finding\n```"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST_F(UpstreamTextTest, TellsNothingOfThisMachinesDirectoriesOrOfTheAgent) {
  json evidence = json::parse(finding().run.evidence);
  json& stack = evidence["threads"][0]["stack"];
  stack.insert(stack.begin() + 1,
               json({"faultline_probes", "stub.S", 160, "libfaultline_agent.so", 5}));
  evidence["log"][2] = "left /tmp/fl-kf6aprk6dwowx/dpdk/fl6k2sa5hh3jo4/mp_socket";
  finding().run.evidence = evidence.dump();
  finding().group.scenario = "# Found by a sweep.\n#   f (/home/me/src/f.c:7)\nfaultline: 1\n";
  const std::string text = Text();
  EXPECT_THAT(text, AllOf(Not(HasSubstr("faultline_probes")), HasSubstr("died_1"),
                          HasSubstr("left $DIR/dpdk/fl6k2sa5hh3jo4/mp_socket"),
                          Not(HasSubstr("/home/me")), HasSubstr("```yaml\nfaultline: 1\n")));
}

TEST_F(UpstreamTextTest, AStackThatAnotherEndsWithIsNotToldTwice) {
  json evidence = json::parse(finding().run.evidence);
  json died = json::parse(finding().finding.stack);
  died.insert(died.begin(), json({"raise", "raise.c", 26, "libc.so.6", 5}));
  evidence["threads"][0]["stack"] = died;
  finding().run.evidence = evidence.dump();
  EXPECT_THAT(Text(),
              AllOf(Not(HasSubstr("Where it crashed:")),
                    HasSubstr("Thread that died:\n```\nat raise (raise.c:26)\nby blamed_0")));
}

// Of a store of an earlier version, or of a run that kept less.
TEST_F(UpstreamTextTest, WhatTheEvidenceLacksIsLeftOut) {
  EXPECT_THAT(Text(), AllOf(Not(HasSubstr("**Version:**")), Not(HasSubstr("Start `")),
                            HasSubstr("Meanwhile `libc/memory/calloc` failed once, called here")));
  for (const char* evidence : {"", "7", R"({"log": 7, "step_titles": 7, "log_start": {"a": 1}})",
                               R"({"step_titles": [7], "injections": [{"step": 1}, 7]})"}) {
    finding().run.evidence = evidence;
    EXPECT_THAT(Text(), HasSubstr("**Expected:**")) << evidence;
  }
}

TEST_F(UpstreamTextTest, ALineOfTheTargetEndsNoBlock) {
  Amend({{"log", {"a", "```", "b"}}});
  EXPECT_THAT(Text(), ContainsRegex("\n````\na\n```\n[^`]*b\n````\n"));
}

// Tempting: any line with a number and a dot.
TEST_F(UpstreamTextTest, TheVersionIsALineThatSpeaksOfIt) {
  Amend({{"log", {"listening on 10.0.0.1", "my target, version 1.4", "gone"}}});
  EXPECT_THAT(Text(), HasSubstr("**Version:** `my target, version 1.4`\n"));
}

}  // namespace
}  // namespace faultline
