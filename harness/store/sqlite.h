#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

// SQLite as far as the store needs it, with errors as Failure (kCannotWork) that name the file.
namespace faultline {

class Database;

// One prepared SQL statement. Rows are walked with Next(); columns count from 0, parameters from 1.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);

  Statement& Bind(int index, std::string_view value);
  Statement& Bind(int index, int64_t value);
  Statement& BindNull(int index);
  // Binds all, in order, from the first parameter on.
  template <typename... Values>
  Statement& BindAll(const Values&... values) {
    int index = 0;
    (BindOne(++index, values), ...);
    return *this;
  }

  // True when there is a row to read.
  bool Next();
  // Runs a statement without rows to its end and makes it ready for the next values.
  void Run();

  std::string Text(int column) const;
  int64_t Integer(int column) const;

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  template <typename Value>
  void BindOne(int index, const Value& value) {
    if constexpr (std::is_convertible_v<Value, std::string_view>) {
      Bind(index, std::string_view(value));
    } else {
      Bind(index, static_cast<int64_t>(value));
    }
  }
  void Check(int code) const;

  Database& database_;
  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

// A connection to one file. Not thread-safe: whoever owns it has the lock.
class Database {
 public:
  enum class Mode {
    kImmutable,  // where nothing can be written; what a killed writer left beside it is not seen
    kReadWrite,
    kCreate
  };

  // Failure: kBadInput when `file` is no database or cannot be opened, kCannotWork when another
  // process has it.
  Database(const std::filesystem::path& file, Mode mode);

  void Execute(const std::string& sql);
  int64_t IntegerOf(const std::string& sql);
  // What is wrong, with the file's name, as a Failure. `code` is SQLite's.
  [[noreturn]] void Throw(int code);

  sqlite3* handle() { return handle_.get(); }
  const std::filesystem::path& file() const { return file_; }

 private:
  struct Closer {
    void operator()(sqlite3* handle) const;
  };
  std::filesystem::path file_;
  std::unique_ptr<sqlite3, Closer> handle_;
};

// All or nothing: what was written since is undone unless Commit() was reached.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void Commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace faultline
