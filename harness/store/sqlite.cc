#include "harness/store/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <cctype>
#include <cerrno>

#include "harness/base/failure.h"

namespace faultline {
namespace {

// Readers hold a writer up while they take in the log of one that was killed, and the other way
// round: milliseconds.
constexpr int kMostWaitMs = 10'000;

int FlagsOf(Database::Mode mode) {
  switch (mode) {
    case Database::Mode::kImmutable:
      return SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    case Database::Mode::kReadWrite:
      return SQLITE_OPEN_READWRITE;
    case Database::Mode::kCreate:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  }
  return SQLITE_OPEN_READONLY;
}

// As a whole path: ":memory:" is a file like any other. That a file is immutable SQLite is told in
// a URI alone, in which some characters stand for more than themselves.
std::string NameOf(const std::filesystem::path& file, Database::Mode mode) {
  if (mode != Database::Mode::kImmutable) {
    return std::filesystem::absolute(file).string();
  }
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(file).string()) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/';
    uri += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri + "?immutable=1";
}

// By `ulimit -f`.
bool SizeIsLimited() {
  rlimit limit = {};
  return ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

}  // namespace

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                      &statement, nullptr);
  statement_.reset(statement);
  Check(code);
}

void Statement::Check(int code) const {
  if (code != SQLITE_OK) {
    database_.Throw(code);
  }
}

Statement& Statement::Bind(int index, std::string_view value) {
  Check(sqlite3_bind_text64(statement_.get(), index, value.data(), value.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8));
  return *this;
}

Statement& Statement::Bind(int index, int64_t value) {
  Check(sqlite3_bind_int64(statement_.get(), index, value));
  return *this;
}

Statement& Statement::BindNull(int index) {
  Check(sqlite3_bind_null(statement_.get(), index));
  return *this;
}

bool Statement::Next() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code != SQLITE_DONE) {
    database_.Throw(code);
  }
  return false;
}

void Statement::Run() {
  while (Next()) {
  }
  Check(sqlite3_reset(statement_.get()));
}

std::string Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column));
  return text == nullptr ? std::string() : std::string(text, size);
}

int64_t Statement::Integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

void Database::Closer::operator()(sqlite3* handle) const { sqlite3_close(handle); }

Database::Database(const std::filesystem::path& file, Mode mode) : file_(file) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(NameOf(file, mode).c_str(), &handle,
                                   FlagsOf(mode) | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) {
    throw Failure::BadInput("cannot open the store " + file.string() + ": " +
                            (handle == nullptr ? "no memory" : sqlite3_errmsg(handle)));
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kMostWaitMs);
}

void Database::Execute(const std::string& sql) {
  const int code = sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    Throw(code);
  }
}

int64_t Database::IntegerOf(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.Next() ? statement.Integer(0) : 0;
}

void Database::Throw(int code) {
  const std::string name = "the store " + file_.string();
  switch (code & 0xff) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      throw Failure::BadInput(
          name + " is not a Faultline store, or is damaged: " + sqlite3_errmsg(handle()));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Failure::CannotWork(name + " is in use by another process; wait for its end");
    case SQLITE_IOERR:
      if (code == SQLITE_IOERR_SHMSIZE) {  // of which SQLite keeps no errno
        throw Failure::FromErrno(name + "-shm cannot be made larger",
                                 SizeIsLimited() ? EFBIG : ENOSPC);
      }
      if (const int error = sqlite3_system_errno(handle()); error != 0) {
        throw Failure::FromErrno(name + ": " + sqlite3_errmsg(handle()), error);
      }
      throw Failure::CannotWork(name + ": " + sqlite3_errmsg(handle()));
    case SQLITE_CANTOPEN:
      Failure::ThrowIfOutOfDescriptors(name, sqlite3_system_errno(handle()));
      [[fallthrough]];
    case SQLITE_READONLY:
      throw Failure::BadInput(name + " cannot be written: " + sqlite3_errmsg(handle()));
    default:
      throw Failure::CannotWork(name + ": " + sqlite3_errmsg(handle()));
  }
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.Execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (open_) {
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

void Transaction::Commit() {
  database_.Execute("COMMIT");
  open_ = false;
}

}  // namespace faultline
