#include "harness/oracle/log_line.h"

#include <gmock/gmock.h>

#include <string>

namespace faultline {
namespace {

struct Sample {
  const char* line;
  const char* message;
  LogLevel level;
};

TEST(LogLine, TakesOffWhatCommonLoggersPutInFrontOfAMessage) {
  const Sample samples[] = {
      {"2026-01-02T20:21:22Z|00012|dpdk|EMER|Cannot init", "dpdk|EMER|Cannot init",
       LogLevel::kError},
      {"2026-01-02T20:21:22.123Z|12345|ofproto(main/id:3)|WARN|odd", "ofproto(main/id:3)|WARN|odd",
       LogLevel::kNone},
      {"[2026-01-02 20:21:22.123456] iobuf.c:  19:f: *ERROR*: Failed",
       "iobuf.c:  19:f: *ERROR*: Failed", LogLevel::kError},
      {"[2026-01-02 20:21:22.123456] app.c: 1:f: *NOTICE*: up", "app.c: 1:f: *NOTICE*: up",
       LogLevel::kInfo},
      {"E0102 20:21:22.123456 12345 file.cc:12] no memory", "file.cc:12] no memory",
       LogLevel::kError},
      {"Jan  2 20:21:22 host7 prog[4711]: cannot open", "prog[4711]: cannot open", LogLevel::kNone},
      {"<34>Jan  2 20:21:22 host7 prog[4711]: cannot open", "prog[4711]: cannot open",
       LogLevel::kNone},
      {"2026-01-02T20:21:22+01:00 host7 prog[4711]: error: x", "prog[4711]: error: x",
       LogLevel::kError},
      {"Jan  2 20:21:22 host7 kernel: [   12.345678] vfio: no", "kernel: [   12.345678] vfio: no",
       LogLevel::kNone},
      {"<34>1 2026-01-02T20:21:22.003Z host7 su 4711 ID47 - failed", "su 4711 ID47 - failed",
       LogLevel::kNone},
      {"2026-01-02T20:21:22.123456+01:00 host7 kernel: failed", "kernel: failed", LogLevel::kNone},
      {"2026-01-02 20:21:22 cannot open: no", "cannot open: no", LogLevel::kNone},
      {"[   12.345678] vfio: probe failed", "vfio: probe failed", LogLevel::kNone},
      {"<6>[   12.345678] vfio: probe failed", "vfio: probe failed", LogLevel::kNone},
      {"2026-01-02 20:21:22,123 ERROR [main] com.Pool - cannot grow",
       "[main] com.Pool - cannot grow", LogLevel::kError},
      {"2026-01-02 20:21:22,123 - pool - WARNING - low", "pool - WARNING - low", LogLevel::kNone},
      {"[2026-01-02 20:21:22.123] [error] cannot grow", "cannot grow", LogLevel::kError},
      {"2026/01/02 20:21:22 [error] 12#0: *1 open() failed", "*1 open() failed", LogLevel::kError},
      {"[Fri Jan 02 20:21:22.123456 2026] [core:error] [pid 12:tid 13] no such file",
       "no such file", LogLevel::kError},
      {"Fri Jan  2 20:21:22 2026 cannot grow", "cannot grow", LogLevel::kNone},
      {"12345:M 02 Jan 2026 20:21:22.123 # cannot grow", "cannot grow", LogLevel::kWarning},
      {"1767385282.123456 cannot grow", "cannot grow", LogLevel::kNone},
      {"1767385282: cannot grow", "cannot grow", LogLevel::kNone},
      {"01-02 20:21:22.123  1234  5678 E pool: cannot grow", "pool: cannot grow", LogLevel::kError},
      {"20:21:22 cannot grow", "cannot grow", LogLevel::kNone},
      {"2026-01-02 20:21:22 UTC [4711] FATAL:  cannot grow", "cannot grow", LogLevel::kError},
  };
  for (const Sample& sample : samples) {
    const LogLineParts parts = SplitLogLine(sample.line);
    EXPECT_EQ(parts.message, sample.message) << sample.line;
    if (sample.level != LogLevel::kNone) {
      EXPECT_EQ(parts.level, sample.level) << sample.line;
    }
  }
}

TEST(LogLine, KnowsTheLevelBehindTheNameOfAModule) {
  EXPECT_EQ(SplitLogLine("EAL:   WARNING: cannot lock").level, LogLevel::kWarning);
  EXPECT_EQ(SplitLogLine("EAL: Error - exiting with code: 1").level, LogLevel::kNone);
  EXPECT_EQ(SplitLogLine("ERROR:root:no memory").level, LogLevel::kError);
  EXPECT_EQ(SplitLogLine("INFO all is well").level, LogLevel::kInfo);
  EXPECT_EQ(SplitLogLine("warning: old option").level, LogLevel::kWarning);
  EXPECT_EQ(SplitLogLine("a.c:1:f: *ERROR*: x").inner_level, "*ERROR*");
}

TEST(LogLine, LeavesTheMessageAlone) {
  for (const std::string line :
       {"EAL: Cannot get hugepage information.", "error: deadbeat", "[ DPDK EAL parameters", "[12",
        "warn me when 5 of 7 fail", "8192 bytes cannot be allocated", "no error here: 5",
        "(null) device", "[ring] cannot grow", "double free or corruption (!prev)", "May the force",
        "Mon repos", "", "   "}) {
    const size_t begin = std::min(line.find_first_not_of(' '), line.size());
    EXPECT_EQ(SplitLogLine(line).message, line.substr(begin));
  }
  EXPECT_EQ(SplitLogLine("20:21:22 8192 bytes cannot be had").message, "8192 bytes cannot be had");
  EXPECT_EQ(SplitLogLine("warn me when 5 of 7 fail").level, LogLevel::kNone);
  EXPECT_EQ(SplitLogLine("informal talk: x").level, LogLevel::kNone);
}

TEST(LogLine, EndsWhereTheNextOneBeginsThatCameWithoutAnEndOfLine) {
  const std::string first = "[2026-01-02 20:21:22.123456] a.c: 1:f: *ERROR*: m already exist.";
  EXPECT_EQ(SplitLogLine(first + "[2026-01-02 20:21:23.000001] b.c: 2:g: *NOTICE*: up").message,
            SplitLogLine(first).message);
  const std::string quotes = "[2026-01-02 20:21:22.123456] a.c: 1:f: *ERROR*: [3] of [2026-01-02]";
  EXPECT_EQ(SplitLogLine(quotes).message, "a.c: 1:f: *ERROR*: [3] of [2026-01-02]");
}

TEST(LogLine, AnOverlongOneIsCut) {
  EXPECT_LE(SplitLogLine(std::string(1 << 20, 'x')).message.size(), 4096u);
}

}  // namespace
}  // namespace faultline
