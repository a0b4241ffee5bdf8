// Bundles GraphiQL: node bundle.mjs FOLDER. Writes graphiql.js, graphiql.css, codicon.ttf, a worker for each language of
// its editor, and the licences of all that is inside.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const [folder] = process.argv.slice(2);
const options = {
  bundle: true,
  minify: true,
  target: "es2022",
  outdir: folder,
  assetNames: "[name]",
  loader: { ".ttf": "file" },
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
};

const page = await build({ ...options, format: "esm", entryPoints: ["graphiql.js"] });
const workers = await build({
  ...options,
  format: "iife",
  entryPoints: {
    "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
    "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
    "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
  },
});

// The folder of each package that a file of the bundle comes from.
const inside = [page, workers].flatMap(({ metafile }) => Object.keys(metafile.inputs));
const packages = new Set(inside.map((path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0]).filter(Boolean));
const licences = [...packages].sort().map((path) => {
  const { name, version, license } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  const files = readdirSync(path).filter((file) => /^(licen[cs]e|third.?party.?notices|notice)/i.test(file));
  const texts = files.map((file) => readFileSync(join(path, file), "utf8"));
  return [`${name} ${version} (${license})`, ...texts].join("\n\n");
});
writeFileSync(join(folder, "LICENSES.txt"), licences.join(`\n\n${"-".repeat(80)}\n\n`) + "\n");
