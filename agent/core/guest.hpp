#pragma once

// The agent is a guest on a machine that makes images: it leaves no memory behind, takes what is left over, and keeps
// small.
namespace gantry::agent::guest {

// No core file, nobody looks inside, last in the queue for processor and disk. `nice_value` 0: as it was started.
void behave(int nice_value);

// One arena and early returns to the kernel: threads of MQTT would otherwise each bring a heap of their own. Before any
// thread starts.
void keep_heap_small();

// Lets the kernel take back what only the start needed: free heap, and code and constants of the program and its
// libraries, which are read again from their files where they are still used.
void give_back();

}  // namespace gantry::agent::guest
