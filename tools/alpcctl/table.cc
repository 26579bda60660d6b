// SPDX-License-Identifier: LGPL-2.1-or-later
#include "alpcctl/table.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "events/event.h"

namespace ntalpc {

namespace {

// Names come from programs.
std::string text_of(const Table::Cell& cell) {
    const auto* const number = std::get_if<std::uint64_t>(&cell);
    return number ? std::to_string(*number) : shown_text(std::get<std::string>(cell));
}

// Terminals count characters, not bytes.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::string Table::text() const {
    std::vector<std::size_t> widths;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
        std::size_t width = columns_[column].size();
        for (const auto& row : rows_) width = std::max(width, width_of(text_of(row[column])));
        widths.push_back(width);
    }
    std::string out;
    const auto add_line = [&](auto cell_of, auto is_number) {
        std::string line;
        for (std::size_t column = 0; column < columns_.size(); ++column) {
            const std::string cell = cell_of(column);
            const std::string padding(widths[column] - width_of(cell), ' ');
            line += (column == 0 ? "" : "  ") + (is_number(column) ? padding + cell : cell + padding);
        }
        out += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
    };
    const auto number_column = [&](std::size_t column) {
        return !rows_.empty() && std::holds_alternative<std::uint64_t>(rows_[0][column]);
    };
    add_line([&](std::size_t column) { return columns_[column]; }, number_column);
    for (const auto& row : rows_)
        add_line([&](std::size_t column) { return text_of(row[column]); }, number_column);
    return out;
}

std::string Table::json() const {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const auto& row : rows_) {
        nlohmann::ordered_json object;
        for (std::size_t column = 0; column < columns_.size(); ++column)
            std::visit([&](const auto& value) { object[columns_[column]] = value; }, row[column]);
        list.push_back(std::move(object));
    }
    return list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace ntalpc
