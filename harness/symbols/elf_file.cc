#include "harness/symbols/elf_file.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "harness/base/failure.h"

namespace faultline {
namespace {

protocol::BuildId ReadBuildId(Elf* elf) {
  protocol::BuildId id;
  const void* bytes = nullptr;
  ssize_t size = dwelf_elf_gnu_build_id(elf, &bytes);
  if (size > 0) {
    // SHA-1, ld's default, has 20 bytes; of a longer hash the first 20 identify as well.
    id.size = static_cast<uint8_t>(std::min<size_t>(static_cast<size_t>(size), sizeof(id.bytes)));
    std::memcpy(id.bytes, bytes, id.size);
  }
  return id;
}

bool IsX86Object(Elf* elf) {
  GElf_Ehdr header;
  return elf_kind(elf) == ELF_K_ELF && gelf_getclass(elf) == ELFCLASS64 &&
         gelf_getehdr(elf, &header) != nullptr && header.e_machine == EM_X86_64 &&
         (header.e_type == ET_EXEC || header.e_type == ET_DYN);
}

// They come last in what linkers write, so a file that was cut lacks them. 0: there are none.
uint64_t EndOfSectionHeaders(Elf* elf) {
  GElf_Ehdr header;
  return gelf_getehdr(elf, &header) == nullptr || header.e_shoff == 0
             ? 0
             : header.e_shoff + uint64_t{header.e_shnum} * header.e_shentsize;
}

// "; it is a script for /bin/sh: ..." where that is so.
std::string AdviceForScript(int fd) {
  char begin[128];
  const ssize_t size = pread(fd, begin, sizeof begin, 0);
  std::string_view text(begin, static_cast<size_t>(std::max<ssize_t>(size, 0)));
  if (!text.starts_with("#!")) {
    return "";
  }
  text.remove_prefix(2);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return fmt::format("; it is a script for {}: name the program that it starts",
                     text.substr(0, text.find_first_of(" \n")));
}

}  // namespace

ElfFile ElfFile::Open(const std::filesystem::path& path) {
  static const unsigned version = elf_version(EV_CURRENT);  // libelf wants it before anything else
  if (version == EV_NONE) {
    throw Failure::CannotWork(fmt::format("libelf does not work: {}", elf_errmsg(-1)));
  }
  // Not waiting: the path may be a FIFO's, as a name that the target gave can be anything's.
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    throw Failure::FromErrno(fmt::format("cannot open {}", path.string()), errno);
  }
  struct stat status;
  if (fstat(fd.get(), &status) != 0) {
    throw Failure::FromErrno(fmt::format("cannot read {}", path.string()), errno);
  }
  const std::string advice = AdviceForScript(fd.get());
  auto not_elf = [&] {
    return Failure::BadInput(
        fmt::format("{}: not a 64-bit x86 executable or shared object{}", path.string(), advice));
  };
  if (!S_ISREG(status.st_mode) || status.st_size < static_cast<off_t>(sizeof(Elf64_Ehdr))) {
    throw not_elf();
  }
  ElfFile file;
  file.path_ = path;
  // Private: libdw unpacks compressed sections in place.
  file.handle_.reset(elf_begin(fd.get(), ELF_C_READ_MMAP_PRIVATE, nullptr));
  file.fd_ = std::move(fd);
  if (!file.handle_ || !IsX86Object(file.handle_.get())) {
    throw not_elf();
  }
  size_t size = 0;
  const char* base = elf_rawfile(file.handle_.get(), &size);
  if (const uint64_t needed = EndOfSectionHeaders(file.handle_.get()); needed > size) {
    throw Failure::BadInput(
        fmt::format("{} is truncated: its section headers end at byte {}, it has {}; build or copy "
                    "it again",
                    path.string(), needed, size));
  }
  file.bytes_ = {reinterpret_cast<const std::byte*>(base), base == nullptr ? 0 : size};
  file.build_id_ = ReadBuildId(file.handle_.get());
  return file;
}

std::string Interpreter(const ElfFile& file) {
  size_t count = 0;
  elf_getphdrnum(file.handle(), &count);
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    auto bytes = file.bytes();
    if (gelf_getphdr(file.handle(), static_cast<int>(i), &header) != nullptr &&
        header.p_type == PT_INTERP && header.p_offset < bytes.size()) {
      bytes = bytes.subspan(header.p_offset,
                            std::min<uint64_t>(header.p_filesz, bytes.size() - header.p_offset));
      std::string name(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      return name.substr(0, name.find('\0'));
    }
  }
  return "";
}

}  // namespace faultline
