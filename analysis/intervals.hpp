// Means of few samples and how sure one may be of them.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace wanlab::analysis {

// Student's t: a variable with so many degrees of freedom lies within [-t, t] with probability
// `confidence` (0 < confidence < 1, freedom >= 1).
double student_t(double confidence, std::size_t freedom);

inline constexpr double usual_confidence = 0.95;

struct Estimate {
  std::size_t count = 0;
  double mean = 0, least = 0, most = 0;
  // Half the width of the interval that holds the true mean with `confidence`, if samples scatter
  // as a normal distribution; none of fewer than two.
  std::optional<double> half_width;
};
Estimate estimate(const std::vector<double>& samples, double confidence = usual_confidence);

}  // namespace wanlab::analysis
