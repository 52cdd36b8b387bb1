#include "harness/store/store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "harness/base/failure.h"
#include "harness/store/testing/store_values.h"

// The file of a store: who may read and write it, and what is none.
namespace faultline {
namespace {

using ::testing::HasSubstr;
using ::testing::Property;
using ::testing::SizeIs;
using ::testing::ThrowsMessage;
using testkit::ARun;
using testkit::IsBadInput;
using testkit::StoreFile;

// A directory that nobody can write to, not even root, as long as this lives.
class ReadOnlyMount {
 public:
  explicit ReadOnlyMount(const std::filesystem::path& directory) : directory_(directory) {
    is_made_ =
        mount(directory.c_str(), directory.c_str(), nullptr, MS_BIND, nullptr) == 0 &&
        mount(nullptr, directory.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }
  ~ReadOnlyMount() { umount2(directory_.c_str(), MNT_DETACH); }
  ReadOnlyMount(const ReadOnlyMount&) = delete;
  ReadOnlyMount& operator=(const ReadOnlyMount&) = delete;
  bool is_made() const { return is_made_; }

 private:
  std::filesystem::path directory_;
  bool is_made_ = false;
};

TEST(Store, RefusesANewerStoreAndLeavesItAsItIs) {
  const StoreFile file;
  { const Store store(file.path(), Store::Mode::kCreate); }
  {
    Database database(file.path(), Database::Mode::kReadWrite);
    database.Execute("PRAGMA user_version = 99");
  }
  EXPECT_THAT([&] { const Store store(file.path(), Store::Mode::kCreate); },
              IsBadInput("newer Faultline"));
  Database database(file.path(), Database::Mode::kReadWrite);
  EXPECT_EQ(database.IntegerOf("PRAGMA user_version"), 99);
}

TEST(Store, RefusesAForeignDatabase) {
  const StoreFile file;
  {
    Database database(file.path(), Database::Mode::kCreate);
    database.Execute("CREATE TABLE songs (name TEXT)");
  }
  EXPECT_THAT([&] { const Store store(file.path(), Store::Mode::kCreate); },
              IsBadInput("not one of Faultline's"));
}

// As a reader finds one between its making and the commit of its tables.
TEST(Store, SaysThatOneThatHasOnlyBegunIsEmpty) {
  const StoreFile file;
  std::ofstream(file.path()).close();
  EXPECT_THAT([&] { const Store store(file.path(), Store::Mode::kRead); }, IsBadInput("is empty"));
}

TEST(Store, RefusesWhatIsNoDatabase) {
  const StoreFile file;
  const std::string text(4096, 'x');
  std::ofstream(file.path()) << text;
  EXPECT_THAT([&] { const Store store(file.path(), Store::Mode::kCreate); },
              IsBadInput("not a Faultline store"));
}

TEST(Store, SaysThatThereIsNone) {
  EXPECT_THAT([] { const Store store("/nonexistent/s.db", Store::Mode::kRead); },
              IsBadInput("there is no store"));
  EXPECT_THAT([] { const Store store("/nonexistent/s.db", Store::Mode::kCreate); },
              IsBadInput("cannot open"));
}

auto IsInUse() {
  return ::testing::Throws<Failure>(
      ::testing::AllOf(Property(&Failure::code, ExitCode::kCannotWork),
                       Property(&Failure::what, HasSubstr("in use"))));
}

TEST(Store, IsARegularFile) {
  const StoreFile file;
  ASSERT_EQ(mkfifo(file.path().c_str(), 0600), 0);
  for (const Store::Mode mode : {Store::Mode::kCreate, Store::Mode::kRead}) {
    EXPECT_THAT([&] { Store(file.path(), mode); }, IsBadInput("is no regular file but a FIFO"));
    EXPECT_THAT([&] { Store("/dev/null", mode); }, IsBadInput("but a device"));
    EXPECT_THAT([&] { Store("/", mode); }, IsBadInput("but a directory"));
  }
}

// Written by one process, then read where nothing can be written: from an archive.
TEST(Store, IsReadWhereNothingCanBeWritten) {
  const StoreFile file;
  { Store(file.path(), Store::Mode::kCreate).AddRun(ARun("transient:a#1")); }
  const ReadOnlyMount mount(file.path().parent_path());
  if (!mount.is_made()) {
    GTEST_SKIP() << "needs root to mount";
  }
  EXPECT_THAT(Store(file.path(), Store::Mode::kRead).Runs(), SizeIs(1));
  EXPECT_THAT([&] { Store(file.path(), Store::Mode::kWrite); }, IsBadInput("cannot be written"));
}

// SQLite has names of its own for databases that are no files.
TEST(Store, IsAFileWhateverItsName) {
  const testkit::TemporaryDirectory directory;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(directory.path());
  for (const char* name : {":memory:", "file:x?mode=memory", "a?b#c%41 .db"}) {
    { Store(name, Store::Mode::kCreate).AddRun(ARun("transient:a#1")); }
    EXPECT_THAT(Store(directory.path() / name, Store::Mode::kRead).Runs(), SizeIs(1)) << name;
  }
  std::filesystem::current_path(before);
}

TEST(Store, IsNotReadWithoutWhatAKilledWriterHasLeft) {
  const StoreFile file;
  Store writer(file.path(), Store::Mode::kCreate);
  writer.AddRun(ARun("transient:a#1"));
  const ReadOnlyMount mount(file.path().parent_path());
  if (!mount.is_made()) {
    GTEST_SKIP() << "needs root to mount";
  }
  EXPECT_THAT([&] { Store(file.path(), Store::Mode::kRead); }, IsBadInput("-wal to where"));
}

TEST(Store, SaysThatItWasRemovedOrReplacedMeanwhile) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  store.AddRun(ARun("transient:a#1"));
  std::filesystem::remove(file.path());
  EXPECT_THAT([&] { store.AddRun(ARun("transient:b#1")); },
              ThrowsMessage<Failure>(HasSubstr("was removed while")));
  std::ofstream(file.path()) << "another";
  Confirmation confirmation;
  confirmation.signature = "crash: x";
  EXPECT_THAT([&] { store.SetConfirmation(confirmation); },
              ThrowsMessage<Failure>(HasSubstr("was replaced while")));
}

TEST(Store, HasOneWriterAtATime) {
  const StoreFile file;
  {
    const Store first(file.path(), Store::Mode::kCreate);
    EXPECT_THAT([&] { const Store second(file.path(), Store::Mode::kCreate); }, IsInUse());
    EXPECT_THAT([&] { const Store second(file.path(), Store::Mode::kWrite); }, IsInUse());
    const pid_t child = ::fork();
    if (child == 0) {
      const int lock = ::open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
      ::_exit(::flock(lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0) << "another process could lock it";
  }
  const Store later(file.path(), Store::Mode::kWrite);
}

TEST(Store, IsReadWhileItIsWritten) {
  const StoreFile file;
  Store writer(file.path(), Store::Mode::kCreate);
  writer.AddRun(ARun("one"));
  Store reader(file.path(), Store::Mode::kRead);
  EXPECT_THAT(reader.RunKeys(), SizeIs(1));
  writer.AddRun(ARun("two"));
  EXPECT_THAT(reader.RunKeys(), SizeIs(1)) << "what was there when it was opened";
  EXPECT_THAT(Store(file.path(), Store::Mode::kRead).RunKeys(), SizeIs(2));
}

// What AddRun returned from is there although the process died without any farewell.
TEST(Store, AKilledWriterLosesNothing) {
  const StoreFile file;
  int pipe_fds[2];
  ASSERT_EQ(::pipe(pipe_fds), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Store store(file.path(), Store::Mode::kCreate);
    for (int i = 0; i < 50; ++i) {
      store.AddRun(ARun("run" + std::to_string(i)));
    }
    const char done = 'd';
    if (::write(pipe_fds[1], &done, 1) == 1) {
      ::pause();
    }
    ::_exit(1);
  }
  char done = 0;
  ASSERT_EQ(::read(pipe_fds[0], &done, 1), 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(pipe_fds[0]);
  ::close(pipe_fds[1]);
  Store store(file.path(), Store::Mode::kRead);
  EXPECT_THAT(store.RunKeys(), SizeIs(50));
}

}  // namespace
}  // namespace faultline
