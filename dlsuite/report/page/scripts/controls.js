// The explorer's controls: native form elements, and the view that they stand for.

function part(name) {
  return document.getElementById(`curve-${name}`);
}

function fill(select, options, chosen) {
  select.replaceChildren(...options.map(([label, value]) => new Option(label, value)));
  if (options.some(([, value]) => String(value) === chosen)) select.value = chosen;
}

// The controls follow the task: its quantities, trials and conditions.
function fitControls(task, data, onChange) {
  const quantities = quantitiesOf(task);
  fill(part("quantity"), quantities.map((name) => [task.labels[name], name]), part("quantity").value);
  const each = task.replicates.map(({ key, label }) => [`${label} alone`, key]);
  fill(
    part("trials"),
    [["mean of each condition", "mean"], ["every single trial", "every"], ...each],
    part("trials").value,
  );
  part("all-label").hidden = !task.trials.chosen.includes(0);
  for (const name of ["from", "to"]) part(name).max = task.epochs.at(-1);
  fitFactors(task, data, onChange);
  fitConditions(task, data, onChange);
}

// With several factors, a choice of one factor's value is quicker than many single conditions.
function fitFactors(task, data, onChange) {
  const own = task.conditions.map((place) => data.conditions[place]);
  part("factors").replaceChildren(
    ...(data.factors.length > 1 ? data.factors : []).map((name, factor) => {
      const label = document.createElement("label");
      const select = document.createElement("select");
      select.dataset.factor = factor;
      const values = [...new Set(own.map((condition) => condition.values[factor]))];
      fill(select, [["any", ""], ...values.map((value) => [value, value])], "");
      select.addEventListener("change", () => {
        hideConditions(task, data);
        onChange();
      });
      label.append(name, " ", select);
      return label;
    }),
  );
}

function fitConditions(task, data, onChange) {
  const order = task.conditions.map((_, local) => local);
  order.sort((a, b) => task.conditions[a] - task.conditions[b]);
  part("conditions").querySelector("legend").textContent =
    data.factors.length === 1 ? data.factors[0] : "Conditions";
  part("conditions")
    .querySelector("div")
    .replaceChildren(
      ...order.map((local) => {
        const condition = data.conditions[task.conditions[local]];
        const label = document.createElement("label");
        const box = document.createElement("input");
        const swatch = document.createElement("span");
        box.type = "checkbox";
        box.checked = true;
        box.value = local;
        box.addEventListener("change", onChange);
        swatch.className = "swatch";
        swatch.style.setProperty("background", colorOf(condition));
        label.append(box, swatch, condition.label);
        return label;
      }),
    );
}

function hideConditions(task, data) {
  const wanted = [...part("factors").querySelectorAll("select")].filter(({ value }) => value !== "");
  for (const box of conditionBoxes()) {
    const { values } = data.conditions[task.conditions[box.value]];
    box.closest("label").hidden = !wanted.every(
      (select) => values[select.dataset.factor] === select.value,
    );
  }
}

function conditionBoxes() {
  return [...part("conditions").querySelectorAll("input")];
}

function paintSwatches(task, data) {
  for (const box of conditionBoxes()) {
    const color = colorOf(data.conditions[task.conditions[box.value]]);
    box.nextElementSibling.style.setProperty("background", color);
  }
}

function readView(task) {
  const quantity = part("quantity").value;
  const trials = part("trials").value;
  const splits = { train: part("train").checked, validation: part("val").checked };
  const gradient = quantity === "gradient_norm";
  return {
    quantity,
    isShare: quantity === task.metric && task.share,
    // A gradient is the training split's alone.
    columns: quantityColumns(task, quantity).filter(({ split }) => gradient || splits[split]),
    conditions: conditionBoxes()
      .filter((box) => box.checked && !box.closest("label").hidden)
      .map((box) => Number(box.value)),
    single: trials !== "mean",
    replicate: trials === "mean" || trials === "every" ? "" : trials,
    all: part("all").checked && !part("all-label").hidden && trials !== "mean",
    bands: part("bands").checked,
    log: part("log").checked,
  };
}
