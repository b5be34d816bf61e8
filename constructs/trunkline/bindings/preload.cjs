"use strict";
// Makes jsii's Node process load only what a CDKTF app in Python uses.
//
// lazy.py has jsii's Node processes load this file first (`node --require`). Four things are changed,
// each only where the file in question has the known name and shape; else it is loaded as it stands.
//
// - A prebuilt provider's lib/index.js is nothing but `exports.name = require("./path");`, 560 to
//   2,200 times: 1.5 s and 0.35 GB a provider, where a stack uses ten of them. The same names become
//   getters: 0.01 s.
// - jsii reads all type definitions of a package into memory to cut out a few: 90 MB for the four
//   providers. They are read from the file one at a time.
// - cdktf loads its ZIP library, a twentieth of the process's time, for assets alone. It is loaded at
//   its first use.
// - cdktf keeps the Node stack of every token, for messages: a stack of jsii's own calls, in which
//   nothing of the Python app is. With 5,000 resources it took 60 MB.
//
// Outside of jsii's own processes nothing is touched at all.

const fs = require("node:fs");
const Module = require("node:module");

const PROVIDER_INDEX = /[\\/]node_modules[\\/]@cdkt[fn][\\/]provider-[^\\/]+[\\/]lib[\\/]index\.js$/;
const ZIP_LIBRARY = /[\\/]node_modules[\\/]archiver[\\/]index\.js$/;
const STACK_TRACES = /[\\/]node_modules[\\/]cdkt[fn][\\/]lib[\\/]tokens[\\/]private[\\/]stack-trace\.js$/;
const TYPE_DEFINITIONS = /[\\/]\.jsii\.runtime-defs\.v1\.jsonl$/;

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

/** Stands for an object that `make` makes when anything is first asked of it. */
function deferred(target, make) {
  let value;
  const made = () => (value ??= make());
  const traps = Reflect.ownKeys(Reflect).filter((name) => typeof Reflect[name] === "function");
  const handler = traps.map((name) => [name, (_, ...rest) => Reflect[name](made(), ...rest)]);
  return new Proxy(target, Object.fromEntries(handler));
}

/** Has the module loaded, by `load`, when its function is first called or anything is read of it. */
function loadAtFirstUse(module, filename, load) {
  module.exports = deferred(() => {}, () => {
    const own = new Module(filename, module);
    Object.assign(own, { filename, paths: module.paths });
    load(own, filename);
    return own.exports;
  });
}

/** Has cdktf remember no stacks; its messages leave out an empty one. */
function dropStacks(module) {
  if (typeof module.exports.captureStackTrace !== "function") return;
  module.exports.captureStackTrace = () => [];
}

/** Puts the changes before Node's own loader of .js files, for the named files alone. */
function changeModules() {
  const plain = Module._extensions[".js"];
  Module._extensions[".js"] = function (module, filename) {
    const load = plain.bind(this);
    if (PROVIDER_INDEX.test(filename) && loadLazily(module, filename)) return;
    if (ZIP_LIBRARY.test(filename)) return loadAtFirstUse(module, filename, load);
    load(module, filename);
    if (STACK_TRACES.test(filename)) dropStacks(module);
  };
}

const readWhole = fs.readFileSync;

/** A file's content, of which `toString(encoding, start, end)` reads that part alone. */
function contentInParts(filename) {
  const file = fs.openSync(filename, "r");
  const toString = (encoding, start, end) => {
    if (start === undefined || end === undefined) return ofWhole("toString")(encoding, start, end);
    const bytes = Buffer.allocUnsafe(end - start);
    return bytes.toString(encoding, 0, fs.readSync(file, bytes, 0, bytes.length, start));
  };
  let whole;
  const ofWhole = (name) => {
    whole ??= readWhole(filename);
    return typeof whole[name] === "function" ? whole[name].bind(whole) : whole[name];
  };
  const get = (_, name) => (name === "toString" ? toString : ofWhole(name));
  return new Proxy(Buffer.alloc(0), { get });
}

/** Has the type definitions that jsii wrote read in parts; any other file is read as ever. */
function changeReading() {
  fs.readFileSync = function (file, ...options) {
    const parts = options.length === 0 && TYPE_DEFINITIONS.test(file);
    return parts ? contentInParts(file) : readWhole.call(this, file, ...options);
  };
}

/**
 * Sets the young generation of the process that jsii is about to start to 8 MB.
 *
 * jsii reads some 200 MB of packages through short-lived buffers. V8's default of 16 MB costs 20 MB
 * more, 4 MB a tenth of the time.
 */
function sizeYoungGeneration() {
  const options = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ");
  if (!options.includes("semi-space-size")) process.execArgv.push("--max-semi-space-size=8");
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
  sizeYoungGeneration();
  keepQuiet();
  changeModules();
  changeReading();
}
