// The distribution of t in closed form, and its inverse by bisection.
#include "analysis/intervals.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace wanlab::analysis {

namespace {

// The probability of [-t, t]: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3
// (odd) and 26.7.4 (even degrees of freedom); finite sums, exact but for rounding.
double probability_within(double t, std::size_t freedom) {
  const double angle = std::atan(t / std::sqrt(static_cast<double>(freedom)));
  const double cosine = std::cos(angle), square = cosine * cosine;
  const bool odd = freedom % 2 == 1;
  double term = odd ? cosine : 1, sum = 0;
  for (std::size_t i = odd ? 1 : 0; i + 2 <= freedom; i += 2) {
    sum += term;
    const auto next = static_cast<double>(i);
    term *= square * (next + 1) / (next + 2);
  }
  const double body = std::sin(angle) * sum;
  return odd ? 2 / std::numbers::pi * (angle + body) : body;
}

}  // namespace

double student_t(double confidence, std::size_t freedom) {
  // Beyond some thousand the sums grow long and t changes in the fourth digit only.
  freedom = std::min<std::size_t>(freedom, 10'000);
  double low = 0, high = 1;
  while (probability_within(high, freedom) < confidence && high < 1e9) high *= 2;
  for (int i = 0; i < 80; ++i) {
    const double middle = (low + high) / 2;
    (probability_within(middle, freedom) < confidence ? low : high) = middle;
  }
  return (low + high) / 2;
}

Estimate estimate(const std::vector<double>& samples, double confidence) {
  Estimate result;
  result.count = samples.size();
  if (samples.empty()) return result;
  result.least = *std::min_element(samples.begin(), samples.end());
  result.most = *std::max_element(samples.begin(), samples.end());
  const auto count = static_cast<double>(samples.size());
  // Around the first sample, so that equal samples have exactly that mean and no scatter.
  const double origin = samples.front();
  double sum = 0;
  for (const double sample : samples) sum += sample - origin;
  result.mean = origin + sum / count;
  if (samples.size() < 2) return result;
  double squares = 0;
  for (const double sample : samples) squares += (sample - result.mean) * (sample - result.mean);
  const double deviation = std::sqrt(squares / (count - 1));
  result.half_width = student_t(confidence, samples.size() - 1) * deviation / std::sqrt(count);
  return result;
}

}  // namespace wanlab::analysis
