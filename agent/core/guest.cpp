#include "agent/core/guest.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace gantry::agent::guest {
namespace {

// Parts that cannot be written hold nothing but what is in the file: to drop their pages loses nothing.
int drop_pages(dl_phdr_info* object, std::size_t, void*) {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const ElfW(Phdr)& part = object->dlpi_phdr[i];
        if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
        const std::uintptr_t begin = (object->dlpi_addr + part.p_vaddr) & ~(page - 1);
        const std::uintptr_t end = (object->dlpi_addr + part.p_vaddr + part.p_memsz + page - 1) & ~(page - 1);
        madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 0;
}

}  // namespace

void behave(int nice_value) {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    if (nice_value <= 0) return;
    setpriority(PRIO_PROCESS, 0, nice_value);
    constexpr int who_process = 1, class_best_effort = 2, class_shift = 13, lowest = 7;
    syscall(SYS_ioprio_set, who_process, 0, (class_best_effort << class_shift) | lowest);
}

void keep_heap_small() {
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TRIM_THRESHOLD, 64 * 1024);
    mallopt(M_MMAP_THRESHOLD, 64 * 1024);
}

void give_back() {
    malloc_trim(0);
    dl_iterate_phdr(drop_pages, nullptr);
}

}  // namespace gantry::agent::guest
