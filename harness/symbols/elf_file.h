#pragma once

#include <libelf.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "harness/protocol/layout.h"

namespace faultline {

struct UnmapFile {
  size_t size = 0;
  void operator()(const std::byte* base) const;
};

// One ELF file, mapped read-only. Move-only; everything it hands out lives as long as it does.
// Reading is thread-safe, the libelf handle is not: use one object per thread.
class ElfFile {
 public:
  // Throws Failure: kCannotWork when the file cannot be read, kBadInput when it is not a 64-bit x86
  // executable or shared object.
  static ElfFile Open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::span<const std::byte> bytes() const { return {mapping_.get(), mapping_.get_deleter().size}; }
  Elf* handle() const { return handle_.get(); }                    // owned by this object
  const protocol::BuildId& build_id() const { return build_id_; }  // size 0: it has none

 private:
  struct EndElf {
    void operator()(Elf* elf) const { elf_end(elf); }
  };
  ElfFile() = default;

  std::filesystem::path path_;
  std::unique_ptr<const std::byte[], UnmapFile> mapping_;
  std::unique_ptr<Elf, EndElf> handle_;  // after mapping_, which it reads
  protocol::BuildId build_id_;
};

}  // namespace faultline
