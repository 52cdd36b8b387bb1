#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "harness/base/unique_fd.h"

namespace faultline {

// The target's side of a JSON-RPC connection, step by step under the test's control. Blocking;
// each call gives up (and fails the test by a thrown Failure) after 10 s.
class RpcServer {
 public:
  explicit RpcServer(const std::filesystem::path& path) : path_(path) {}

  void Bind();
  void Listen();
  void Accept();
  void Send(std::string_view bytes) const;
  // Reads until `text` is part of all that came since Accept().
  const std::string& ReadUntil(std::string_view text);
  void Close() { connection_.reset(); }

 private:
  std::filesystem::path path_;
  UniqueFd listener_;
  UniqueFd connection_;
  std::string received_;
};

}  // namespace faultline
