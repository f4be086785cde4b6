#include "tests/integration/dicom/mpps_scu.hpp"

#include <dcmtk/config/osconfig.h>
// osconfig.h comes first, always
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/dimse.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace gantry::testing {
namespace {

constexpr int timeout_s = 30;

void require(const OFCondition& condition) {
    if (condition.bad()) throw std::runtime_error{condition.text()};
}

std::unique_ptr<DcmDataset> parse(const Bytes& bytes) {
    auto dataset = std::make_unique<DcmDataset>();
    DcmInputBufferStream stream;
    stream.setBuffer(bytes.data(), static_cast<offile_off_t>(bytes.size()));
    stream.setEos();
    dataset->transferInit();
    require(dataset->read(stream, EXS_LittleEndianExplicit));
    dataset->transferEnd();
    return dataset;
}

T_DIMSE_Message empty_message() {
    T_DIMSE_Message message;
    std::memset(static_cast<void*>(&message), 0, sizeof message);
    return message;
}

template <std::size_t N>
void copy_uid(char (&to)[N], const std::string& from) {
    std::snprintf(to, N, "%s", from.c_str());
}

}  // namespace

struct MppsScu::Impl {
    T_ASC_Network* network = nullptr;
    T_ASC_Association* association = nullptr;
    DIC_US message_id = 0;

    T_ASC_PresentationContextID context(const std::string& sop_class) const {
        return ASC_findAcceptedPresentationContextID(association, sop_class.c_str());
    }

    DimseAnswer exchange(const std::string& sop_class, T_DIMSE_Message& request, const Bytes& bytes) {
        const auto dataset = parse(bytes);
        const T_ASC_PresentationContextID id = context(sop_class);
        require(DIMSE_sendMessageUsingMemoryData(association, id, &request, nullptr, dataset.get(), nullptr, nullptr));
        T_DIMSE_Message response = empty_message();
        T_ASC_PresentationContextID answered = 0;
        DcmDataset* detail = nullptr;
        require(DIMSE_receiveCommand(association, DIMSE_NONBLOCKING, timeout_s, &answered, &response, &detail));
        const std::unique_ptr<DcmDataset> owned{detail};
        DimseAnswer out;
        if (response.CommandField == DIMSE_N_CREATE_RSP) out.status = response.msg.NCreateRSP.DimseStatus;
        if (response.CommandField == DIMSE_N_SET_RSP) out.status = response.msg.NSetRSP.DimseStatus;
        if (response.CommandField == DIMSE_C_STORE_RSP) out.status = response.msg.CStoreRSP.DimseStatus;
        if (owned) {
            OFString comment;
            owned->findAndGetUint16(DCM_ErrorID, out.error_id);
            owned->findAndGetOFString(DCM_ErrorComment, comment);
            out.comment = comment.c_str();
        }
        return out;
    }
};

MppsScu::MppsScu(int port, const std::string& calling_ae) : impl_{std::make_unique<Impl>()} {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    require(ASC_initializeNetwork(NET_REQUESTOR, 0, timeout_s, &impl_->network));
    T_ASC_Parameters* parameters = nullptr;
    require(ASC_createAssociationParameters(&parameters, ASC_DEFAULTMAXPDU));
    require(ASC_setAPTitles(parameters, calling_ae.c_str(), "GANTRY", nullptr));
    const std::string peer = "127.0.0.1:" + std::to_string(port);
    require(ASC_setPresentationAddresses(parameters, "localhost", peer.c_str()));
    const char* syntaxes[] = {UID_LittleEndianExplicitTransferSyntax};
    T_ASC_PresentationContextID id = 1;
    for (const char* sop_class : {UID_VerificationSOPClass, UID_ModalityPerformedProcedureStepSOPClass,
                                  UID_XRayRadiationDoseSRStorage, UID_EnhancedSRStorage, UID_ComprehensiveSRStorage}) {
        require(ASC_addPresentationContext(parameters, id, sop_class, syntaxes, 1));
        id = static_cast<T_ASC_PresentationContextID>(id + 2);
    }
    const OFCondition requested = ASC_requestAssociation(impl_->network, parameters, &impl_->association);
    if (requested.bad()) {
        if (impl_->association != nullptr) ASC_destroyAssociation(&impl_->association);
        ASC_dropNetwork(&impl_->network);
        throw std::runtime_error{requested.text()};
    }
}

MppsScu::~MppsScu() {
    ASC_releaseAssociation(impl_->association);
    ASC_destroyAssociation(&impl_->association);
    ASC_dropNetwork(&impl_->network);
}

DimseAnswer MppsScu::create(const std::string& sop_instance, const Bytes& dataset) {
    T_DIMSE_Message request = empty_message();
    request.CommandField = DIMSE_N_CREATE_RQ;
    T_DIMSE_N_CreateRQ& body = request.msg.NCreateRQ;
    body.MessageID = ++impl_->message_id;
    copy_uid(body.AffectedSOPClassUID, UID_ModalityPerformedProcedureStepSOPClass);
    copy_uid(body.AffectedSOPInstanceUID, sop_instance);
    body.DataSetType = DIMSE_DATASET_PRESENT;
    body.opts = O_NCREATE_AFFECTEDSOPINSTANCEUID;
    return impl_->exchange(UID_ModalityPerformedProcedureStepSOPClass, request, dataset);
}

DimseAnswer MppsScu::set(const std::string& sop_instance, const Bytes& dataset) {
    T_DIMSE_Message request = empty_message();
    request.CommandField = DIMSE_N_SET_RQ;
    T_DIMSE_N_SetRQ& body = request.msg.NSetRQ;
    body.MessageID = ++impl_->message_id;
    copy_uid(body.RequestedSOPClassUID, UID_ModalityPerformedProcedureStepSOPClass);
    copy_uid(body.RequestedSOPInstanceUID, sop_instance);
    body.DataSetType = DIMSE_DATASET_PRESENT;
    return impl_->exchange(UID_ModalityPerformedProcedureStepSOPClass, request, dataset);
}

DimseAnswer MppsScu::store(const std::string& sop_class, const std::string& sop_instance, const Bytes& dataset) {
    T_DIMSE_Message request = empty_message();
    request.CommandField = DIMSE_C_STORE_RQ;
    T_DIMSE_C_StoreRQ& body = request.msg.CStoreRQ;
    body.MessageID = ++impl_->message_id;
    copy_uid(body.AffectedSOPClassUID, sop_class);
    copy_uid(body.AffectedSOPInstanceUID, sop_instance);
    body.DataSetType = DIMSE_DATASET_PRESENT;
    body.Priority = DIMSE_PRIORITY_MEDIUM;
    return impl_->exchange(sop_class, request, dataset);
}

bool MppsScu::echo() {
    DIC_US status = 0xffff;
    DcmDataset* detail = nullptr;
    const OFCondition done =
        DIMSE_echoUser(impl_->association, ++impl_->message_id, DIMSE_NONBLOCKING, timeout_s, &status, &detail);
    delete detail;
    return done.good() && status == 0;
}

}  // namespace gantry::testing
