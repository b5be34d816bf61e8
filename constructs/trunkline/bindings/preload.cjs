"use strict";
// Makes a prebuilt CDKTF provider's lib/index.js load each of its submodules on first use.
//
// lazy.py has jsii's Node processes load this file first (`node --require`). That index.js is
// nothing but `exports.name = require("./path");`, 560 to 2,200 times: 1.5 s and 0.35 GB a
// provider, where a stack uses ten of them. Here the same names become getters: 0.01 s. A file with
// any other statement is loaded as it stands, and so is every other module. Outside of jsii's own
// processes nothing is touched at all.

const fs = require("node:fs");
const Module = require("node:module");

const PROVIDER_INDEX = /[\\/]node_modules[\\/]@cdktf[\\/]provider-[^\\/]+[\\/]lib[\\/]index\.js$/;
const REEXPORT = /^exports\.([A-Za-z_$][\w$]*) = require\("(\.\/[^"\\]+)"\);$/;
// What else such a file may hold: comments, the mark of a compiled ES module, and names that are
// declared ahead of their values.
const INERT = [
  /^\s*$/,
  /^(?:\/\/|\/\*\*| \*)/,
  /^"use strict";$/,
  /^Object\.defineProperty\(exports, "__esModule", \{ value: true \}\);$/,
  /^(?:exports\.[A-Za-z_$][\w$]* = )+void 0;$/,
];

/** The name and path of every submodule, or null where the file does anything but re-export. */
function submodules(source) {
  const found = [];
  for (const line of source.split(/\r?\n/)) {
    const match = REEXPORT.exec(line);
    if (match) found.push([match[1], match[2]]);
    else if (!INERT.some((pattern) => pattern.test(line))) return null;
  }
  return found.length > 0 ? found : null;
}

/** Exports a getter that, when first read, gives way to an ordinary property with the submodule. */
function exportLazily(module, name, path) {
  const shape = { enumerable: true, configurable: true };
  const settle = (value) => {
    Object.defineProperty(module.exports, name, { ...shape, value, writable: true });
    return value;
  };
  const get = () => settle(module.require(path));
  Object.defineProperty(module.exports, name, { ...shape, get, set: settle });
}

/** Fills the module with lazy exports; false, and nothing done, where its shape is unknown. */
function loadLazily(module, filename) {
  const found = submodules(fs.readFileSync(filename, "utf8"));
  if (found === null) return false;
  Object.defineProperty(module.exports, "__esModule", { value: true });
  for (const [name, path] of found) exportLazily(module, name, path);
  return true;
}

/** Puts loadLazily before Node's own loader of .js files, for the providers' index files alone. */
function install() {
  const load = Module._extensions[".js"];
  Module._extensions[".js"] = function (module, filename) {
    if (PROVIDER_INDEX.test(filename) && loadLazily(module, filename)) return;
    load.apply(this, arguments);
  };
}

/**
 * Keeps the young generation of the process that jsii is about to start small.
 *
 * jsii reads some 200 MB of packages through short-lived buffers. With V8's default of 16 MB the
 * process peaked at 250 to 320 MB for 200 resources, with 4 MB at 225 to 230, in the same time.
 */
function keepSmall() {
  const options = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ");
  if (!options.includes("semi-space-size")) process.execArgv.push("--max-semi-space-size=4");
}

/**
 * Spares the user cdktf's call of util.isArray, which Node 22 and later warn of on every synthesis.
 *
 * It is that one warning, in jsii's process alone; cdktf is archived and will not change.
 */
function keepQuiet() {
  const option = "--disable-warning";
  if (process.allowedNodeEnvironmentFlags.has(option)) process.execArgv.push(`${option}=DEP0044`);
}

// jsii sets JSII_AGENT for its own processes; no other Node program is to notice anything. The
// first of them passes its execArgv on to the second, where the packages are loaded.
const INSTALLED = Symbol.for("trunkline.bindings");
const known = typeof Module._extensions?.[".js"] === "function";
if (process.env.JSII_AGENT && known && !globalThis[INSTALLED]) {
  globalThis[INSTALLED] = true;
  keepSmall();
  keepQuiet();
  install();
}
