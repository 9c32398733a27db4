// What is packed inside the page, unpacked when it is first needed.

function canUnpack() {
  return typeof DecompressionStream === "function";
}

async function unpackBytes(id) {
  const text = atob(document.getElementById(id).textContent);
  const packed = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function unpackText(id) {
  return new TextDecoder().decode(await unpackBytes(id));
}

async function unpackJson(id) {
  return JSON.parse(await unpackText(id));
}

// All first bytes of the numbers come first, then all second ones; see `payload.py`.
async function unpackFloats(id) {
  const shuffled = await unpackBytes(id);
  const count = shuffled.length / 4;
  const bytes = new Uint8Array(shuffled.length);
  for (let place = 0; place < 4; place += 1) {
    for (let i = 0; i < count; i += 1) bytes[4 * i + place] = shuffled[place * count + i];
  }
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true));
}

// A script element runs what the page's policy knows by its hash.
async function loadPlotly() {
  const script = document.createElement("script");
  script.textContent = await unpackText("plotly-code");
  document.head.append(script);
  if (!window.Plotly) throw new Error("The plotting library did not start.");
  return window.Plotly;
}
