// Puts the parts of the page together.
#include "analysis/report/run_page.hpp"

#include "analysis/report/assets.hpp"
#include "analysis/report/page_data_json.hpp"
#include "analysis/report/page_frame.hpp"

namespace wanlab::analysis {

std::string run_page(const RunPage& page) {
  // In the order in which they stand in page.html.
  PageFrame frame(page_html());
  frame.fill("title", escaped(page.plan.name));
  frame.fill("style", page_css());
  frame.fill("heading", escaped(page.plan.name));
  frame.fill("why", escaped(page.plan.why));
  frame.fill("text", escaped(page.summary_text));  // where there are no scripts
  frame.fill("text", escaped(page.summary_text));
  frame.fill("summary", inside_script(page.summary_json));
  frame.fill("plan", inside_script(to_text(plan_excerpt(page.plan))));
  frame.fill("run", inside_script(to_line(page_data(page))));
  frame.fill("land", inside_script(land_outline()));
  frame.fill("d3", d3_js());
  frame.fill("script", page_js());
  return frame.finish();
}

}  // namespace wanlab::analysis
