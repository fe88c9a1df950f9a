// Classify pictures with Node:  npm install onnxruntime-node sharp
//                               node classify.mjs photo1.jpg photo2.jpg
import ort from "onnxruntime-node";
import sharp from "sharp";

const MODEL = "model.onnx";
const CLASSES = ["ants", "bees"];
const THRESHOLD = 0; // where no probability is as large, the picture is none of the classes
const HOW = {"resize": "squish", "resize_to": 224, "size": 224, "interpolation": "bilinear", "reducing_gap": 2, "pad_color": [0, 0, 0]};

const session = await ort.InferenceSession.create(MODEL);
for (const path of process.argv.slice(2)) {
  const upright = sharp(path, { ignoreIcc: true }).rotate().flatten({ background: "white" }).toColourspace("srgb");
  const { data, info } = await upright.raw().toBuffer({ resolveWithObject: true });
  const { label, probability } = await classify({ pixels: data, width: info.width, height: info.height });
  console.log(`${path},${label},${probability}`);
}

/** The likeliest class of a picture of RGB bytes, and all probabilities. */
async function classify(picture) {
  const { pixels, width, height } = prepare(picture);
  const images = new ort.Tensor("uint8", pixels, [1, height, width, 3]);
  const probabilities = Array.from((await session.run({ images })).probabilities.data);
  const probability = Math.max(...probabilities);
  const label = probability < THRESHOLD ? "none of these" : CLASSES[probabilities.indexOf(probability)];
  return { label, probability, probabilities };
}

// From here on: pictures are brought to the size of the network as in training, with the arithmetic of Pillow 13.

/** What the network takes of a picture. */
function prepare(picture) {
  const longest = 16 * Math.min(picture.width, picture.height); // of longer pictures, the middle
  picture = middle(picture, Math.min(picture.width, longest), Math.min(picture.height, longest));
  if (HOW.resize === "squish") return scale(picture, HOW.size, HOW.size);
  const sides = [picture.width, picture.height];
  const pads = HOW.resize === "pad";
  const factor = pads ? HOW.size / Math.max(...sides) : HOW.resize_to / Math.min(...sides);
  const [width, height] = sides.map((side) => Math.max(pads ? 1 : HOW.size, round(side * factor)));
  return middle(scale(picture, width, height), HOW.size, HOW.size);
}

/** The middle of a picture; beyond its borders is `pad_color`. */
function middle({ pixels, width, height }, toWidth, toHeight) {
  const left = Math.trunc((width - toWidth) / 2), top = Math.trunc((height - toHeight) / 2);
  const out = new Uint8Array(toWidth * toHeight * 3);
  for (let y = 0, at = 0; y < toHeight; y++)
    for (let x = 0; x < toWidth; x++)
      for (let c = 0; c < 3; c++) {
        const isInside = x + left >= 0 && x + left < width && y + top >= 0 && y + top < height;
        out[at++] = isInside ? pixels[((y + top) * width + x + left) * 3 + c] : HOW.pad_color[c];
      }
  return { pixels: out, width: toWidth, height: toHeight };
}

function scale(picture, width, height) {
  const by = [picture.width / width, picture.height / height].map((f) => Math.trunc(f / HOW.reducing_gap) || 1);
  const spans = [picture.width / by[0], picture.height / by[1]].map(Math.fround);
  if (by[0] > 1 || by[1] > 1) picture = reduce(picture, ...by);
  const across = (it) => scaleRows(it, width, spans[0]), down = (it) => turn(scaleRows(turn(it), height, spans[1]));
  const less = picture.height - height;
  return less > 0 && less > 2 * (picture.width - width) ? across(down(picture)) : down(across(picture));
}

/** Mean of blocks of whole pixels, which is quick. */
function reduce({ pixels, width, height }, byX, byY) {
  const toWidth = Math.ceil(width / byX), toHeight = Math.ceil(height / byY);
  const out = new Uint8Array(toWidth * toHeight * 3);
  for (let y = 0, at = 0; y < toHeight; y++)
    for (let x = 0; x < toWidth; x++) {
      const right = Math.min(width, (x + 1) * byX), bottom = Math.min(height, (y + 1) * byY);
      const count = (right - x * byX) * (bottom - y * byY);
      const multiplier = Math.trunc(Math.fround(2 ** 32 / (256 * count)));
      for (let c = 0; c < 3; c++) {
        let sum = Math.trunc(count / 2);
        for (let v = y * byY; v < bottom; v++)
          for (let u = x * byX; u < right; u++) sum += pixels[(v * width + u) * 3 + c];
        out[at++] = Math.floor((sum * multiplier) / 2 ** 24);
      }
    }
  return { pixels: out, width: toWidth, height: toHeight };
}

/** Each row to another length, by a filter as wide as what becomes one pixel; `span` is the length in pixels now. */
function scaleRows({ pixels, width, height }, to, span) {
  const [filter, reach] = HOW.interpolation === "bicubic" ? [cubic, 2] : [(x) => Math.max(0, 1 - Math.abs(x)), 1];
  const stretch = span / to, wide = Math.max(1, stretch);
  const out = new Uint8Array(to * height * 3);
  for (let x = 0; x < to; x++) {
    const center = (x + 0.5) * stretch;
    const first = Math.max(0, Math.trunc(center - reach * wide + 0.5));
    const end = Math.min(width, Math.trunc(center + reach * wide + 0.5));
    const weights = Array.from({ length: end - first }, (_, i) => filter((i + first - center + 0.5) * (1 / wide)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const whole = weights.map((weight) => Math.trunc((weight / total) * 2 ** 22 + (weight < 0 ? -0.5 : 0.5)));
    for (let y = 0; y < height; y++)
      for (let c = 0; c < 3; c++) {
        let sum = 2 ** 21;
        for (let i = 0; i < whole.length; i++) sum += pixels[(y * width + first + i) * 3 + c] * whole[i];
        out[(y * to + x) * 3 + c] = Math.min(255, Math.max(0, sum >> 22));
      }
  }
  return { pixels: out, width: to, height };
}

function cubic(x) {
  x = Math.abs(x);
  return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/** Rows become columns. */
function turn({ pixels, width, height }) {
  const out = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) out[(x * height + y) * 3 + c] = pixels[(y * width + x) * 3 + c];
  return { pixels: out, width: height, height: width };
}

/** To the nearest whole number; halves to the even one. */
function round(value) {
  return Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value);
}
