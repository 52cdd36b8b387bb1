#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

// Values in a row of bytes, for the cache alone: same machine, same build, so no byte order and no
// versions are dealt with here.
namespace faultline {

class ByteWriter {
 public:
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void Put(const T& value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T)); }
  void PutText(std::string_view text) {
    Put(static_cast<uint32_t>(text.size()));
    bytes_.append(text);
  }
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void PutArray(const std::vector<T>& values) {
    Put(static_cast<uint32_t>(values.size()));
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reads what a ByteWriter wrote. After the first value that is not there, ok() is false and all
// values are empty.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  requires std::is_trivially_copyable_v<T> T Get() {
    if constexpr (std::is_same_v<T, bool>) {
      return Get<uint8_t>() != 0;  // a bool of any other byte is undefined
    }
    T value{};
    if (Has(sizeof(T))) {
      std::memcpy(&value, rest_.data(), sizeof(T));
      rest_.remove_prefix(sizeof(T));
    }
    return value;
  }
  std::string GetText() {
    size_t size = Get<uint32_t>();
    std::string text(Has(size) ? rest_.substr(0, size) : std::string_view());
    rest_.remove_prefix(text.size());
    return text;
  }
  template <typename T>
  requires std::is_trivially_copyable_v<T> std::vector<T> GetArray() {
    size_t count = Get<uint32_t>();
    std::vector<T> values(Has(count * sizeof(T)) ? count : 0);
    if (!values.empty()) {
      std::memcpy(values.data(), rest_.data(), count * sizeof(T));
      rest_.remove_prefix(count * sizeof(T));
    }
    return values;
  }
  // How many elements of at least one byte each follow; 0 when that cannot be.
  size_t GetCount() {
    size_t count = Get<uint32_t>();
    return Has(count) ? count : 0;
  }

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

 private:
  bool Has(size_t size) {
    ok_ = ok_ && size <= rest_.size();
    return ok_;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace faultline
