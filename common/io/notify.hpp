#pragma once

#include <string_view>

namespace gantry {

// Tells systemd ("READY=1", "STOPPING=1", "STATUS=…"), when it asked to be told; otherwise nothing. sd_notify(3)'s
// protocol is one datagram, so no library is needed for it.
void notify_systemd(std::string_view state);

}  // namespace gantry
