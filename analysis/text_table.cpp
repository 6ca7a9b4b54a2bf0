// Measuring and padding of cells.
#include "analysis/text_table.hpp"

#include <algorithm>

namespace wanlab::analysis {

std::string TextTable::text(const std::string& indent, std::size_t most_rows) const {
  std::vector<std::string> titles;
  bool any_title = false;
  for (const Column& column : columns_) {
    titles.push_back(column.title);
    any_title |= !column.title.empty();
  }
  const std::size_t shown = std::min(rows_.size(), most_rows);
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    widths[column] = titles[column].size();
    for (std::size_t row = 0; row < shown; ++row) {
      widths[column] = std::max(widths[column], rows_[row][column].size());
    }
  }
  std::string out;
  if (any_title) out += indent + line(titles, widths);
  for (std::size_t row = 0; row < shown; ++row) out += indent + line(rows_[row], widths);
  if (shown < rows_.size()) {
    out += indent + "and " + std::to_string(rows_.size() - shown) + " more\n";
  }
  return out;
}

std::string TextTable::line(const std::vector<std::string>& cells,
                            const std::vector<std::size_t>& widths) const {
  std::string out;
  for (std::size_t column = 0; column < cells.size(); ++column) {
    const std::string padding(widths[column] - cells[column].size(), ' ');
    if (column > 0) out += "  ";
    out +=
        columns_[column].align == Align::right ? padding + cells[column] : cells[column] + padding;
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out + "\n";
}

}  // namespace wanlab::analysis
