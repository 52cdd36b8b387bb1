#pragma once

#include <cstdint>

// Finds a function's call frame instructions in the unwind tables that every program carries:
// .eh_frame_hdr and .eh_frame (Linux Standard Base 5.0, 10.6). Reads nothing outside the segment
// that holds them, whatever they say: they are the target's, and this runs inside it.
namespace faultline::agent {

// Reads a table from front to back. Past its end it gives zeros and is no longer ok().
class TableReader {
 public:
  TableReader(const uint8_t* begin, const uint8_t* end) : at_(begin), end_(end) {}

  bool ok() const { return ok_; }
  bool done() const { return !ok_ || at_ == end_; }
  const uint8_t* at() const { return at_; }
  uint64_t left() const { return static_cast<uint64_t>(end_ - at_); }

  template <typename T>
  T Fixed() {
    T value{};
    if (left() < sizeof(T)) {
      ok_ = false;
      at_ = end_;
      return value;
    }
    __builtin_memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }
  uint64_t Unsigned() {  // LEB128
    uint64_t value = 0;
    for (unsigned shift = 0; ok_ && shift < 64; shift += 7) {
      const auto byte = Fixed<uint8_t>();
      value |= uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0) {
        break;
      }
    }
    return value;
  }
  int64_t Signed() {
    uint64_t value = 0;
    for (unsigned shift = 0; ok_ && shift < 64;) {
      const auto byte = Fixed<uint8_t>();
      value |= uint64_t{byte & 0x7fu} << shift;
      shift += 7;
      if ((byte & 0x80) == 0) {
        if ((byte & 0x40) != 0 && shift < 64) {
          value |= ~uint64_t{0} << shift;
        }
        break;
      }
    }
    return static_cast<int64_t>(value);
  }
  // The next `size` bytes, as a reader of their own.
  TableReader Part(uint64_t size) {
    if (left() < size) {
      ok_ = false;
      size = 0;
    }
    at_ += size;
    return {at_ - size, at_};
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
  bool ok_ = true;
};

// The table entry of one function.
struct FrameEntry {
  uint64_t begin = 0;  // code addresses [begin, end)
  uint64_t end = 0;
  uint64_t code_alignment = 0;
  int64_t data_alignment = 0;
  bool is_signal_frame = false;                // the kernel's way back from a signal handler
  TableReader initial{nullptr, nullptr};       // instructions that hold at the function's start
  TableReader instructions{nullptr, nullptr};  // the function's own
};

// The loaded segment that holds a module's unwind tables.
struct UnwindTables {
  const uint8_t* begin = nullptr;  // [begin, end) is mapped and readable
  const uint8_t* end = nullptr;
  const uint8_t* header = nullptr;  // .eh_frame_hdr (PT_GNU_EH_FRAME)
};

struct FrameLookup {
  enum Kind : uint8_t {
    kFound,
    kOther,    // no entry, or one with what ordinary functions do not have: other pointer encodings
    kDamaged,  // tables that lead out of their segment or end in the middle of an entry
  };
  Kind kind = kOther;
  FrameEntry entry;  // of kFound; its readers stay within the segment
};

// The entry that covers the code address `pc`, by the search table behind the header.
FrameLookup FindFrameEntry(const UnwindTables& tables, uint64_t pc);

}  // namespace faultline::agent
