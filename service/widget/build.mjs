// Builds the widget and the desk's charts: `node build.mjs` writes embed.js, proof.js, known.js, widget.css, widget.XX.json
// and desk-stats.{js,css} into ../web/static; what is committed there is what the service serves, so that running it needs no
// Node. `node build.mjs DIRECTORY` writes there instead.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { minify } from "terser";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "../web/static");
mkdirSync(out, { recursive: true });

const localeFiles = readdirSync(join(here, "locales")).sort();
const wordsOf = (file) => JSON.parse(readFileSync(join(here, "locales", file), "utf8")).widget;
const english = wordsOf("en.json");
const keys = Object.keys(english);

// A locale is sent as a list in the order of the English file: the keys would weigh as much as the words.
const packed = (words) => JSON.stringify(keys.map((key) => words[key]));

// The keys as numbers, which esbuild sets in place of their names; committed, so that editors and tsc know them.
writeFileSync(
  join(here, "words.gen.js"),
  "// Written by build.mjs from locales/en.json: the place of each string in a packed locale.\n\n" +
    keys.map((key, index) => `export const ${key} = ${index};\n`).join(""),
);

const others = localeFiles.filter((file) => file !== "en.json");
const built = others.map((file) => [`widget.${file}`, packed(wordsOf(file))]);
// Locales share one digest, that of all of them in turn, since the script has to know where they are.
const digest = createHash("sha256");
for (const [, text] of built) digest.update(text);

const options = { minify: true, legalComments: "none", charset: "utf8", target: ["chrome111", "firefox125", "safari16.4"] };
const css = (await transform(readFileSync(join(here, "style.css"), "utf8"), { ...options, loader: "css" })).code
  .trim()
  // esbuild leaves custom properties as they are written.
  .replaceAll(/([:,]) /g, "$1");
const script = await build({
  ...options,
  minify: false,
  minifySyntax: true,
  entryPoints: [join(here, "embed.js")],
  bundle: true,
  format: "iife",
  write: false,
  define: {
    STYLE: JSON.stringify(css),
    ENGLISH: packed(english),
    LOCALES: JSON.stringify(digest.digest("hex").slice(0, 16)),
    LANGUAGES: JSON.stringify(others.map((file) => file.slice(0, 2)).join(" ")),
  },
});

// terser makes of it 3% less than esbuild does; functions that are used once stay where they are, since gzip finds more
// that is alike then.
const { code } = await minify(script.outputFiles[0].text, {
  ecma: 2020,
  module: true,
  compress: {
    passes: 5,
    keep_fargs: false,
    pure_getters: true,
    reduce_funcs: false,
    sequences: false,
    unsafe: true,
    unsafe_arrows: true,
    unsafe_methods: true,
  },
});

writeFileSync(join(out, "embed.js"), code + "\n");
writeFileSync(join(out, "widget.css"), css + "\n");
for (const [name, text] of built) writeFileSync(join(out, name), text);

// What a form needs when somebody writes in it, with the one word that it says, in every language.
const said = (file) => JSON.parse(readFileSync(join(here, "locales", file), "utf8")).proof.checking;
const checking = Object.fromEntries(localeFiles.map((file) => [file.slice(0, 2), said(file)]));
const proof = await build({
  ...options,
  entryPoints: [join(here, "proof.js")],
  bundle: true,
  format: "esm",
  write: false,
  define: { CHECKING: JSON.stringify(checking) },
});
writeFileSync(join(out, "proof.js"), proof.outputFiles[0].text);

// What a page loads that says who its reader is, with what it tells them, in every language.
const writing = (file) => JSON.parse(readFileSync(join(here, "locales", file), "utf8")).proof.writingAs;
const writingAs = Object.fromEntries(localeFiles.map((file) => [file.slice(0, 2), writing(file)]));
const known = await build({
  ...options,
  entryPoints: [join(here, "known.js")],
  bundle: true,
  format: "esm",
  write: false,
  define: { WRITING: JSON.stringify(writingAs) },
});
writeFileSync(join(out, "known.js"), known.outputFiles[0].text);

// The charts of the moderators' desk: uPlot with what draws the tables of /desk/stats, under uPlot's licence.
const library = join(here, "node_modules/uplot");
const licence = `/*! uPlot\n\n${readFileSync(join(library, "LICENSE"), "utf8").trim()}\n*/\n`;
const charts = await build({ ...options, entryPoints: [join(here, "desk-stats.js")], bundle: true, format: "esm", write: false });
writeFileSync(join(out, "desk-stats.js"), licence + charts.outputFiles[0].text);
const chartStyle = readFileSync(join(library, "dist/uPlot.min.css"), "utf8") + readFileSync(join(here, "desk-stats.css"), "utf8");
writeFileSync(join(out, "desk-stats.css"), licence + (await transform(chartStyle, { ...options, loader: "css" })).code);

// What this was built from, so that the suite can tell without Node whether it is stale.
const sources = [...readdirSync(here).filter((name) => /\.(js|mjs|css)$|^package-lock\.json$/.test(name)).sort()];
const from = createHash("sha256");
for (const name of sources) from.update(name).update(readFileSync(join(here, name)));
from.update(packed(english)).update(JSON.stringify(checking)).update(JSON.stringify(writingAs));
writeFileSync(join(out, "embed.built-from"), from.digest("hex") + "\n");
