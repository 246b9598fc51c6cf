#include "fleet/scaler_metrics.hpp"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.hpp"
#include "fleet/fakes_for_tests.hpp"

namespace muster::fleet {
namespace {

using namespace std::chrono_literals;
using scaling::InstanceState;
using testing::HasSubstr;
using testing::Not;

const std::string kName = "acme/linux";
constexpr WallTime kNow{Millis(1'800'000'000'000)};

class ScalerMetricsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { EXPECT_TRUE(log::configure({.format = log::Format::none})); }

  ClassPass pass() {
    ClassPass pass{kName, {}, {}};
    pass.snapshot.demand = scaling::DemandReading{3, 1};
    pass.snapshot.policy.max = 8;
    pass.snapshot.now = clock_.wall();
    pass.decision.reasons = {{scaling::Rule::queue, 2, 2, "", ""}};
    return pass;
  }
  std::string text() { return metrics_.text({}); }

  ManualClock clock_{kNow};
  ScalerMetrics metrics_{clock_};
};

TEST_F(ScalerMetricsTest, TellsWhatWasSeenAndDecided) {
  auto seen = pass();
  seen.decision.desired = 2;
  seen.decision.counts = {.booting = 1, .idle = 2, .busy = 3, .spent = 4, .draining = 5, .lost = 6};
  seen.decision.reasons.push_back({scaling::Rule::maximum, 9, 8, "", ""});
  seen.decision.reasons.push_back({scaling::Rule::maximum, 9, 8, "", ""});
  metrics_.decided({seen});
  const auto page = text();
  const std::string of = "{resource_class=\"acme/linux\"";
  EXPECT_THAT(page, HasSubstr("muster_scaler_queue_tasks" + of + ",state=\"waiting\"} 3\n"));
  EXPECT_THAT(page, HasSubstr("muster_scaler_desired_instances" + of + "} 2\n"));
  EXPECT_THAT(page, HasSubstr("muster_scaler_instances_limit" + of + "} 8\n"));
  EXPECT_THAT(page, HasSubstr("muster_scaler_instances" + of + ",state=\"lost\"} 6\n"));
  EXPECT_THAT(page, HasSubstr("muster_scaler_decisions_total" + of + ",rule=\"maximum\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("muster_scaler_held" + of + "} 0\n"));
  EXPECT_THAT(page, HasSubstr("muster_scaler_backoff_until_timestamp_seconds" + of + "} 0\n"));
}

TEST_F(ScalerMetricsTest, AnUnknownQueueIsHeldAndNeverZero) {
  metrics_.decided({pass()});
  auto unknown = pass();
  unknown.snapshot.demand = scaling::DemandUnknown{"away"};
  unknown.decision.reasons = {{scaling::Rule::demand_unknown, 0, 0, "", "away"}};
  metrics_.decided({unknown});
  EXPECT_THAT(text(), Not(HasSubstr("muster_scaler_queue_tasks")));
  EXPECT_THAT(text(), HasSubstr("muster_scaler_held{resource_class=\"acme/linux\"} 1\n"));
}

TEST_F(ScalerMetricsTest, TellsThePriceThatIsInForce) {
  const auto* price = "muster_scaler_price_per_hour{resource_class=\"acme/linux\"} 0.0416\n";
  metrics_.use_prices({{kName, {41'600, "EUR"}}});
  metrics_.decided({pass()});
  EXPECT_THAT(text(), HasSubstr(price));
  metrics_.use_prices({{"acme/other", {41'600, "EUR"}}});
  metrics_.decided({pass()});
  EXPECT_THAT(text(), Not(HasSubstr("muster_scaler_price_per_hour{")));
}

TEST_F(ScalerMetricsTest, CountsTheTimeOfInstances) {
  auto seen = pass();
  seen.decision.counts.idle = 2;
  metrics_.decided({seen});
  clock_.advance(10s);
  metrics_.decided({seen});
  clock_.advance(1h);  // the machine was asleep: nobody saw what was there
  metrics_.decided({seen});
  EXPECT_THAT(text(), HasSubstr("muster_scaler_instance_seconds_total{resource_class="
                                "\"acme/linux\",state=\"idle\"} 620\n"));
}

TEST_F(ScalerMetricsTest, TimesABootFromLaunchToRegistration) {
  auto booting = pass();
  booting.snapshot.instances = {{.id = "a", .launched_at = kNow},
                                {.id = "b", .launched_at = kNow},
                                {.id = "c", .launched_at = kNow, .requested = true}};
  metrics_.decided({booting});
  clock_.advance(40s);
  auto later = pass();
  later.snapshot.instances = {{.id = "a", .state = InstanceState::busy, .launched_at = kNow},
                              {.id = "b", .state = InstanceState::draining, .launched_at = kNow},
                              {.id = "c", .state = InstanceState::idle, .launched_at = kNow}};
  metrics_.decided({later});
  metrics_.decided({later});
  EXPECT_THAT(text(), HasSubstr("muster_scaler_job_start_seconds_sum{resource_class=\"acme/linux\","
                                "stage=\"launched_to_registered\"} 40\n"));
}

struct Boots {
  std::int64_t before, after;
  bool any_succeeded;
  std::int64_t returned;
  const char* failed;
};
class FailedBoots : public ScalerMetricsTest, public testing::WithParamInterface<Boots> {};

TEST_P(FailedBoots, AreCountedEachOnce) {
  const auto& [before, after, any_succeeded, returned, failed] = GetParam();
  auto seen = pass();
  seen.snapshot.state.failed_boots_in_a_row = before;
  seen.snapshot.any_boot_succeeded = any_succeeded;
  seen.snapshot.returned_boots = returned;
  seen.decision.next.failed_boots_in_a_row = after;
  metrics_.decided({seen});
  EXPECT_THAT(text(), HasSubstr(std::string("muster_scaler_boots_failed_total{resource_class="
                                            "\"acme/linux\"} ") +
                                failed + "\n"));
}
INSTANTIATE_TEST_SUITE_P(ScalerMetrics, FailedBoots,
                         testing::Values(Boots{0, 0, false, 0, "0"}, Boots{2, 2, false, 0, "0"},
                                         Boots{2, 3, false, 0, "1"}, Boots{2, 1, true, 0, "1"},
                                         Boots{2, 0, true, 0, "0"}, Boots{2, 1, false, 1, "0"}));

TEST_F(ScalerMetricsTest, IsReadyWhilePassesReadSomething) {
  EXPECT_EQ(metrics_.ready().error().message, "no pass has read anything yet");
  metrics_.passed({.incomplete = true, .blind = true}, 5ms);
  EXPECT_FALSE(metrics_.ready());
  metrics_.passed({.nothing_ours = true}, 5ms);  // who stands by is well
  EXPECT_TRUE(metrics_.ready());
  clock_.advance(2min);
  EXPECT_TRUE(metrics_.ready());
  clock_.advance(1s);
  EXPECT_EQ(metrics_.ready().error().message,
            "no pass has read anything for 2 min 1 s; the log says why");
  const auto page = text();
  EXPECT_THAT(page, HasSubstr("muster_scaler_passes_total{outcome=\"blind\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("muster_scaler_passes_total{outcome=\"standing_by\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("muster_scaler_pass_seconds_count 2\n"));
  EXPECT_THAT(page, HasSubstr("muster_scaler_last_pass_timestamp_seconds 1800000000\n"));
}

// It is another scaler's to tell how that class is.
TEST_F(ScalerMetricsTest, AClassInAnothersChargeIsNotTold) {
  metrics_.decided({pass()});
  metrics_.passed({.in_charge = {{kName, true}}}, 1ms);
  EXPECT_THAT(text(), HasSubstr("muster_scaler_in_charge{resource_class=\"acme/linux\"} 1\n"));
  metrics_.passed({.nothing_ours = true, .in_charge = {{kName, false}}}, 1ms);
  EXPECT_THAT(text(), HasSubstr("muster_scaler_in_charge{resource_class=\"acme/linux\"} 0\n"));
  EXPECT_THAT(text(), Not(HasSubstr("muster_scaler_desired_instances")));
  EXPECT_THAT(text(), HasSubstr("muster_scaler_decisions_total"));
}

TEST_F(ScalerMetricsTest, CountsCalls) {
  metrics_.limit_calls("circleci", 600);
  EXPECT_THAT(
      metrics_.text({{{"circleci", "ok"}, 7}}),
      HasSubstr("muster_scaler_api_requests_total{service=\"circleci\",outcome=\"ok\"} 7\n"));
  EXPECT_THAT(text(), HasSubstr("muster_scaler_api_requests_per_minute_limit{service=\"circleci\"} "
                                "600\n"));
}

// The whole loop tells of a launch that fell short, and of a pass.
TEST_F(ScalerMetricsTest, IsToldByTheLoop) {
  FakeQueue queue{clock_};
  FakeCapacity capacity{clock_};
  FakeLedger ledger;
  FakeObserver other;
  Observers observers({&other, &metrics_});
  queue.unclaimed = 3;
  capacity.room = 2;
  capacity.during_launch = [&] { clock_.advance(500ms); };
  Loop loop({{"local/small", {.min = 0, .max = 4}}}, {queue, capacity, ledger, observers, clock_});
  loop.step({});
  EXPECT_EQ(other.latest.size(), 1U);
  const auto page = text();
  EXPECT_THAT(page, HasSubstr("muster_scaler_launches_total{resource_class=\"local/small\"} 3\n"));
  EXPECT_THAT(page,
              HasSubstr("muster_scaler_launches_failed_total{resource_class=\"local/small\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("muster_scaler_job_start_seconds_sum{resource_class=\"local/small\","
                              "stage=\"read_to_launched\"} 0.5\n"));
  EXPECT_THAT(page, HasSubstr("muster_scaler_passes_total{outcome=\"complete\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("muster_scaler_in_charge{resource_class=\"local/small\"} 1\n"));
}

TEST_F(ScalerMetricsTest, MayBeReadWhileItIsTold) {
  std::jthread reader([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      EXPECT_THAT(text(), HasSubstr("muster_build_info"));
      (void)metrics_.ready();
    }
  });
  for (int i = 0; i < 200; ++i) {
    metrics_.decided({pass()});
    metrics_.launched({{kName}, 1, 1, 1ms});
    metrics_.passed({.in_charge = {{kName, true}}}, 1ms);
  }
}

}  // namespace
}  // namespace muster::fleet
