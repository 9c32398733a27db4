// From curves and choices to what plotly draws.

const MOST_LINES = 300;
const MOST_BANDS = 8;

// Plotly reads a little HTML in labels; a name is a name.
function plain(text) {
  return text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);
}

function colorOf(condition) {
  return currentTheme() === "dark" ? condition.dark : condition.light;
}

function lineStyle(condition, split) {
  const train = split === "train";
  return { color: colorOf(condition), width: train ? 1.4 : 2, dash: train ? "5px,3px" : "solid" };
}

function fade(color, opacity) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  return `rgba(${red},${green},${blue},${opacity})`;
}

function meanTraces(task, conditions, view) {
  const [bands, lines] = [[], []];
  const bandsFit = view.conditions.length <= MOST_BANDS;
  for (const local of view.conditions) {
    const condition = conditions[task.conditions[local]];
    for (const { split, place } of view.columns) {
      const [mean, low, high] = ["mean", "low", "high"].map((name) => task[name](place, local));
      // Bands of both splits would hide one another.
      if (view.bands && bandsFit && split === view.columns.at(-1).split) {
        const ends = task.epochs.map((_, i) => i).filter((i) => Number.isFinite(low[i]));
        bands.push({
          x: [...ends, ...ends.toReversed()].map((i) => task.epochs[i]),
          y: [...ends.map((i) => high[i]), ...ends.toReversed().map((i) => low[i])],
          fill: "toself",
          fillcolor: fade(colorOf(condition), 0.13),
          line: { width: 0 },
          mode: "lines",
          hoverinfo: "skip",
          meta: { kind: "band" },
        });
      }
      lines.push({
        x: task.epochs,
        y: Array.from(mean),
        mode: "lines",
        line: lineStyle(condition, split),
        hoverinfo: "text",
        text: task.epochs.map(
          (epoch, i) =>
            `<b>${plain(condition.name)}</b><br>${split}, epoch ${epoch}: ` +
            `${formatNumber(mean[i], view.isShare)}<br>lowest ${formatNumber(low[i], view.isShare)}, ` +
            `highest ${formatNumber(high[i], view.isShare)}`,
        ),
        meta: { kind: "mean", count: 1 },
      });
    }
  }
  return { traces: [...bands, ...lines], drawn: lines.length, of: lines.length };
}

function trialText(task, conditions, trial) {
  const { trials } = task;
  const label = task.replicates.find(({ key }) => key === replicateOf(trials, trial)).label;
  const tuned = trials.tuned.length ? `, ${plain(trials.tuned[trial])}` : "";
  return `<b>${plain(conditions[task.conditions[trials.condition[trial]]].name)}</b><br>${label}${tuned}`;
}

// Trials that the choices let through, so that every condition has some among the first.
function trialsOf(task, view) {
  const { trials } = task;
  const found = [];
  const seen = new Map();
  trials.condition.forEach((local, trial) => {
    if (!view.conditions.includes(local) || !(view.all || trials.chosen[trial])) return;
    if (view.replicate !== "" && replicateOf(trials, trial) !== view.replicate) return;
    const rank = seen.get(local) ?? 0;
    seen.set(local, rank + 1);
    found.push({ trial, rank });
  });
  return found.sort((a, b) => a.rank - b.rank || a.trial - b.trial).map(({ trial }) => trial);
}

function singleTraces(task, conditions, view) {
  const found = trialsOf(task, view);
  const columns = Math.max(view.columns.length, 1);
  const shown = found.slice(0, Math.floor(MOST_LINES / columns));
  const traces = [];
  // A trace a condition and split, with gaps between trials: plotly is slow with hundreds of traces.
  for (const local of view.conditions) {
    const condition = conditions[task.conditions[local]];
    const own = shown.filter((trial) => task.trials.condition[trial] === local);
    for (const { split, place } of own.length ? view.columns : []) {
      const [x, y, text] = [[], [], []];
      for (const trial of own) {
        const about = trialText(task, conditions, trial);
        const add = (epoch, value) => {
          x.push(epoch);
          y.push(Number.isFinite(value) ? value : null);
          text.push(`${about}<br>${split}, epoch ${epoch}: ${formatNumber(value, view.isShare)}`);
        };
        const end = task.lastEpoch(trial);
        const values = task.single(place, trial);
        task.keptEpochs.forEach((epoch, i) => {
          if (epoch <= end) add(epoch, values[i]);
        });
        if (Number.isFinite(end) && !task.keptEpochs.includes(end)) add(end, task.last(place, trial));
        x.push(null);
        y.push(null);
        text.push("");
      }
      const line = { ...lineStyle(condition, split), width: split === "train" ? 0.8 : 1.2 };
      const meta = { kind: "trials", count: own.length };
      traces.push({ x, y, text, mode: "lines", line, hoverinfo: "text", opacity: 0.75, meta });
    }
  }
  return { traces, drawn: shown.length * view.columns.length, of: found.length * view.columns.length };
}

function crossTrace(task, conditions, view) {
  const column = view.columns.at(-1);
  const found = trialsOf(task, { ...view, replicate: view.single ? view.replicate : "" }).filter(
    (trial) => task.trials.diverged[trial],
  );
  const placed = found.filter(
    (trial) => column && Number.isFinite(task.last(column.place, trial)),
  );
  return {
    diverged: found,
    trace: {
      x: placed.map((trial) => task.lastEpoch(trial)),
      y: placed.map((trial) => task.last(column.place, trial)),
      text: placed.map(
        (trial) =>
          `${trialText(task, conditions, trial)}<br>diverged after epoch ${task.lastEpoch(trial)}`,
      ),
      mode: "markers",
      marker: {
        symbol: "x-thin",
        size: 9,
        line: {
          width: 2.2,
          color: placed.map((trial) =>
            colorOf(conditions[task.conditions[task.trials.condition[trial]]]),
          ),
        },
      },
      hoverinfo: "text",
      cliponaxis: false,
      meta: { kind: "diverged" },
    },
  };
}

function guessTrace(task, view, color) {
  const guess = task.guess[view.quantity];
  if (guess === undefined) return [];
  const ends = [task.epochs[0], task.epochs.at(-1)];
  const text = `guessing the ${plain(task.guessed)}: ${formatNumber(guess, view.isShare)}`;
  return [
    {
      x: ends,
      y: [guess, guess],
      text: [text, text],
      mode: "lines",
      line: { color, width: 1.2, dash: "dot" },
      hoverinfo: "text",
      meta: { kind: "guess" },
    },
  ];
}

// An annotation on a logarithmic axis stands at the logarithm.
function guessLabel(task, view, color) {
  const guess = task.guess[view.quantity];
  if (guess === undefined || (view.log && guess <= 0)) return [];
  return [
    {
      text: "guessing",
      xref: "paper",
      x: 1,
      xanchor: "right",
      y: view.log ? Math.log10(guess) : guess,
      yanchor: "bottom",
      showarrow: false,
      font: { color, size: 11 },
    },
  ];
}
