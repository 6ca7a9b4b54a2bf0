// One visitor writes the fields of a plan, another reads them; both follow plan_fields.hpp.
#include "sim/scenario/plan_json.hpp"

#include <cerrno>
#include <fstream>
#include <limits>
#include <system_error>
#include <type_traits>

#include "sim/base/units.hpp"
#include "sim/network/topology_json.hpp"
#include "sim/scenario/costs.hpp"
#include "sim/scenario/enum_names.hpp"
#include "sim/scenario/plan_fields.hpp"

namespace wanlab::scenario {
namespace {

using base::Json;
using base::Value;

// What a plan in brief leaves out.
constexpr std::string_view defaults = "default";

template <typename T>
Json write(const T& value, bool brief);

struct Writer {
  Json object = Json::make_object();
  bool brief = false;

  template <typename T>
  void operator()(std::string_view key, const T& field) {
    object.members.emplace_back(key, write(field, brief));
  }
  template <typename T>
  void operator()(std::string_view key, const std::optional<T>& field) {
    if (field) (*this)(key, *field);
  }
};

template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};

// Without the members that a default value has as well.
template <typename T>
void leave_out_defaults(Json& object) {
  T value{};
  if constexpr (std::is_same_v<T, HostShape>) value.cost = default_costs();
  const Json usual = write(value, false);
  std::erase_if(object.members, [&](const Json::Member& member) {
    const Json* of_default = usual.find(member.first);
    return of_default != nullptr && *of_default == member.second;
  });
}

template <typename T>
Json write(const T& value, bool brief) {
  if constexpr (std::is_same_v<T, std::string>) {
    return Json::make_text(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    return Json::make_boolean(value);
  } else if constexpr (std::is_unsigned_v<T>) {
    return Json::make_natural(value);
  } else if constexpr (std::is_same_v<T, double>) {
    return Json::make_real(value);
  } else if constexpr (std::is_same_v<T, Duration>) {
    return Json::make_text(base::format_duration(value));
  } else if constexpr (std::is_enum_v<T>) {
    return Json::make_text(std::string(name_of(value)));
  } else if constexpr (std::is_same_v<T, network::Topology>) {
    return network::to_json(value);
  } else if constexpr (std::is_same_v<T, Costs>) {
    Json object = Json::make_object();
    for (std::size_t kind = 0; kind < runtime::work_kinds; ++kind)
      object.set(runtime::to_string(static_cast<runtime::Work>(kind)), write(value[kind], false));
    return object;
  } else if constexpr (IsVector<T>::value) {
    Json array = Json::make_array();
    array.elements.reserve(value.size());
    for (const auto& element : value) array.push(write(element, brief));
    return array;
  } else {
    Writer writer;
    writer.brief = brief;
    visit_fields(writer, value);
    if (brief) leave_out_defaults<T>(writer.object);
    return std::move(writer.object);
  }
}

// The keys a struct may have, gathered before reading so that an unknown one is refused first.
struct KeyCollector {
  std::vector<std::string_view> keys;
  template <typename T>
  void operator()(std::string_view key, const T&) {
    keys.push_back(key);
  }
};

template <typename T>
void read(const Value& value, T& field, bool brief);

struct Reader {
  base::Object object;
  bool brief = false;

  template <typename T>
  void operator()(std::string_view key, T& field) {
    if (brief && !object.has(key)) return;
    read(object.at(key), field, brief);
  }
  template <typename T>
  void operator()(std::string_view key, std::optional<T>& field) {
    if (const auto found = object.find(key)) read(*found, field.emplace(), brief);
  }
};

template <typename T>
void read(const Value& value, T& field, bool brief) {
  if constexpr (std::is_same_v<T, std::string>) {
    field = value.any_text();
  } else if constexpr (std::is_same_v<T, bool>) {
    field = value.boolean();
  } else if constexpr (std::is_unsigned_v<T>) {
    field = static_cast<T>(value.count({0, std::numeric_limits<T>::max()}));
  } else if constexpr (std::is_same_v<T, double>) {
    field =
        value.number({std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max()});
  } else if constexpr (std::is_same_v<T, Duration>) {
    field = value.duration({Duration::zero(), Duration::max()});
  } else if constexpr (std::is_enum_v<T>) {
    field = static_cast<T>(value.choice(EnumNames<T>::names));
  } else if constexpr (std::is_same_v<T, network::Topology>) {
    field = network::read_topology(value);
  } else if constexpr (std::is_same_v<T, Costs>) {
    std::vector<std::string_view> keys;
    for (std::size_t kind = 0; kind < runtime::work_kinds; ++kind)
      keys.push_back(runtime::to_string(static_cast<runtime::Work>(kind)));
    const base::Object object(value, "costs", keys);
    for (std::size_t kind = 0; kind < runtime::work_kinds; ++kind)
      read(object.at(keys[kind]), field[kind], false);
  } else if constexpr (IsVector<T>::value) {
    for (const Value& element : value.elements()) read(element, field.emplace_back(), brief);
  } else {
    KeyCollector collector;
    visit_fields(collector, field);
    if constexpr (std::is_same_v<T, Plan>) {
      collector.keys.push_back(plan_format_key);
      collector.keys.push_back(unstated_key);
    }
    if constexpr (std::is_same_v<T, HostShape>) {
      if (brief) field.cost = default_costs();
    }
    Reader reader{base::Object(value, "plan", collector.keys), brief};
    visit_fields(reader, field);
  }
}

}  // namespace

namespace {

Json to_json(const Plan& plan, bool brief) {
  Json root = Json::make_object();
  root.set(plan_format_key, Json::make_natural(plan_format));
  if (brief) root.set(unstated_key, Json::make_text(std::string(defaults)));
  Json fields = write(plan, brief);
  for (auto& member : fields.members) root.members.push_back(std::move(member));
  return root;
}

}  // namespace

Json to_json(const Plan& plan) {
  return to_json(plan, false);
}

Json to_brief_json(const Plan& plan) {
  return to_json(plan, true);
}

void write_plan(const Plan& plan, const std::filesystem::path& path) {
  std::ofstream file(path, std::ios::binary);
  file << base::to_text(to_json(plan));
  file.flush();
  if (!file) throw std::system_error(errno, std::generic_category(), path.string());
}

Plan read_plan(const Value& root) {
  const Json* format = root.json().find(plan_format_key);
  if (format == nullptr) root.refuse("missing key \"plan_format\" in plan");
  if (*format != Json::make_natural(plan_format))
    root.step(plan_format_key, *format)
        .refuse_expected("the format this version writes, " + std::to_string(plan_format));
  const Json* unstated = root.json().find(unstated_key);
  if (unstated != nullptr && *unstated != Json::make_text(std::string(defaults)))
    root.step(unstated_key, *unstated).refuse_expected("\"" + std::string(defaults) + "\"");
  Plan plan;
  read(root, plan, unstated != nullptr);
  return plan;
}

}  // namespace wanlab::scenario
