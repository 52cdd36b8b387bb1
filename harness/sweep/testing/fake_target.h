#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "harness/protocol/layout.h"
#include "harness/run/executor.h"

// A target that exists only as evidence: its sites are a list, and what a failing site leads to is
// said by the test. Sweeps run on it in microseconds.
namespace faultline::testkit {

struct FakeSite {
  std::string point;
  std::vector<uint64_t> frames;  // innermost first
  uint64_t calls = 1;
  bool before_main = false;
  std::string only_after;  // point that must have failed before
};

class FakeTarget {
 public:
  static constexpr int kStartMs = 5;
  static constexpr int kRecordingStartMs = 1'000;  // every call is followed to its site

  using Behaviour = std::function<void(const RunRequest& request, Evidence& evidence)>;

  explicit FakeTarget(std::vector<FakeSite> sites) : sites_(std::move(sites)) {}

  // What happens in runs without faults.
  void WhenNothingFails(Behaviour behaviour) { fault_free_ = behaviour; }
  // What happens when a call of `point` fails.
  void When(const std::string& point, Behaviour behaviour) { behaviours_[point] = behaviour; }

  static uint64_t HashOf(const FakeSite& site) {
    uint64_t hash = protocol::HashText(site.point);
    for (const uint64_t frame : site.frames) {
      hash = protocol::HashMix(hash, frame);
    }
    return hash;
  }

  Evidence Run(const RunRequest& request) {
    ++runs_;
    Evidence evidence;
    evidence.argv = {"fake"};
    evidence.agent_ready = true;
    evidence.exit.kind = ExitStatus::Kind::kExited;
    evidence.start_ms = request.record_sites ? kRecordingStartMs : kStartMs;
    evidence.total_ms = 2 * evidence.start_ms;
    evidence.journal.modules.push_back({});
    evidence.journal.modules[0].path = "/nonexistent/fake";
    for (const FaultPoint& point : request.catalogue.points) {
      evidence.points.push_back(point.name);
    }
    Inject(request, evidence);
    if (request.faults.empty() && fault_free_) {
      fault_free_(request, evidence);
    }
    if (request.record_sites) {
      Record(request, evidence);
    }
    return evidence;
  }

  int runs() const { return runs_; }

 private:
  void Inject(const RunRequest& request, Evidence& evidence) {
    for (const Fault& fault : request.faults) {
      bool reached = false;
      for (const FakeSite& site : sites_) {
        const bool there = site.only_after.empty() || Fails(request, site.only_after);
        if (there && HashOf(site) == fault.site && fault.first <= site.calls) {
          reached = true;
          evidence.injections.push_back({.fault = fault.id,
                                         .point = fault.point,
                                         .action = "fail",
                                         .site = fault.site,
                                         .occurrence = fault.first,
                                         .step = 0,
                                         .tid = 1,
                                         .before_main = site.before_main,
                                         .time_ms = 1,
                                         .stack = {}});
        }
      }
      if (!reached && fault.after.empty()) {
        evidence.faults_not_reached.push_back(fault.id);
      }
      const auto behaviour = behaviours_.find(fault.point);
      if (reached && behaviour != behaviours_.end()) {
        behaviour->second(request, evidence);
      }
    }
  }

  static bool Fails(const RunRequest& request, const std::string& point) {
    for (const Fault& fault : request.faults) {
      if (fault.point == point) {
        return true;
      }
    }
    return false;
  }

  void Record(const RunRequest& request, Evidence& evidence) {
    JournalSnapshot& journal = evidence.journal;
    uint64_t sequence = 0;
    for (const FakeSite& site : sites_) {
      uint32_t point = 0;
      while (point < evidence.points.size() && evidence.points[point] != site.point) {
        ++point;
      }
      const bool there = site.only_after.empty() || Fails(request, site.only_after);
      if (point == evidence.points.size() || !there) {
        continue;
      }
      JournalStack stack;
      for (const uint64_t frame : site.frames) {
        stack.frames.push_back(protocol::PackFrame(0, frame));
      }
      journal.stacks.push_back(stack);
      const auto index = static_cast<uint32_t>(journal.sites.size());
      journal.sites.push_back({HashOf(site), site.calls, point, index});
      protocol::JournalRecord record;
      record.kind = protocol::JournalRecord::kCall;
      record.sequence = ++sequence;
      record.flags = site.before_main ? protocol::JournalRecord::kBeforeMain : 0;
      record.index = point;
      record.site = index;
      record.stack = index;
      journal.records.push_back(record);
    }
  }

  std::vector<FakeSite> sites_;
  Behaviour fault_free_;
  std::map<std::string, Behaviour> behaviours_;
  std::atomic<int> runs_ = 0;
};

class FakeExecutor : public Executor {
 public:
  explicit FakeExecutor(FakeTarget& target) : target_(target) {}
  Evidence Execute(const RunRequest& request) override { return target_.Run(request); }

 private:
  FakeTarget& target_;
};

// A crash whose stack names `function`.
inline FakeTarget::Behaviour CrashesIn(const std::string& function) {
  return [function](const RunRequest&, Evidence& evidence) {
    evidence.exit = {ExitStatus::Kind::kSignaled, SIGSEGV};
    protocol::JournalRecord main;
    main.kind = protocol::JournalRecord::kMainEntered;
    evidence.journal.records.push_back(main);
    ThreadStack thread;
    thread.crashed = true;
    thread.frames = {{function, function + ".c", 1, "fake", 1}};
    evidence.threads = {thread};
  };
}

}  // namespace faultline::testkit
