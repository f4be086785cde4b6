#include "firmware-sim/emit/dicom_sink.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmnet/scu.h>
#include <dcmtk/oflog/oflog.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <list>
#include <map>
#include <thread>

#include "firmware-sim/emit/dicom_objects.hpp"
#include "firmware-sim/emit/file_sink.hpp"

namespace gantry::sim {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t associations_max = 4;  // A storage provider takes few at a time; the least used one makes room.
constexpr std::chrono::seconds idle_max{10};
constexpr milliseconds backoff_first{100}, backoff_max{5'000};
constexpr int doubtful_tries_max = 5;
constexpr std::size_t open_exams_max = 64;  // On one scanner; an exam that never ends is forgotten, oldest first.
constexpr std::uint64_t errors_shown_max = 10;

/// DcmSCU with the two normalised services that MPPS needs and it lacks.
class Scu : public DcmSCU {
public:
    OFCondition create(const char* uid, DcmDataset& set, Uint16& status) {
        T_DIMSE_Message request{};
        request.CommandField = DIMSE_N_CREATE_RQ;
        auto& body = request.msg.NCreateRQ;
        body.MessageID = ++message_id_;
        OFStandard::strlcpy(body.AffectedSOPClassUID, UID_ModalityPerformedProcedureStepSOPClass,
                            sizeof body.AffectedSOPClassUID);
        OFStandard::strlcpy(body.AffectedSOPInstanceUID, uid, sizeof body.AffectedSOPInstanceUID);
        body.opts = O_NCREATE_AFFECTEDSOPINSTANCEUID;
        body.DataSetType = DIMSE_DATASET_PRESENT;
        T_DIMSE_Message answer{};
        const OFCondition result = exchange(request, set, answer);
        if (result.good() && answer.CommandField != DIMSE_N_CREATE_RSP) return DIMSE_BADCOMMANDTYPE;
        status = answer.msg.NCreateRSP.DimseStatus;
        return result.good() ? drop(answer.msg.NCreateRSP.DataSetType) : result;
    }

    OFCondition set(const char* uid, DcmDataset& changes, Uint16& status) {
        T_DIMSE_Message request{};
        request.CommandField = DIMSE_N_SET_RQ;
        auto& body = request.msg.NSetRQ;
        body.MessageID = ++message_id_;
        OFStandard::strlcpy(body.RequestedSOPClassUID, UID_ModalityPerformedProcedureStepSOPClass,
                            sizeof body.RequestedSOPClassUID);
        OFStandard::strlcpy(body.RequestedSOPInstanceUID, uid, sizeof body.RequestedSOPInstanceUID);
        body.DataSetType = DIMSE_DATASET_PRESENT;
        T_DIMSE_Message answer{};
        const OFCondition result = exchange(request, changes, answer);
        if (result.good() && answer.CommandField != DIMSE_N_SET_RSP) return DIMSE_BADCOMMANDTYPE;
        status = answer.msg.NSetRSP.DimseStatus;
        return result.good() ? drop(answer.msg.NSetRSP.DataSetType) : result;
    }

    OFCondition store(DcmDataset& set, Uint16& status) {
        const auto context = findPresentationContextID(UID_XRayRadiationDoseSRStorage, "");
        if (context == 0) return DIMSE_NOVALIDPRESENTATIONCONTEXTID;
        return sendSTORERequest(context, "", &set, status);
    }

private:
    OFCondition exchange(T_DIMSE_Message& request, DcmDataset& set, T_DIMSE_Message& answer) {
        auto context = findPresentationContextID(UID_ModalityPerformedProcedureStepSOPClass, "");
        if (context == 0) return DIMSE_NOVALIDPRESENTATIONCONTEXTID;
        if (const OFCondition sent = sendDIMSEMessage(context, &request, &set); sent.bad()) return sent;
        DcmDataset* detail = nullptr;
        const OFCondition got = receiveDIMSECommand(&context, &answer, &detail);
        delete detail;
        return got;
    }

    // The service may return the data set it keeps; nothing in it is news.
    OFCondition drop(T_DIMSE_DataSetType type) {
        if (type == DIMSE_DATASET_NULL) return EC_Normal;
        T_ASC_PresentationContextID context = 0;
        DcmDataset* set = nullptr;
        const OFCondition got = receiveDIMSEDataset(&context, &set);
        delete set;
        return got;
    }

    Uint16 message_id_ = 0x8000;  // Apart from those that DcmSCU itself gives out.
};

enum class Verdict { taken, refused, later };

// Success and warnings are taken. Out of resources (A7xx, 0213) passes; processing failure may.
Verdict judge(Uint16 status, bool again, int tries) {
    if (status == STATUS_Success || (status & 0xf000) == 0xb000 || status == 0x0107 || status == 0x0116)
        return Verdict::taken;
    if (again && status == 0x0111) return Verdict::taken;  // Duplicate instance: the first try had arrived.
    if ((status & 0xff00) == 0xa700 || status == 0x0213) return Verdict::later;
    if (status == 0x0110 && tries < doubtful_tries_max) return Verdict::later;
    return Verdict::refused;
}

class DicomSink final : public Sink {
public:
    DicomSink(const Fleet& fleet, const RunOptions& run) : fleet_{fleet}, run_{run} {
        OFLog::configure(OFLogger::OFF_LOG_LEVEL);
        // DCMTK writes a PDU in two pieces; with Nagle's algorithm each waits 40 ms for the other side's delayed ACK.
        setenv("TCP_NODELAY", "1", 0);
        const auto colon = run.target.rfind(':');
        const char* const begin = run.target.data() + (colon == std::string::npos ? run.target.size() : colon + 1);
        const char* const end = run.target.data() + run.target.size();
        const auto [parsed, failure] = std::from_chars(begin, end, port_);
        if (colon == std::string::npos || colon == 0 || failure != std::errc{} || parsed != end || port_ == 0)
            throw EmitError{exit_usage, fmt::format("--to-dicom: got '{}', want HOST:PORT", run.target)};
        host_ = run.target.substr(0, colon);
        if (!run.canaries_file.empty()) canaries_.emplace(run.canaries_file);
    }

    ~DicomSink() override {
        for (auto& link : links_) link.scu->releaseAssociation();
    }

    void take(std::uint32_t device, const SimEvent& event) override {
        if (const auto* started = std::get_if<ExamStarted>(&event.what)) {
            ExamRecord& exam = open(device, started->exam, *started, event.at_ms);
            const auto set = step_begin(fleet_.options(), fleet_.profile(device), exam);
            const std::string uid = step_uid(fleet_.options(), fleet_.profile(device), exam);
            deliver(device, "N-CREATE",
                    [&](Scu& scu, Uint16& status) { return scu.create(uid.c_str(), *set, status); });
        } else if (const auto* shot = std::get_if<Exposure>(&event.what)) {
            const ExamStarted guess{shot->exam, shot->group, shot->purpose, {}};
            open(device, shot->exam, guess, event.at_ms).shots.push_back({event.at_ms, *shot});
        } else if (const auto* ended = std::get_if<ExamEnded>(&event.what)) {
            end_step(device, *ended, event.at_ms);
        } else if (const auto* dose = std::get_if<DoseSummary>(&event.what)) {
            report(device, dose->exam);
        }
    }

    void serve(milliseconds time) override {
        const auto now = Clock::now();
        for (auto link = links_.begin(); link != links_.end();) {
            if (now - link->used < idle_max) {
                ++link;
                continue;
            }
            link->scu->releaseAssociation();
            link = links_.erase(link);
        }
        std::this_thread::sleep_for(time);
    }

    bool drain(milliseconds) override {
        if (canaries_) canaries_->close();
        return tally_.answered + tally_.errors == tally_.sent;
    }

    Tally tally() const override { return tally_; }

private:
    struct Link {
        std::uint32_t device;
        std::unique_ptr<Scu> scu;
        Clock::time_point used;
    };

    ExamRecord& open(std::uint32_t device, std::uint64_t number, const ExamStarted& started, std::int64_t at_ms) {
        auto& exams = exams_[device];
        if (const auto found = exams.find(number); found != exams.end()) return found->second;
        if (exams.size() >= open_exams_max) exams.erase(exams.begin());
        ExamRecord exam;
        exam.started = started;
        exam.start_ms = at_ms;
        const auto& profile = fleet_.profile(device);
        exam.patient = make_patient(fleet_.options(), profile, number, started.purpose, started.age_band,
                                    to_local(profile.zone, at_ms).year);
        if (canaries_)
            for (const auto& text : exam.patient.canaries()) canaries_->line(text);
        return exams.emplace(number, std::move(exam)).first->second;
    }

    void end_step(std::uint32_t device, const ExamEnded& ended, std::int64_t at_ms) {
        const auto found = exams_[device].find(ended.exam);
        if (found == exams_[device].end()) return;  // Its begin was never told.
        ExamRecord& exam = found->second;
        exam.ended = ended;
        exam.end_ms = at_ms;
        const auto set = step_end(fleet_.options(), fleet_.profile(device), exam);
        const std::string uid = step_uid(fleet_.options(), fleet_.profile(device), exam);
        deliver(device, "N-SET", [&](Scu& scu, Uint16& status) { return scu.set(uid.c_str(), *set, status); });
    }

    void report(std::uint32_t device, std::uint64_t number) {
        const auto found = exams_[device].find(number);
        if (found == exams_[device].end()) return;
        const ExamRecord& exam = found->second;
        int part = 0;
        for (const auto& [first, last] : report_parts(fleet_.profile(device), exam)) {
            const auto set = dose_report(fleet_.options(), fleet_.profile(device), exam, part++, first, last);
            deliver(device, "C-STORE", [&](Scu& scu, Uint16& status) { return scu.store(*set, status); });
        }
        exams_[device].erase(found);
    }

    template <class Send>
    void deliver(std::uint32_t device, std::string_view what, const Send& send) {
        if (stop_requested()) return;
        ++tally_.sent;
        auto backoff = backoff_first;
        for (int tries = 1;; ++tries) {
            Uint16 status = 0xffff;
            Scu* scu = associate(device);
            const bool answered = scu != nullptr && send(*scu, status).good();
            const Verdict verdict = answered ? judge(status, tries > 1, tries) : Verdict::later;
            ever_answered_ = ever_answered_ || answered;
            if (verdict == Verdict::taken) {
                ++tally_.answered;
                return;
            }
            if (verdict == Verdict::refused) {
                if (tally_.errors++ < errors_shown_max)
                    fmt::print(stderr, "gantry-sim: {}: {} refused with status {:04x}\n", fleet_.profile(device).id,
                               what, status);
                return;
            }
            if (!answered) forget(device);
            if (stop_requested()) return;
            if (!ever_answered_ && Clock::now() - begun_ > std::chrono::duration<double>{run_.connect_timeout_s})
                throw EmitError{exit_unavailable, fmt::format("--to-dicom: {} took no association in {} s", run_.target,
                                                              run_.connect_timeout_s)};
            ++tally_.resent;
            std::this_thread::sleep_for(backoff);
            backoff = std::min(backoff * 2, backoff_max);
        }
    }

    Scu* associate(std::uint32_t device) {
        const auto found = std::ranges::find(links_, device, &Link::device);
        if (found != links_.end()) {
            found->used = Clock::now();
            links_.splice(links_.begin(), links_, found);
            return found->scu.get();
        }
        if (links_.size() >= associations_max) {
            links_.back().scu->releaseAssociation();
            links_.pop_back();
        }
        auto scu = std::make_unique<Scu>();
        scu->setAETitle(fleet_.profile(device).ae_title.c_str());
        scu->setPeerAETitle(run_.called_aet.c_str());
        scu->setPeerHostName(host_.c_str());
        scu->setPeerPort(port_);
        scu->setACSETimeout(10);
        scu->setDIMSEBlockingMode(DIMSE_NONBLOCKING);
        scu->setDIMSETimeout(30);
        OFList<OFString> syntaxes;
        syntaxes.push_back(UID_LittleEndianExplicitTransferSyntax);
        syntaxes.push_back(UID_LittleEndianImplicitTransferSyntax);
        scu->addPresentationContext(UID_XRayRadiationDoseSRStorage, syntaxes);
        scu->addPresentationContext(UID_ModalityPerformedProcedureStepSOPClass, syntaxes);
        if (scu->initNetwork().bad() || scu->negotiateAssociation().bad()) {
            ++tally_.reconnects;
            return nullptr;
        }
        links_.push_front({device, std::move(scu), Clock::now()});
        return links_.front().scu.get();
    }

    void forget(std::uint32_t device) {
        std::erase_if(links_, [&](Link& link) {
            if (link.device != device) return false;
            link.scu->abortAssociation();
            return true;
        });
    }

    const Fleet& fleet_;
    const RunOptions& run_;
    std::string host_;
    std::uint16_t port_ = 0;
    std::optional<OutFile> canaries_;
    std::map<std::uint32_t, std::map<std::uint64_t, ExamRecord>> exams_;
    std::list<Link> links_;  ///< Last used first.
    Tally tally_;
    bool ever_answered_ = false;
    Clock::time_point begun_ = Clock::now();
};

}  // namespace

std::unique_ptr<Sink> make_dicom_sink(const Fleet& fleet, const RunOptions& run) {
    return std::make_unique<DicomSink>(fleet, run);
}

}  // namespace gantry::sim
