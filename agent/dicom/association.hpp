#pragma once

#include <dcmtk/config/osconfig.h>
// osconfig.h comes first, always
#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/dimse.h>

#include <atomic>
#include <stop_token>

#include "agent/dicom/service.hpp"

namespace gantry::dicom {

// One association from its acceptance to its end, on the thread that calls serve().
class Association {
public:
    // `busy_until_ms` is the monotonic time until which the peer may be silent; another thread cuts it off after that.
    Association(T_ASC_Association* association, Service& service, std::atomic<std::int64_t>& busy_until_ms);
    ~Association();
    Association(const Association&) = delete;
    Association& operator=(const Association&) = delete;

    void serve(const std::stop_token& stop);
    // A-ASSOCIATE-RJ: local limit exceeded, transient.
    void reject();

private:
    // False when the association is over.
    bool serve_one();
    bool dispatch(T_ASC_PresentationContextID context, T_DIMSE_Message& message);
    bool store(T_ASC_PresentationContextID context, const T_DIMSE_C_StoreRQ& request);
    bool create(T_ASC_PresentationContextID context, const T_DIMSE_N_CreateRQ& request);
    bool set(T_ASC_PresentationContextID context, const T_DIMSE_N_SetRQ& request);
    bool receive(T_ASC_PresentationContextID context, Bytes& dataset, std::string& transfer_syntax, bool& too_large);
    bool send(T_ASC_PresentationContextID context, T_DIMSE_Message& response, const Answer& answer);
    void tell(const char* request, const Answer& answer) const;
    void wait_for_peer();
    void work_without_peer();
    void abort();

    T_ASC_Association* association_;
    Service& service_;
    std::atomic<std::int64_t>& busy_until_ms_;
    std::string ae_;
};

}  // namespace gantry::dicom
