// The table of all trials: ten thousand rows of data, and no more in the page than are looked at.

const TRIALS_SHOWN = 25;
const TRIALS_PRINTED = 500;

function trialCell(column, row, isShare) {
  if (column.names) return column.names[column.codes[row]];
  const value = column.numbers[row];
  if (column.kind === "count") return formatCount(value);
  return formatNumber(value, column.kind === "score" && isShare);
}

function trialKey(column, row) {
  return column.names ? column.names[column.codes[row]] : column.numbers[row];
}

async function startTrials() {
  const { shares, columns } = await unpackJson("trial-columns");
  if (columns.length === 0) return;
  const part = (name) => document.getElementById(`trials-${name}`);
  const table = part("table");
  const column = (title) => columns.find((candidate) => candidate.title === title);
  const [tasks, conditions, statuses] = ["task", "condition", "status"].map(column);
  let order = tasks.codes.map((_, row) => row);
  let first = 0;

  const matches = (row) => {
    const text = part("text").value.trim().toLowerCase();
    const task = part("task").value;
    if (part("diverged").checked && statuses.names[statuses.codes[row]] !== "diverged") return false;
    if (task !== "" && tasks.codes[row] !== Number(task)) return false;
    return conditions.names[conditions.codes[row]].toLowerCase().includes(text);
  };

  const show = (size = TRIALS_SHOWN) => {
    const found = order.filter(matches);
    first = Math.min(first, Math.max(0, found.length - 1));
    const shown = found.slice(first, first + size);
    table.tBodies[0].replaceChildren(
      ...shown.map((row) => {
        const line = document.createElement("tr");
        const isShare = shares[tasks.names[tasks.codes[row]]];
        line.append(
          ...columns.map((each, place) => {
            const cell = document.createElement(place === 0 ? "th" : "td");
            if (place === 0) cell.scope = "row";
            if (each.numbers) cell.className = "numeric";
            const text = trialCell(each, row, isShare);
            if (each === statuses && text !== "completed") {
              const chip = document.createElement("span");
              chip.className = "chip bad";
              chip.textContent = text;
              cell.append(chip);
            } else cell.textContent = text;
            return cell;
          }),
        );
        return line;
      }),
    );
    const last = first + shown.length;
    part("note").textContent = found.length
      ? `${first + 1} to ${last} of ${found.length} trials`
      : "no trial matches";
    part("back").disabled = first === 0;
    part("on").disabled = last >= found.length;
  };

  table.tHead.rows[0].replaceChildren(
    ...columns.map((each) => {
      const head = document.createElement("th");
      head.scope = "col";
      if (each.numbers) head.className = "numeric";
      head.textContent = each.title[0].toUpperCase() + each.title.slice(1);
      return head;
    }),
  );
  [...table.tHead.rows[0].cells].forEach((head, place) => {
    headButton(head, (sign) => {
      const each = columns[place];
      order.sort((a, b) => compareValues(trialKey(each, a), trialKey(each, b), sign) || a - b);
      first = 0;
      show();
    });
  });
  part("task").append(new Option("all", ""), ...tasks.names.map((name, i) => new Option(name, i)));
  for (const name of ["text", "task", "diverged"]) {
    part(name).addEventListener("input", () => {
      first = 0;
      show();
    });
  }
  part("text").form.addEventListener("submit", (event) => event.preventDefault());
  part("back").addEventListener("click", () => {
    first = Math.max(0, first - TRIALS_SHOWN);
    show();
  });
  part("on").addEventListener("click", () => {
    first += TRIALS_SHOWN;
    show();
  });
  // Paper cannot be paged.
  window.addEventListener("beforeprint", () => {
    first = 0;
    show(TRIALS_PRINTED);
  });
  window.addEventListener("afterprint", () => show());
  document.getElementById("trials").hidden = false;
  show();
}
