// The explorer: unpacked when it is first seen, drawn anew at every change.

const CHART_CONFIG = {
  displaylogo: false,
  doubleClick: "reset",
  responsive: true,
  modeBarButtons: [["toImage"], ["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]],
  toImageButtonOptions: { filename: "curves", scale: 2 },
};

function pageColor(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// Losses that fall by orders of magnitude, or explode, need a logarithmic axis to be seen.
function prefersLog(task, quantity) {
  if (quantity !== "loss" && quantity !== "gradient_norm" && task.metric !== quantity) return false;
  if (task.metric === quantity && task.share) return false;
  let [low, high] = [Infinity, 0];
  for (const { place } of quantityColumns(task, quantity)) {
    task.conditions.forEach((_, local) => {
      for (const value of task.mean(place, local)) {
        if (value > 0) [low, high] = [Math.min(low, value), Math.max(high, value)];
      }
    });
  }
  return high / low > 50;
}

function layoutOf(task, view, range) {
  const [ink, muted, line] = ["ink", "muted", "line"].map(pageColor);
  const axis = {
    color: muted,
    gridcolor: line,
    linecolor: line,
    zeroline: false,
    automargin: true,
    tickfont: { size: 12 },
  };
  const title = (text) => ({ text, font: { size: 13 }, standoff: 10 });
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: ink },
    margin: { l: 56, r: 18, t: 36, b: 52 },
    showlegend: false,
    hovermode: "closest",
    hoverdistance: 30,
    hoverlabel: {
      align: "left",
      bgcolor: pageColor("raised"),
      bordercolor: pageColor("strong"),
      font: { color: ink, size: 13 },
    },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: muted, activecolor: ink },
    // A finger that drags wants to scroll the page.
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    xaxis: { ...axis, title: title("epoch"), range },
    yaxis: {
      ...axis,
      title: title(plain(task.labels[view.quantity])),
      type: view.log ? "log" : "linear",
      // Ticks at 1, 2 and 5 where there is room, and at powers of ten where there is none.
      tickformat: view.log ? "~g" : undefined,
      nticks: view.log ? 4 : undefined,
      exponentformat: "e",
    },
    annotations: guessLabel(task, view, muted),
    // A zoom stays while conditions come and go.
    uirevision: [task.name, view.quantity, view.log, range].join(" "),
  };
}

function noteOf(task, view, lines, diverged) {
  const parts = [];
  if (view.conditions.length === 0) parts.push("No condition is chosen.");
  else if (view.columns.length === 0) parts.push("Neither split is chosen.");
  else if (lines.drawn < lines.of) {
    parts.push(`${lines.drawn} of ${lines.of} lines are drawn; choose fewer conditions to see all.`);
  } else parts.push(`${lines.drawn} ${lines.drawn === 1 ? "line" : "lines"}.`);
  if (!view.single && view.bands && view.conditions.length > MOST_BANDS) {
    parts.push(`Bands are drawn for up to ${MOST_BANDS} conditions at once.`);
  }
  if (diverged.length) {
    parts.push(`${diverged.length} of the trials ${view.single ? "chosen" : "behind the means"} diverged.`);
  }
  return parts.join(" ");
}

async function openExplorer() {
  const [Plotly, data, floats] = await Promise.all([
    loadPlotly(),
    unpackJson("explorer-data"),
    unpackFloats("curve-values"),
  ]);
  const tasks = readCurves(data, floats);
  const chart = document.getElementById("chart");
  let task = tasks[0];

  const range = () => {
    const [from, to] = [part("from").value, part("to").value];
    const [first, last] = [task.epochs[0], Math.max(task.epochs.at(-1), 1)];
    const ends = [from === "" ? first : Number(from), to === "" ? last : Number(to)];
    return ends[0] < ends[1] ? ends : [first, last];
  };
  const draw = () => {
    const view = readView(task);
    const lines = (view.single ? singleTraces : meanTraces)(task, data.conditions, view);
    const crosses = crossTrace(task, data.conditions, view);
    const traces = [...lines.traces, ...guessTrace(task, view, pageColor("muted")), crosses.trace];
    part("train").disabled = part("val").disabled = view.quantity === "gradient_norm";
    part("bands").disabled = view.single;
    part("note").textContent = noteOf(task, view, lines, crosses.diverged);
    chart.dataset.lines = lines.drawn;
    return Plotly.react(chart, traces, layoutOf(task, view, range()), CHART_CONFIG);
  };
  const chooseQuantity = () => {
    part("log").checked = prefersLog(task, part("quantity").value);
    draw();
  };
  const chooseTask = () => {
    task = tasks[part("task").value];
    for (const name of ["from", "to"]) part(name).value = "";
    fitControls(task, data, draw);
    chooseQuantity();
  };
  const check = (checked) => {
    for (const box of conditionBoxes()) if (!box.closest("label").hidden) box.checked = checked;
    draw();
  };

  fill(part("task"), tasks.map(({ name }, place) => [name, place]), "0");
  part("task").addEventListener("change", chooseTask);
  part("quantity").addEventListener("change", chooseQuantity);
  for (const name of ["trials", "train", "val", "log", "bands", "all", "from", "to"]) {
    part(name).addEventListener("change", draw);
  }
  part("every").addEventListener("click", () => check(true));
  part("none").addEventListener("click", () => check(false));
  part("reset").addEventListener("click", async () => {
    for (const name of ["from", "to"]) part(name).value = "";
    await draw();
    Plotly.relayout(chart, { "xaxis.range": range(), "yaxis.autorange": true });
  });
  document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
  themeListeners.push(() => {
    paintSwatches(task, data);
    draw();
  });
  chart.replaceChildren();
  chooseTask();
}

function startExplorer() {
  const explorer = document.getElementById("explorer");
  if (!explorer) return;
  explorer.hidden = false;
  const open = () =>
    openExplorer().catch((error) => {
      document.querySelector("#chart .waiting")?.replaceChildren(`The curves cannot be shown: ${error.message}`);
    });
  // Unpacking takes a moment, which a reader of the answers need not wait for.
  const watcher = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      open();
    },
    { rootMargin: "800px" },
  );
  watcher.observe(explorer);
}
