// The curves, as `explorer.py` describes them and `curve_data.py` orders them.

function readCurves(data, floats) {
  let start = 0;
  const take = (...shape) => {
    const size = shape.reduce((product, length) => product * length, 1);
    start += size;
    return floats.subarray(start - size, start);
  };
  return data.tasks.map((task) => {
    const [columns, conditions] = [task.columns.length, task.conditions.length];
    const [epochs, kept] = [task.epochs.length, task.kept.length];
    const trials = task.trials.condition.length;
    const mean = take(columns, conditions, epochs);
    const low = take(columns, conditions, epochs);
    const high = take(columns, conditions, epochs);
    const single = take(columns, trials, kept);
    const last = take(columns, trials);
    const lastEpoch = take(trials);
    const row = (array, width, lines) => (column, line) => {
      const at = (column * lines + line) * width;
      return array.subarray(at, at + width);
    };
    return {
      ...task,
      keptEpochs: task.kept.map((place) => task.epochs[place]),
      mean: row(mean, epochs, conditions),
      low: row(low, epochs, conditions),
      high: row(high, epochs, conditions),
      single: row(single, kept, trials),
      last: (column, trial) => last[column * trials + trial],
      lastEpoch: (trial) => lastEpoch[trial],
      replicates: replicatesOf(task.trials),
    };
  });
}

// Seeds, and splits where they vary: what repeats a condition.
function replicatesOf(trials) {
  const splits = new Set(trials.split).size > 1;
  const found = new Map();
  trials.seed.forEach((seed, trial) => {
    const split = trials.split[trial];
    const key = `${seed} ${split}`;
    if (!found.has(key)) {
      const label = splits ? `seed ${seed}, split ${split}` : `seed ${seed}`;
      found.set(key, { key, label, seed, split });
    }
  });
  return [...found.values()].sort((a, b) => a.seed - b.seed || a.split - b.split);
}

function replicateOf(trials, trial) {
  return `${trials.seed[trial]} ${trials.split[trial]}`;
}

// A quantity's columns, such as train_loss and val_loss, and their places.
function quantityColumns(task, quantity) {
  const wanted =
    quantity === "gradient_norm"
      ? [["gradient_norm", "train"]]
      : [
          [`train_${quantity}`, "train"],
          [`val_${quantity}`, "validation"],
        ];
  return wanted
    .map(([name, split]) => ({ split, place: task.columns.indexOf(name) }))
    .filter(({ place }) => place >= 0);
}

function quantitiesOf(task) {
  return ["loss", task.metric, "gradient_norm"].filter(
    (quantity, place, all) =>
      all.indexOf(quantity) === place && quantityColumns(task, quantity).length > 0,
  );
}
