// Tables that are in the page can be sorted by any column, each task's rows among themselves.

function headButton(head, onSort) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = head.textContent;
  head.replaceChildren(button);
  head.setAttribute("aria-sort", "none");
  button.addEventListener("click", () => {
    const direction = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    for (const other of head.parentElement.children) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", direction);
    onSort(direction === "ascending" ? 1 : -1);
  });
}

// What is missing stands last, whichever way a column is sorted.
function compareValues(a, b, sign) {
  const missing = (value) => value === null || value === "" || Number.isNaN(value);
  if (missing(a) || missing(b)) return missing(a) - missing(b);
  if (typeof a === "number") return sign * (a - b);
  return sign * a.localeCompare(b, "en", { numeric: true });
}

function sortTable(table, column, sign) {
  const isNumeric = table.tHead.rows[0].cells[column].classList.contains("numeric");
  const key = (row) => {
    const cell = row.cells[column];
    const text = cell.dataset.sort ?? cell.textContent.trim();
    if (!isNumeric) return text;
    return text === "" ? NaN : Number(text);
  };
  for (const body of table.tBodies) {
    const rows = [...body.rows].filter((row) => !row.classList.contains("group"));
    rows.sort((a, b) => compareValues(key(a), key(b), sign));
    body.append(...rows);
  }
}

function startTables() {
  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      headButton(head, (sign) => sortTable(table, column, sign));
    });
  }
}
