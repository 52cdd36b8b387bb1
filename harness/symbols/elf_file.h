#pragma once

#include <libelf.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "harness/base/unique_fd.h"
#include "harness/protocol/layout.h"

namespace faultline {

// One ELF file, mapped read-only. Move-only; everything it hands out lives as long as it does.
// Reading is thread-safe, the libelf handle is not: use one object per thread.
class ElfFile {
 public:
  // Throws Failure: kCannotWork when the file cannot be read, kBadInput when it is not a 64-bit x86
  // executable or shared object.
  static ElfFile Open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  Elf* handle() const { return handle_.get(); }                    // owned by this object
  const protocol::BuildId& build_id() const { return build_id_; }  // size 0: it has none

 private:
  struct EndElf {
    void operator()(Elf* elf) const { elf_end(elf); }
  };
  ElfFile() = default;

  std::filesystem::path path_;
  UniqueFd fd_;
  std::unique_ptr<Elf, EndElf> handle_;  // after fd_, which it reads
  std::span<const std::byte> bytes_;     // its mapping
  protocol::BuildId build_id_;
};

// The dynamic loader that PT_INTERP names, "" when there is none (a library, a static executable).
std::string Interpreter(const ElfFile& file);

}  // namespace faultline
