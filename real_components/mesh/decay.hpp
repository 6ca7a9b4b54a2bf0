// exp(-x) in plain IEEE arithmetic, for weights that fade with time. Never libm: its last digits
// differ between machines, and these weights reach routing decisions.
#pragma once

#include "real_components/runtime/time.hpp"

namespace wanlab::mesh {

// exp(-x) for x >= 0, relative error below 1e-6: exp(-x) = (exp(-x/1024))^1024, the inner one by
// its series.
constexpr double exp_minus(double x) {
  if (x >= 40.0) return 0.0;
  const double y = x / 1024.0;
  double value = 1.0 - y * (1.0 - y / 2.0 * (1.0 - y / 3.0 * (1.0 - y / 4.0)));
  for (int squarings = 0; squarings < 10; ++squarings) value *= value;
  return value;
}

// What is left, after `elapsed`, of a weight of 1 that fades with time constant `tau`.
constexpr double remaining_weight(Duration elapsed, Duration tau) {
  if (elapsed <= Duration::zero()) return 1.0;
  return exp_minus(static_cast<double>(elapsed.count()) / static_cast<double>(tau.count()));
}

}  // namespace wanlab::mesh
