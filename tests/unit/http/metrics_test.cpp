#include "server/http/metrics_text.hpp"

#include <doctest/doctest.h>

#include "server/http/api.hpp"

using namespace gantry::http;

TEST_CASE("metrics: every promised name, histograms cumulative, labels escaped") {
    MetricsInput input;
    input.figures.records_committed = 7;
    input.figures.frames_refused["bad \"x\"\\"] = 2;
    input.figures.commit_seconds = Histogram{{0.01, 0.1}};
    for (const double value : {0.005, 0.05, 0.06, 1.0}) input.figures.commit_seconds.observe(value);
    input.version = "0.1.0";
    HttpCounters http;
    const std::string text = render_metrics(input, http);
    for (const char* line :
         {"gantry_records_committed_total 7\n", "gantry_records_duplicate_total 0\n",
          "gantry_frames_refused_total{reason=\"bad \\\"x\\\"\\\\\"} 2\n", "gantry_inbox_depth 0\n",
          "gantry_commit_seconds_bucket{le=\"0.01\"} 1\n", "gantry_commit_seconds_bucket{le=\"0.1\"} 3\n",
          "gantry_commit_seconds_bucket{le=\"+Inf\"} 4\n", "gantry_commit_seconds_count 4\n",
          "gantry_batch_records_count 0\n", "gantry_devices{state=\"IN_USE\"} 0\n",
          "gantry_findings_open{severity=\"critical\"} 0\n", "gantry_log_size 0\n",
          "gantry_build_info{version=\"0.1.0\",commit=\"\"} 1\n"})
        CHECK_MESSAGE(text.find(line) != std::string::npos, line);
}

TEST_CASE("rate: over the last half to whole minute") {
    Rate rate;
    CHECK(rate.per_second(100, 1'000) == 0);
    CHECK(rate.per_second(200, 11'000) == doctest::Approx(10));
    CHECK(rate.per_second(400, 31'000) == doctest::Approx(10));
    CHECK(rate.per_second(400, 61'000) == doctest::Approx(0));
    CHECK(rate.per_second(5, 62'000) == 0);
}
