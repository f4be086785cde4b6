#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/core/bytes.hpp"

// Makes CT dose reports and MPPS messages as scanners write them, quirks included. Every text in them that must not
// leave a host contains the word SECRET, so that a test can look for it.
namespace gantry::dicom::testing {

struct FakeTube {
    std::string id = "A";
    std::string kvp = "120";
    std::string ma_mean = "150";
    std::string ma_max = "200";
    std::string rotation = "0.5";
};

struct FakeAcquisition {
    std::string uid;
    std::string type = "P5-08001";
    std::string type_scheme = "SRT";
    std::string region = "T-D3000";
    std::string protocol = "SECRET Thorax";
    std::string exposure_time = "7.49";
    std::string time_unit = "s";
    std::string length = "487.00";
    std::string pitch = "0.813";
    std::string single_collimation = "5";
    std::string total_collimation = "40";
    std::vector<FakeTube> tubes = {FakeTube{}};
    std::string ctdivol = "5.30";
    std::string dlp = "251.20";
    std::string dlp_unit = "mGy.cm";
    std::string role_serial;
    std::string started;
    bool alert = false;
};

struct FakeReport {
    std::string sop_class = "1.2.840.10008.5.1.4.1.1.88.67";
    std::string sop_uid = "1.2.3.5555.1";
    std::string study_uid = "1.2.3.5555.2";
    std::string charset = "ISO_IR 100";
    std::string timezone;
    std::string maker = "ACME";
    std::string model = "Scanner 9";
    std::string header_serial = "SN-1";
    std::optional<std::string> observer_serial = "SN-1";
    std::string software = "V1.0";
    std::string patient_id = "SECRET-ID";
    std::string patient_name = "SECRET^NAME";
    std::string title = "113701";
    std::string procedure = "P5-08000";
    std::string start = "20240105172103.083";
    std::string end = "20240105172217.862";
    std::string dlp_total = "251.20";
    bool projection = false;  // a projection X-ray report: same title and class
    std::vector<FakeAcquisition> acquisitions;
};

enum class Syntax { explicit_little, implicit_little, explicit_big };

// One spiral acquisition with this event UID.
FakeAcquisition acquisition(const std::string& uid);
// A scout: no dose, no pitch, no rotation time.
FakeAcquisition scout(const std::string& uid);

Bytes dicom_file(const FakeReport& report, Syntax syntax = Syntax::explicit_little, bool undefined_lengths = false);
// The data set alone, as the network carries it (explicit little endian).
Bytes dicom_dataset(const FakeReport& report);

struct FakeStep {
    std::string study_uid = "1.2.3.5555.2";
    std::string status = "IN PROGRESS";
    std::string date = "20240105";
    std::string time = "172000";
    std::string birth_date = "19600131";
    std::string protocol = "SECRET Head routine";
    std::string patient_id = "SECRET-ID";
    std::string reason;  // discontinuation reason code
    int series = 0;
    std::vector<std::string> exposure_times_ms;  // "" leaves the time out
    std::string comment;
};
inline constexpr const char* explicit_little_syntax = "1.2.840.10008.1.2.1";
Bytes mpps_create(const FakeStep& step);
Bytes mpps_set(const FakeStep& step);

}  // namespace gantry::dicom::testing
