#pragma once

namespace faultline {

// For how many more runs than its jobs a sweep has room, while those that go on wait: a forked
// target has no start of its own, and what is left of its life is often sleep (DPDK measures its
// clock for 100 ms), for which no CPU is needed. It grows by one each time that a CPU is found
// idle. As soon as none is there is none, and it grows less far from then on: targets that sleep
// together at first want the CPUs together later (those that clear a GiB of memory, or poll). One
// thread.
class SpareRoom {
 public:
  // `cpus`: how many the sweep may use; those that it has no jobs for are left to others.
  SpareRoom(int jobs, int cpus);

  int runs() const { return runs_; }
  // So many CPUs had nothing to do of late, while all that there is room for went on.
  void Adapt(double idle_cpus);
  // What goes on is not forked.
  void Close() { runs_ = 0; }

 private:
  const int jobs_;
  const double left_to_others_;
  int runs_ = 0;
  int most_;            // that left a CPU idle, as far as is known
  int idle_looks_ = 0;  // one after the other, with so many
};

}  // namespace faultline
