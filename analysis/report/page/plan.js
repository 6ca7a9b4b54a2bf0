// How to run it again.
function drawPlan() {
  const facts = [
    ["Scenario", plan.name], ["Topology", run.topology], ["Seed", String(plan.seed)],
    ["Digest", metric(["digest"])], ["Program", run.version],
    ["Replay", element("code", {}, `wanlab run ${run.folder}/plan.json`)],
    ["This page anew", element("code", {}, `wanlab report ${run.folder}`)],
  ];
  byId("plan-facts").append(element("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "How to run it again"},
    element("table", {}, element("tbody", {}, ...facts.map(([name, value]) =>
      element("tr", {}, element("th", {scope: "row", class: "text"}, name), element("td", {class: "text"}, value)))))));
  byId("plan-text").textContent = JSON.stringify(plan, null, 2);
  byId("facts").textContent = `seed ${plan.seed} \u00b7 topology ${run.topology} \u00b7 ${short(metric(["simulated_s"]))} s simulated in ${short(metric(["wall_s"]))} s \u00b7 digest ${metric(["digest"])}`;
}
