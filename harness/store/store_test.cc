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
#include <map>

#include "harness/base/failure.h"
#include "harness/store/testing/store_values.h"

namespace faultline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Property;
using ::testing::SizeIs;
using ::testing::ThrowsMessage;
using testkit::AFinding;
using testkit::AnEnvironment;
using testkit::ARun;
using testkit::ASite;
using testkit::Fill;
using testkit::StoreFile;

auto IsBadInput(const std::string& text) {
  return ::testing::Throws<Failure>(::testing::AllOf(Property(&Failure::code, ExitCode::kBadInput),
                                                     Property(&Failure::what, HasSubstr(text))));
}

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

TEST(Store, GivesBackWhatWasWritten) {
  const StoreFile file;
  {
    Store store(file.path(), Store::Mode::kCreate);
    Fill(store);
  }
  Store store(file.path(), Store::Mode::kRead);
  ASSERT_TRUE(store.FindCensus("all"));
  EXPECT_EQ(store.FindCensus("all")->runs, 2);
  EXPECT_FALSE(store.FindCensus("other"));
  const std::vector<StoredSite> sites = store.Sites();
  ASSERT_THAT(sites, SizeIs(3));
  EXPECT_EQ(sites[0].hash, "a");
  EXPECT_EQ(sites[2].hash, "z");
  EXPECT_EQ(store.Points().at(0).calls, 7);
  EXPECT_THAT(store.Nondeterministic(), ElementsAre(std::pair("c", "once only")));
  const auto run = store.FindRun("transient:a#1");
  ASSERT_TRUE(run);
  EXPECT_EQ(run->evidence, "{\"log\":[]}");
  ASSERT_THAT(run->findings, SizeIs(1));
  EXPECT_EQ(run->findings[0].title, "title of crash: x");
  EXPECT_THAT(store.Environments(), SizeIs(1));
}

// A census sees no call of a point that only an error path calls.
TEST(Store, APointOfWhichARunHasFoundPlacesIsCalled) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  Store::Census census;
  census.selection = "all";
  census.points = {{"libc/socket/bind", "never called", 0}, {"libc/file/open", "never called", 0}};
  store.AddCensus(census);
  StoredSite site;
  site.hash = "a";
  site.point = "libc/socket/bind";
  site.seen_after = "b";
  store.AddRun(ARun("k", "tolerated"), {site});
  const std::vector<Store::Census::Point> points = store.Points();
  ASSERT_THAT(points, SizeIs(2));
  EXPECT_EQ(points[0].status, "never called") << points[0].name;
  EXPECT_EQ(points[1].status, "called") << points[1].name;
}

TEST(Store, ARunIsTakenOnce) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  store.AddRun(ARun("k", "tolerated"));
  store.AddRun(ARun("k", "finding"));
  EXPECT_EQ(store.Runs().at(0).outcome, "tolerated");
}

TEST(Store, GroupsFindingsBySignatureAndCountsAlikeRuns) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  for (const char* key : {"one", "two"}) {
    StoredRun run = ARun(key);
    run.site = key;
    run.findings = {AFinding("crash: x"), AFinding("leak: y")};
    store.AddRun(run);
  }
  StoredRun alike = ARun("three", "alike");
  alike.site = "three";
  alike.alike = "one";
  store.AddRun(alike);
  StoredRun other = ARun("four");
  other.findings = {AFinding("crash: x")};
  store.AddRun(other);
  const std::vector<FindingGroup> groups = store.Findings();
  ASSERT_THAT(groups, SizeIs(2));
  EXPECT_EQ(groups[0].signature, "crash: x");
  EXPECT_EQ(groups[0].runs, 4);
  EXPECT_EQ(groups[0].sites, 4);
  EXPECT_THAT(groups[1].run_keys, ElementsAre("one", "three", "two"));
}

TEST(Store, FindsAFindingByTheStartOfItsId) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  EXPECT_THAT([&] { store.FindFinding("abc"); }, IsBadInput("holds no findings"));
  StoredRun run = ARun("one");
  run.findings = {AFinding("crash: x"), AFinding("leak: y")};
  store.AddRun(run);
  const std::string id = FindingId("leak: y");
  EXPECT_EQ(store.FindFinding(id.substr(0, 5)).signature, "leak: y");
  EXPECT_THAT([&] { store.FindFinding("nosuch"); }, IsBadInput(id));
  EXPECT_THAT([&] { store.FindFinding(""); }, IsBadInput("more than one"));
}

TEST(Store, AConfirmationBelongsToItsFinding) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  StoredRun run = ARun("one");
  run.findings = {AFinding("crash: x")};
  store.AddRun(run);
  store.SetConfirmation({"crash: x", 3, 2, "one", "faultline: 1\n"});
  const FindingGroup group = store.Findings().at(0);
  EXPECT_EQ(group.tries, 3);
  EXPECT_EQ(group.confirmed, 2);
  EXPECT_EQ(group.scenario, "faultline: 1\n");
}

// Tempting: the first run's title, with as many objects as that one left.
TEST(Store, TheTitleIsThatOfTheRunInWhichAFindingIsShown) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  for (const char* key : {"one", "two"}) {
    StoredRun run = ARun(key);
    run.findings = {AFinding("leak: x")};
    run.findings[0].title += std::string(" in ") + key;
    store.AddRun(run);
  }
  EXPECT_EQ(store.Findings().at(0).title, "title of leak: x in one") << "not confirmed yet";
  store.SetConfirmation({"leak: x", 3, 3, "two", ""});
  EXPECT_EQ(store.Findings().at(0).title, "title of leak: x in two");
  store.SetConfirmation({"leak: x", 3, 3, "a failure below", ""});
  EXPECT_EQ(store.Findings().at(0).title, "title of leak: x in one");
}

TEST(Store, RefusesRunsOfAnotherScenarioOrProgram) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  store.AddEnvironment(AnEnvironment());
  StoredEnvironment other_machine = AnEnvironment();
  other_machine.machine = "elsewhere";
  store.AddEnvironment(other_machine);
  StoredEnvironment other_scenario = AnEnvironment();
  other_scenario.scenario_key = "changed";
  EXPECT_THAT([&] { store.AddEnvironment(other_scenario); }, IsBadInput("another store"));
  StoredEnvironment other_program = AnEnvironment();
  other_program.program_key = "ffff";
  EXPECT_THAT([&] { store.AddEnvironment(other_program); }, IsBadInput("another build"));
  StoredEnvironment other_rules = AnEnvironment();
  other_rules.rules_key = "changed";
  EXPECT_THAT([&] { store.AddEnvironment(other_rules); }, IsBadInput("by other rules"));
  EXPECT_THAT(store.Environments(), SizeIs(2));
}

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

// By the finding's own stack; what libc does it is told to.
TEST(Store, KnowsWhichFindingsAreInTheProgramsOwnCode) {
  const StoreFile file;
  Store store(file.path(), Store::Mode::kCreate);
  StoredRun run = ARun("r1");
  run.site = "s";
  const auto add = [&](const std::string& signature, const std::string& stack) {
    run.findings.push_back(AFinding(signature));
    run.findings.back().stack = stack;
  };
  add("crash: own", R"([["strlen","",0,"libc.so.6"],["parse","a.c",3,"my_app"]])");
  add("crash: lib", R"([["rte_ring_free","",0,"librte_ring.so.23"],["stop","a.c",9,"my_app"]])");
  add("leak: no stack", "[]");  // then that of the failed call
  StoredSite site = ASite("s", 1);
  site.stack = R"([["start","a.c",4,"my_app"]])";
  store.AddRun(run, {site});
  run.key = "r2";
  run.site = "unknown";
  run.findings = {AFinding("hang: nothing known")};
  run.findings.back().stack = "no JSON";
  store.AddRun(run);
  std::map<std::string, bool> own;
  for (const FindingGroup& group : store.Findings()) {
    own[group.signature] = group.in_own_code;
  }
  EXPECT_THAT(
      own, ElementsAre(std::pair("crash: lib", false), std::pair("crash: own", true),
                       std::pair("hang: nothing known", false), std::pair("leak: no stack", true)));
}

}  // namespace
}  // namespace faultline
