#pragma once

#include <stop_token>

#include "agent/dicom/dicom_time.hpp"
#include "agent/dicom/options.hpp"
#include "agent/dicom/pipeline.hpp"
#include "agent/dicom/pseudonym.hpp"
#include "agent/dicom/site_config.hpp"

namespace gantry::dicom {

// What every command is made of, read from the options. Made once, unchanged after.
struct Host {
    ZoneRule zone;
    SiteConfig site;
    Pseudonymiser pseudonyms;
};

// sysexits.h, as interfaces promise them.
namespace exit_codes {
inline constexpr int ok = 0;
inline constexpr int failed = 1;
inline constexpr int usage = 2;
inline constexpr int bad_data = 65;
inline constexpr int unavailable = 69;
inline constexpr int io = 74;
inline constexpr int config = 78;
}  // namespace exit_codes

// Each returns an exit code; watch and serve run until `stop` is asked for.
int run_read(const Options& options, const Host& host);
int run_watch(const Options& options, const Host& host, std::stop_token stop);
int run_serve(const Options& options, const Host& host, std::stop_token stop);

}  // namespace gantry::dicom
