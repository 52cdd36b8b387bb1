#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "harness/base/unique_fd.h"

namespace faultline {

// A small process in a session of its own that outlives the harness by a moment: when the harness
// dies without taking its runs down, even by SIGKILL, the guardian does it. It learns of the death
// by the end of a socket, so it needs no polling and cannot miss it.
//
// Get() starts it at the first use; call it early in main, before there are threads and large
// mappings. Thread-safe.
class Guardian {
 public:
  // Something that must not stay behind. While the object lives the guardian knows of it.
  class Watch {
   public:
    Watch() = default;
    Watch(Watch&& other) noexcept;
    Watch& operator=(Watch&& other) noexcept;
    ~Watch();

   private:
    friend class Guardian;
    explicit Watch(uint64_t id) : id_(id) {}
    uint64_t id_ = 0;
  };

  static Guardian& Get();

  // Every process that has FAULTLINE_RUN_ID=`run_id` in its environment is killed.
  [[nodiscard]] Watch WatchRun(const std::string& run_id);
  // The directory tree is removed (see RemoveTree), after the processes are gone.
  [[nodiscard]] Watch WatchDirectory(const std::filesystem::path& directory);
  // Files that match the glob(7) pattern are removed.
  [[nodiscard]] Watch WatchFiles(const std::string& pattern);
  // `count` 2 MiB hugepages are taken out of the machine's pool again.
  [[nodiscard]] Watch WatchHugepages(int64_t count);

  pid_t pid() const { return pid_; }

 private:
  Guardian();
  ~Guardian();  // says goodbye: the guardian leaves everything alone and exits
  Watch Add(const std::string& kind, const std::string& value);
  void Remove(uint64_t id);
  void Send(const std::string& message);

  UniqueFd socket_;
  pid_t owner_ = 0;
  pid_t pid_ = 0;
};

}  // namespace faultline
