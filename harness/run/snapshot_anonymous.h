#pragma once

#include <filesystem>
#include <vector>

#include "harness/run/snapshot_descriptor_steps.h"

namespace faultline {

// Adds steps that make a file without a name anew (eventfd, timerfd, signalfd, epoll, inotify), as
// /proc/PID/fdinfo tells it. What an inotify watches must lie in `run_dir`. CannotCarry.
void AddAnonymous(const OpenFile& file, const std::filesystem::path& run_dir,
                  DescriptorSteps& descriptors);

// Adds steps that register with the epoll `file`, which is there anew, what it watches: some of
// `all`, which are there as well. CannotCarry.
void AddWatchedEvents(const OpenFile& file, const std::vector<OpenFile>& all, SnapshotSteps& steps);

}  // namespace faultline
