// Numbers as the page writes them: the same rule as `numbers.py`, which says why.

const DASH = "\u2013";
const MINUS = "\u2212";

function formatNumber(value, isShare = false) {
  if (value === null || !Number.isFinite(value)) return DASH;
  const size = Math.abs(value);
  let text;
  if (isShare) text = size.toFixed(3);
  else if (size === 0) text = "0";
  else if (size >= 999.5 && size < 1e6) text = size.toFixed(0);
  else if (size >= 1e6 || size < 1e-4) text = size.toExponential(2).replace("e+", "e");
  else text = size.toPrecision(3);
  return (value < 0 ? MINUS : "") + text;
}

function formatCount(value) {
  return value === null ? DASH : String(value);
}
