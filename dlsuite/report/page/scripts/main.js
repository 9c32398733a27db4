// The study's page.

startTheme();
startTables();
startFigures();
if (canUnpack()) {
  startTrials();
  startExplorer();
} else {
  const said = "This browser cannot unpack the page's data (it lacks DecompressionStream); a newer one shows curves and trials.";
  for (const id of ["curves", "trials"]) {
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = said;
    document.getElementById(id)?.after(note);
  }
}
