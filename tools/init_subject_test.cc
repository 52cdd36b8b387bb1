#include "tools/init_subject.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "harness/base/testing/temporary_directory.h"

namespace faultline {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(InitSubject, NamesThatOnlyARunKnowsStayAndOthersAreNoVariables) {
  const InitSubject subject =
      MakeInitSubject("/bin/true", "", {"--port=${free_port}", "${run_dir}/s", "${b} $c $$", "${"});
  EXPECT_THAT(subject.args,
              ElementsAre("--port=${free_port}", "${run_dir}/s", "$${b} $c $$$", "$${"));
}

// Runs have a directory of their own.
TEST(InitSubject, PathsOfFilesBecomeAbsolute) {
  const testkit::TemporaryDirectory directory;
  std::ofstream(directory.path() / "a.conf") << "x";
  const fs::path relative = fs::relative(directory.path() / "a.conf");
  const InitSubject subject = MakeInitSubject(
      "/bin/true", "", {relative, "--conf=" + relative.string(), "a.conf", "--", relative});
  const std::string absolute = directory.path() / "a.conf";
  EXPECT_THAT(subject.args, ElementsAre(absolute, "--conf=" + absolute, "a.conf"));
  EXPECT_THAT(subject.app_args, ElementsAre("--", absolute));
  EXPECT_THAT(subject.changed_args, SizeIs(3));
}

TEST(InitSubject, ThePortThatItListensAtIsOneOfTheRuns) {
  InitSubject subject = MakeInitSubject(
      "/bin/true", "", {"7777", "--port=7777", "127.0.0.1:7777", "17777", "--size=77", "x7777"});
  UseFreePort({7777, 8888}, subject);  // which of them?
  EXPECT_THAT(subject.changed_args, IsEmpty());
  UseFreePort({7777}, subject);
  EXPECT_THAT(subject.args, ElementsAre("${free_port}", "--port=${free_port}",
                                        "127.0.0.1:${free_port}", "17777", "--size=77", "x7777"));
}

TEST(InitSubject, WhatItFillsIsInTheRunDirectory) {
  using Kind = ArgumentPlace::Kind;
  InitSubject subject = MakeInitSubject("/bin/true", "",
                                        {"/var/e", "--pid=/tmp/x.pid", "/var/e/s.sock", "/etc/conf",
                                         "/var/e2", "/etc/conf/a", "/made", "--in=/made/x"});
  EXPECT_TRUE(UseRunDir({{"/etc/conf", Kind::kDirectory, {"/etc/conf/lock"}},
                         {"/made", Kind::kMade},
                         {"/made/x", Kind::kMade},
                         {"/tmp/x.pid", Kind::kMade},
                         {"/var/e", Kind::kEmptyDirectory}},
                        subject));
  EXPECT_THAT(subject.args,
              ElementsAre("${run_dir}", "--pid=${run_dir}/x.pid", "${run_dir}/s.sock", "/etc/conf",
                          "/var/e2", "/etc/conf/a", "${run_dir}/made", "--in=${run_dir}/made/x"));
  EXPECT_THAT(subject.changed_args, SizeIs(5));
  EXPECT_FALSE(UseRunDir({{"/etc/conf", Kind::kDirectory, {"/etc/conf/lock"}}}, subject));
}

TEST(InitSubject, ProgramsOfTheSystemAreNotOnesOwn) {
  const testkit::TemporaryDirectory directory;
  EXPECT_FALSE(IsOfOnesOwn(MakeInitSubject("/bin/true", "", {})));
  fs::copy_file("/bin/true", directory.path() / "mine");
  EXPECT_TRUE(IsOfOnesOwn(MakeInitSubject(directory.path() / "mine", "", {})));
}

// Tempting: the script lies in nobody's /usr.
TEST(InitSubject, CallsOfAScriptAreThoseOfWhatReadsIt) {
  const testkit::TemporaryDirectory directory;
  for (const char* line : {"#!/bin/sh\n", "#! /usr/bin/env -S sh -e\n"}) {
    std::ofstream(directory.path() / "mine") << line;
    EXPECT_FALSE(IsOfOnesOwn(MakeInitSubject(directory.path() / "mine", "", {})));
  }
}

}  // namespace
}  // namespace faultline
