#include "pipeline/model.hpp"

namespace muster::pipeline {

const std::string& name_of(const Step& step) {
  return std::visit([](const auto& form) -> const std::string& { return form.name; }, step);
}

}  // namespace muster::pipeline
