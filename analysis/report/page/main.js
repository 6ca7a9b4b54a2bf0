// Draws everything once, and what depends on the width again when it changes.
function drawAll() {
  drawVerdicts();
  drawCards();
  drawPlan();
  drawTables();
  drawLatencyTable();
  drawSamples();
  drawLegend();
  if (rows === 0) {
    for (const id of ["map", "timelines"]) byId(id).hidden = true;
    return;
  }
  setUpReplay();
  setUpZoom();
  drawSized();
  // Begin where most is going on.
  const busiestRow = runSeries.open ? d3.scan(runSeries.open, (one, other) => other - one) : rows - 1;
  const firstFault = faults.length > 0 ? rowAt(faults[0].from + 1) : busiestRow;
  goToRow(firstFault);
}
function drawSized() {
  drawMap();
  drawTimelines();
  drawCurves();
  if (chosenSample) drawWaterfall(chosenSample);
}
drawAll();

let drawnWidth = window.innerWidth, pending = null;
window.addEventListener("resize", () => {
  if (window.innerWidth === drawnWidth || rows === 0) return;
  drawnWidth = window.innerWidth;
  clearTimeout(pending);
  pending = setTimeout(() => { drawSized(); goToRow(shownRow); }, 120);
});
// Paper shows what is folded away on a screen.
window.addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("details")) part.open = true; });
