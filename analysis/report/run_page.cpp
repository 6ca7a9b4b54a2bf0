// Puts the parts of the page together.
#include "analysis/report/run_page.hpp"

#include "analysis/report/assets.hpp"
#include "analysis/report/page_data_json.hpp"

#include <stdexcept>

namespace wanlab::analysis {

namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// JSON inside a script element: nothing in it may look like the element's end or a comment.
std::string inside_script(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

// Replaces each {{name}} of the frame, once; the parts themselves are not looked into.
class Frame {
 public:
  explicit Frame(std::string_view frame) : rest_(frame) {}

  void fill(std::string_view name, std::string_view part) {
    const std::string mark = "{{" + std::string(name) + "}}";
    const std::size_t at = rest_.find(mark);
    if (at == std::string_view::npos) throw std::logic_error("the page has no place for " + mark);
    out_ += rest_.substr(0, at);
    out_ += part;
    rest_.remove_prefix(at + mark.size());
  }
  std::string finish() {
    out_ += rest_;
    return std::move(out_);
  }

 private:
  std::string_view rest_;
  std::string out_;
};

}  // namespace

std::string run_page(const RunPage& page) {
  // In the order in which they stand in page.html.
  Frame frame(page_html());
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
