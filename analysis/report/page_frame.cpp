// Plain substitution, left to right.
#include "analysis/report/page_frame.hpp"

#include <stdexcept>
#include <utility>

namespace wanlab::analysis {

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

void PageFrame::fill(std::string_view name, std::string_view part) {
  const std::string mark = "{{" + std::string(name) + "}}";
  const std::size_t at = rest_.find(mark);
  if (at == std::string_view::npos) throw std::logic_error("the page has no place for " + mark);
  out_ += rest_.substr(0, at);
  out_ += part;
  rest_.remove_prefix(at + mark.size());
}

std::string PageFrame::finish() {
  out_ += rest_;
  return std::move(out_);
}

}  // namespace wanlab::analysis
