// What the stores of a new laboratory hold: origins, Routes, Credentials and the keys of grants.
#pragma once

#include "real_components/crypto/digest.hpp"
#include "sim/emulation/lab_layout.hpp"

namespace wanlab::emulation {

// From the kernel's generator.
crypto::Digest256 random_key();

// Writes them into the stores of the layout, which must be up. Origins are found at their own names
// and `backhaul_port`: each edge knows where that is for it. Throws ProcessError.
void seed_records(const scenario::Plan& plan, const LabLayout& layout, std::uint16_t backhaul_port);

}  // namespace wanlab::emulation
