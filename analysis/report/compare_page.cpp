// Frame and data.
#include "analysis/report/compare_page.hpp"

#include "analysis/report/assets.hpp"
#include "analysis/report/page_frame.hpp"

namespace wanlab::analysis {

std::string compare_page(const ComparisonReport& report, const std::string& version) {
  base::Json data = comparison_json(report);
  data.set("version", base::Json::make_text(version));
  // In the order in which they stand in compare.html.
  PageFrame frame(compare_html());
  frame.fill("style", page_css());
  frame.fill("text", escaped(comparison_text(report, false)));  // where there are no scripts
  frame.fill("data", inside_script(to_line(data)));
  frame.fill("d3", d3_js());
  frame.fill("script", compare_js());
  return frame.finish();
}

}  // namespace wanlab::analysis
