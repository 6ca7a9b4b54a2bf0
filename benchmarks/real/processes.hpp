// What other processes use of this machine, as the kernel tells it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace wanlab::bench {

// Seconds of CPU a process has used since it began, all its threads; 0 if it is gone.
double cpu_seconds_of(pid_t process);
// The same of a process and its living children together (PostgreSQL has one per connection).
double cpu_seconds_of_family(pid_t process);

// Bytes: its share of what is in memory (shared pages count in parts); the process stands still
// while the kernel counts. The other is quick, rough, and counts shared pages whole.
std::uint64_t resident_bytes(pid_t process);
std::uint64_t roughly_resident_bytes(pid_t process);

std::size_t open_descriptors(pid_t process);

}  // namespace wanlab::bench
