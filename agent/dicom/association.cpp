#include "agent/dicom/association.hpp"

#include <dcmtk/dcmdata/dcostrma.h>
#include <dcmtk/dcmdata/dctk.h>

#include <cstdio>
#include <cstring>
#include <limits>

#include "agent/dicom/charset.hpp"
#include "agent/dicom/limits.hpp"
#include "common/io/clock.hpp"
#include "common/io/log.hpp"

namespace gantry::dicom {
namespace {

const int timeout_s = static_cast<int>(limits::network_timeout.count());

// Collects a data set as it comes, unparsed, up to the limit; what is beyond it is counted and dropped.
class BoundedConsumer : public DcmConsumer {
public:
    BoundedConsumer(Bytes& out, bool& too_large) : out_{out}, too_large_{too_large} {}
    OFBool good() const override { return OFTrue; }
    OFCondition status() const override { return EC_Normal; }
    OFBool isFlushed() const override { return OFTrue; }
    offile_off_t avail() const override { return std::numeric_limits<offile_off_t>::max(); }
    offile_off_t write(const void* bytes, offile_off_t size) override {
        const auto count = static_cast<std::size_t>(size);
        if (out_.size() + count > limits::object_bytes_max) {
            too_large_ = true;
            return size;
        }
        const auto* begin = static_cast<const std::uint8_t*>(bytes);
        out_.insert(out_.end(), begin, begin + count);
        return size;
    }
    void flush() override {}

private:
    Bytes& out_;
    bool& too_large_;
};

class BoundedStream : public DcmOutputStream {
public:
    BoundedStream(Bytes& out, bool& too_large) : DcmOutputStream{&consumer_}, consumer_{out, too_large} {}

private:
    BoundedConsumer consumer_;
};

template <std::size_t N>
void copy_uid(char (&to)[N], const char* from) {
    std::snprintf(to, N, "%s", from);
}

T_DIMSE_Message empty_message() {
    T_DIMSE_Message message;
    std::memset(static_cast<void*>(&message), 0, sizeof message);
    return message;
}

}  // namespace

Association::Association(T_ASC_Association* association, Service& service, std::atomic<std::int64_t>& busy_until_ms)
    : association_{association}, service_{service}, busy_until_ms_{busy_until_ms} {
    bool repaired = false;
    ae_ = to_token(association_->params->DULparams.callingAPTitle, 16, repaired);
}

Association::~Association() {
    ASC_dropSCPAssociation(association_, 1);
    ASC_destroyAssociation(&association_);
}

// Twice the DIMSE timeout for a whole message: a peer that drips bytes renews DCMTK's own timeout with each of them.
void Association::wait_for_peer() {
    busy_until_ms_ = clock::monotonic_ms() + 2 * std::chrono::milliseconds{limits::network_timeout}.count();
}

// Our own work has its own timeouts and must not be mistaken for a silent peer.
void Association::work_without_peer() { busy_until_ms_ = std::numeric_limits<std::int64_t>::max(); }

// DCMTK waits for the peer to close in turn; a peer that does not is cut off after a second.
void Association::abort() {
    busy_until_ms_ = clock::monotonic_ms() + 1000;
    ASC_abortAssociation(association_);
}

void Association::reject() {
    const T_ASC_RejectParameters reason{ASC_RESULT_REJECTEDTRANSIENT, ASC_SOURCE_SERVICEPROVIDER_PRESENTATION_RELATED,
                                        ASC_REASON_SP_PRES_LOCALLIMITEXCEEDED};
    ASC_rejectAssociation(association_, &reason);
    log::warn("association rejected",
              {{"reason", "local limit exceeded"}, {"associations_max", limits::associations_max}});
}

void Association::serve(const std::stop_token& stop) {
    const char* classes[] = {UID_VerificationSOPClass, UID_XRayRadiationDoseSRStorage, UID_EnhancedSRStorage,
                             UID_ComprehensiveSRStorage, UID_ModalityPerformedProcedureStepSOPClass};
    const char* syntaxes[] = {UID_LittleEndianExplicitTransferSyntax, UID_LittleEndianImplicitTransferSyntax,
                              UID_BigEndianExplicitTransferSyntax};
    if (ASC_acceptContextsWithPreferredTransferSyntaxes(association_->params, classes, 5, syntaxes, 3).bad()) return;
    ASC_setAPTitles(association_->params, nullptr, nullptr, association_->params->DULparams.calledAPTitle);
    if (ASC_acknowledgeAssociation(association_).bad()) return;
    std::int64_t idle_since_ms = clock::monotonic_ms();
    while (!stop.stop_requested()) {
        work_without_peer();
        if (ASC_dataWaiting(association_, 1)) {
            wait_for_peer();
            if (!serve_one()) return;
            idle_since_ms = clock::monotonic_ms();
        } else if (clock::monotonic_ms() - idle_since_ms > std::chrono::milliseconds{limits::network_timeout}.count()) {
            log::info("association ended", {{"ae", ae_}, {"reason", "idle"}, {"seconds", timeout_s}});
            break;
        }
    }
    abort();
}

bool Association::serve_one() {
    T_DIMSE_Message message = empty_message();
    T_ASC_PresentationContextID context = 0;
    DcmDataset* status_detail = nullptr;
    const OFCondition received =
        DIMSE_receiveCommand(association_, DIMSE_NONBLOCKING, timeout_s, &context, &message, &status_detail);
    delete status_detail;
    if (received == DUL_PEERREQUESTEDRELEASE) {
        ASC_acknowledgeRelease(association_);
        return false;
    }
    if (received == DUL_PEERABORTEDASSOCIATION) return false;
    if (received.bad()) {
        log::warn("association ended", {{"ae", ae_}, {"reason", "broken message"}});
        abort();
        return false;
    }
    if (dispatch(context, message)) return true;
    log::warn("association ended", {{"ae", ae_}, {"reason", "peer lost, or a request that is not served here"}});
    abort();
    return false;
}

bool Association::dispatch(T_ASC_PresentationContextID context, T_DIMSE_Message& message) {
    switch (message.CommandField) {
        case DIMSE_C_ECHO_RQ:
            return DIMSE_sendEchoResponse(association_, context, &message.msg.CEchoRQ, STATUS_Success, nullptr).good();
        case DIMSE_C_STORE_RQ:
            return store(context, message.msg.CStoreRQ);
        case DIMSE_N_CREATE_RQ:
            return create(context, message.msg.NCreateRQ);
        case DIMSE_N_SET_RQ:
            return set(context, message.msg.NSetRQ);
        default:
            return false;
    }
}

bool Association::receive(T_ASC_PresentationContextID context, Bytes& dataset, std::string& transfer_syntax,
                          bool& too_large) {
    T_ASC_PresentationContext accepted;
    if (ASC_findAcceptedPresentationContext(association_->params, context, &accepted).bad()) return false;
    transfer_syntax = accepted.acceptedTransferSyntax;
    BoundedStream stream{dataset, too_large};
    T_ASC_PresentationContextID data_context = 0;
    const OFCondition received = DIMSE_receiveDataSetInFile(association_, DIMSE_NONBLOCKING, timeout_s, &data_context,
                                                            &stream, nullptr, nullptr);
    work_without_peer();
    return received.good() && data_context == context;
}

void Association::tell(const char* request, const Answer& answer) const {
    if (answer.status == 0) return;
    char status[8];
    std::snprintf(status, sizeof status, "%04x", static_cast<unsigned>(answer.status));
    log::warn("request not fulfilled",
              {{"ae", ae_}, {"request", request}, {"status", status}, {"reason", answer.comment}});
}

bool Association::store(T_ASC_PresentationContextID context, const T_DIMSE_C_StoreRQ& request) {
    Bytes dataset;
    std::string transfer_syntax;
    bool too_large = false;
    if (!receive(context, dataset, transfer_syntax, too_large)) return false;
    const Answer answer =
        too_large ? Answer{0xc000, "object larger than 16 MiB", 0} : service_.store(dataset, transfer_syntax, ae_);
    tell("C-STORE", answer);
    T_DIMSE_C_StoreRSP response;
    std::memset(static_cast<void*>(&response), 0, sizeof response);
    response.MessageIDBeingRespondedTo = request.MessageID;
    copy_uid(response.AffectedSOPClassUID, request.AffectedSOPClassUID);
    copy_uid(response.AffectedSOPInstanceUID, request.AffectedSOPInstanceUID);
    response.DimseStatus = answer.status;
    response.DataSetType = DIMSE_DATASET_NULL;
    response.opts = O_STORE_AFFECTEDSOPCLASSUID | O_STORE_AFFECTEDSOPINSTANCEUID;
    return DIMSE_sendStoreResponse(association_, context, &request, &response, nullptr).good();
}

bool Association::create(T_ASC_PresentationContextID context, const T_DIMSE_N_CreateRQ& request) {
    Bytes dataset;
    std::string transfer_syntax;
    bool too_large = false;
    if (request.DataSetType != DIMSE_DATASET_NULL && !receive(context, dataset, transfer_syntax, too_large))
        return false;
    T_DIMSE_Message response = empty_message();
    response.CommandField = DIMSE_N_CREATE_RSP;
    T_DIMSE_N_CreateRSP& body = response.msg.NCreateRSP;
    body.MessageIDBeingRespondedTo = request.MessageID;
    copy_uid(body.AffectedSOPClassUID, request.AffectedSOPClassUID);
    const bool named =
        (request.opts & O_NCREATE_AFFECTEDSOPINSTANCEUID) != 0 && request.AffectedSOPInstanceUID[0] != '\0';
    char made[128] = {};  // PS3.7 10.1.5.1.4: the provider names the object when the requestor does not
    if (!named) dcmGenerateUniqueIdentifier(made);
    copy_uid(body.AffectedSOPInstanceUID, named ? request.AffectedSOPInstanceUID : made);
    Answer answer{0x0110, "object larger than 16 MiB", 0};
    if (std::strcmp(request.AffectedSOPClassUID, UID_ModalityPerformedProcedureStepSOPClass) != 0) {
        answer = {0x0118, "no such SOP class here", 0};
    } else if (!too_large) {
        answer = service_.create_step(body.AffectedSOPInstanceUID, dataset, transfer_syntax, ae_);
    }
    tell("N-CREATE", answer);
    body.DimseStatus = answer.status;
    body.DataSetType = DIMSE_DATASET_NULL;
    body.opts = O_NCREATE_AFFECTEDSOPCLASSUID | O_NCREATE_AFFECTEDSOPINSTANCEUID;
    return send(context, response, answer);
}

bool Association::set(T_ASC_PresentationContextID context, const T_DIMSE_N_SetRQ& request) {
    Bytes dataset;
    std::string transfer_syntax;
    bool too_large = false;
    if (request.DataSetType != DIMSE_DATASET_NULL && !receive(context, dataset, transfer_syntax, too_large))
        return false;
    Answer answer{0x0110, "object larger than 16 MiB", 0};
    if (std::strcmp(request.RequestedSOPClassUID, UID_ModalityPerformedProcedureStepSOPClass) != 0) {
        answer = {0x0118, "no such SOP class here", 0};
    } else if (!too_large) {
        answer = service_.set_step(request.RequestedSOPInstanceUID, dataset, transfer_syntax, ae_);
    }
    tell("N-SET", answer);
    T_DIMSE_Message response = empty_message();
    response.CommandField = DIMSE_N_SET_RSP;
    T_DIMSE_N_SetRSP& body = response.msg.NSetRSP;
    body.MessageIDBeingRespondedTo = request.MessageID;
    copy_uid(body.AffectedSOPClassUID, request.RequestedSOPClassUID);
    copy_uid(body.AffectedSOPInstanceUID, request.RequestedSOPInstanceUID);
    body.DimseStatus = answer.status;
    body.DataSetType = DIMSE_DATASET_NULL;
    body.opts = O_NSET_AFFECTEDSOPCLASSUID | O_NSET_AFFECTEDSOPINSTANCEUID;
    return send(context, response, answer);
}

bool Association::send(T_ASC_PresentationContextID context, T_DIMSE_Message& response, const Answer& answer) {
    DcmDataset detail;
    if (answer.error_id != 0) detail.putAndInsertUint16(DCM_ErrorID, answer.error_id);
    // Error Comment is an LO: at most 64 characters.
    if (!answer.comment.empty()) detail.putAndInsertString(DCM_ErrorComment, answer.comment.substr(0, 64).c_str());
    return DIMSE_sendMessageUsingMemoryData(association_, context, &response, answer.status == 0 ? nullptr : &detail,
                                            nullptr, nullptr, nullptr)
        .good();
}

}  // namespace gantry::dicom
