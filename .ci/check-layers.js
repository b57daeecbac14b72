// The house has floors (docs/ARCHITECTURE.md): a package imports only from floors below its own, siblings never import one
// another, and what is on floors 0 to 3 is pure. This is the only place where the floors are written down for machines.
//
//   node .ci/check-layers.js [ROOT]

import { existsSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { importsOf } from './source-modules.js'
import { filesBelow, readJson, readPackages, report, rootFromArguments, shown } from './workspace.js'

const FLOORS = {
  primitives: 0,
  bencode: 1,
  contracts: 1,
  metainfo: 2,
  protocol: 2,
  engine: 3,
  wire: 4,
  storage: 4,
  transport: 4,
  utp: 4,
  tracker: 4,
  dht: 4,
  discovery: 4,
  webseed: 4,
  webrtc: 4,
  session: 5,
  cli: 6,
  server: 6,
}
/** Not published; they may import anything, and nothing published may import them. */
const PRIVATE = new Set(['simulation', 'interop', 'bench', 'fuzz'])
/** They run as they are written and are not built, because they look into the sources of others, at what no package exports. */
const FROM_SOURCE = new Set(['fuzz'])
/** The highest floor without I/O, time and chance of its own. */
const LAST_PURE_FLOOR = 3
/** The entry with the real clock and dice, and the one folder of a pure floor that may be impure. */
const SYSTEM_ENTRY = '@torrential/primitives/system'
const SYSTEM_FOLDER = 'packages/primitives/src/system/'
const IMPURE = new Set(
  'child_process cluster dgram dns fs http http2 https inspector net os perf_hooks process readline repl sqlite timers tls tty worker_threads'.split(
    ' ',
  ),
)
const SCOPE = '@torrential/'

const root = rootFromArguments()
const packages = readPackages(root)
const byName = new Map(packages.map((one) => [one.name, one]))
const violations = []
let files = 0
let imports = 0

for (const one of packages) checkPackage(one)
checkSolution()
report('layers', violations, `${packages.length} packages, ${files} files, ${imports} imports`)

function checkPackage(one) {
  const { folder, dir, manifest } = one
  const known = folder in FLOORS || PRIVATE.has(folder)
  if (!known) violations.push(`packages/${folder} has no floor in .ci/check-layers.js`)
  if (manifest.name !== SCOPE + folder) violations.push(`packages/${folder} is named ${manifest.name}`)
  if (PRIVATE.has(folder) !== (manifest.private === true)) {
    violations.push(`packages/${folder} ${PRIVATE.has(folder) ? 'must' : 'must not'} be private`)
  }
  const used = { src: new Set(), anywhere: new Set() }
  const graph = new Map()
  for (const path of filesBelow(dir, /\.[cm]?[jt]s$/)) {
    const inSource = path.startsWith(join(dir, 'src') + sep)
    // What runs for users counts as source: a program in bin/ needs its dependencies too.
    const shipped = inSource || path.startsWith(join(dir, 'bin') + sep)
    const edges = []
    for (const { kind, specifier, erased } of importsOf(path)) {
      imports++
      const where = shown(root, path)
      if (specifier === undefined) {
        if (shipped && kind === 'dynamic' && !PRIVATE.has(folder))
          violations.push(`${where}: an import that is not a plain string`)
        continue
      }
      if (specifier.startsWith('.') || kind === 'url') {
        const target = resolve(dirname(path), specifier)
        if (inSource) checkRelative(one, where, target, kind, specifier)
        // A type may refer back to whoever uses it; what runs may not.
        if (erased !== true && kind === 'static') edges.push(target)
      } else if (!specifier.startsWith('#')) {
        const dependency = packageOf(specifier)
        used.anywhere.add(dependency)
        if (shipped) used.src.add(dependency)
        if (shipped) checkBare(one, where, specifier, dependency)
      }
    }
    if (inSource) {
      files++
      graph.set(path, edges)
    }
  }
  checkCycles(graph)
  checkManifest(one, used)
  checkReferences(one, used)
}

function checkRelative(one, where, target, kind, specifier) {
  if (!target.startsWith(one.dir + sep)) {
    // A private package may start the programs of others.
    if (kind === 'url' && PRIVATE.has(one.folder)) return
    if (FROM_SOURCE.has(one.folder) && existsSync(target)) return
    violations.push(`${where}: ${specifier} leads out of the package`)
  } else if (!existsSync(target)) {
    // A URL may name a folder or what the build makes; an import must be there, with its extension.
    if (kind !== 'url')
      violations.push(`${where}: ${specifier} does not exist (imports name the file with its extension)`)
  }
  const here = where.startsWith(SYSTEM_FOLDER)
  if (!here && `${shown(root, target)}/`.startsWith(SYSTEM_FOLDER))
    violations.push(`${where}: imports the real clock or dice`)
}

function checkBare(one, where, specifier, dependency) {
  if (dependency.startsWith('node:')) {
    const pure = FLOORS[one.folder] <= LAST_PURE_FLOOR && !where.startsWith(SYSTEM_FOLDER)
    if (pure && IMPURE.has(dependency.slice(5))) violations.push(`${where}: ${specifier} on a pure floor`)
    return
  }
  if (builtinModules.includes(dependency)) {
    violations.push(`${where}: write node:${specifier}`)
    return
  }
  if (!dependency.startsWith(SCOPE)) return
  checkFloor(one, where, specifier, dependency)
}

function checkFloor(one, where, specifier, dependency) {
  const target = byName.get(dependency)
  if (target === undefined) {
    violations.push(`${where}: there is no package ${dependency}`)
    return
  }
  const entry = `.${specifier.slice(dependency.length)}`
  if (!(entry in (target.manifest.exports ?? {}))) violations.push(`${where}: ${dependency} has no entry ${entry}`)
  if (PRIVATE.has(one.folder)) return
  if (target === one) violations.push(`${where}: imports its own package by name`)
  else if (PRIVATE.has(target.folder)) violations.push(`${where}: imports the private package ${dependency}`)
  else if (FLOORS[target.folder] >= FLOORS[one.folder]) {
    violations.push(
      `${where}: ${one.folder} (floor ${FLOORS[one.folder]}) imports ${target.folder} (floor ${FLOORS[target.folder]})`,
    )
  }
  if (specifier === SYSTEM_ENTRY && FLOORS[one.folder] <= LAST_PURE_FLOOR) {
    violations.push(`${where}: imports the real clock and dice on a pure floor`)
  }
}

/** Files of one package must not import one another in a circle at run time: what is half loaded surprises. */
function checkCycles(graph) {
  const state = new Map()
  const path = []
  const visit = (file) => {
    state.set(file, 'open')
    path.push(file)
    for (const next of graph.get(file) ?? []) {
      if (!graph.has(next)) continue
      if (state.get(next) === 'open') {
        const circle = [...path.slice(path.indexOf(next)), next].map((one) => shown(root, one))
        violations.push(`a circle of imports: ${circle.join(' -> ')}`)
      } else if (!state.has(next)) {
        visit(next)
      }
    }
    path.pop()
    state.set(file, 'done')
  }
  for (const file of graph.keys()) if (!state.has(file)) visit(file)
}

function checkManifest({ folder, manifest, name }, used) {
  const where = `packages/${folder}/package.json`
  const runtime = new Set(
    ['dependencies', 'optionalDependencies', 'peerDependencies'].flatMap((kind) => Object.keys(manifest[kind] ?? {})),
  )
  const atRoot = existsSync(join(root, 'package.json')) ? readJson(join(root, 'package.json')) : {}
  const development = new Set([
    ...Object.keys(manifest.devDependencies ?? {}),
    ...Object.keys(atRoot.devDependencies ?? {}),
  ])
  const isPackage = (one) => !one.startsWith('node:') && one !== name && !builtinModules.includes(one)
  for (const one of [...used.src].filter(isPackage)) {
    if (!runtime.has(one)) violations.push(`${where}: ${one} is imported but not a dependency`)
  }
  for (const one of [...used.anywhere].filter((other) => isPackage(other) && !used.src.has(other))) {
    if (!runtime.has(one) && !development.has(one))
      violations.push(`${where}: ${one} is imported by tests but not a devDependency`)
  }
  const needed = PRIVATE.has(folder) ? used.anywhere : used.src
  for (const one of runtime) {
    if (!needed.has(one) && !isTypesOf(one, needed))
      violations.push(`${where}: ${one} is a dependency but not imported`)
  }
  for (const one of Object.keys(manifest.devDependencies ?? {})) {
    if (!used.anywhere.has(one) && !isTypesOf(one, used.anywhere))
      violations.push(`${where}: ${one} is a devDependency but not imported`)
  }
}

/** The build order must be that of the imports, or a clean build fails on one machine and not on another. */
function checkReferences({ folder, dir }, used) {
  if (FROM_SOURCE.has(folder)) return
  const path = join(dir, 'tsconfig.json')
  if (!existsSync(path)) {
    violations.push(`packages/${folder} has no tsconfig.json`)
    return
  }
  const references = new Set(
    (readJson(path).references ?? []).map((one) => relative(join(root, 'packages'), resolve(dir, one.path))),
  )
  const imported = new Set(
    [...used.src]
      .filter((one) => byName.has(one) && byName.get(one).folder !== folder)
      .map((one) => byName.get(one).folder),
  )
  for (const one of imported)
    if (!references.has(one))
      violations.push(`packages/${folder}/tsconfig.json: no reference to ../${one}, which is imported`)
  if (PRIVATE.has(folder)) return
  for (const one of references)
    if (!imported.has(one))
      violations.push(`packages/${folder}/tsconfig.json: a reference to ../${one}, which is not imported`)
}

function checkSolution() {
  const path = join(root, 'packages', 'tsconfig.json')
  if (!existsSync(path)) return
  const built = new Set(readJson(path).references.map((one) => relative('.', one.path)))
  for (const { folder } of packages.filter((one) => !FROM_SOURCE.has(one.folder)))
    if (!built.has(folder)) violations.push(`packages/tsconfig.json: no reference to ./${folder}`)
}

function packageOf(specifier) {
  if (specifier.startsWith('node:')) return specifier.split('/')[0]
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function isTypesOf(name, used) {
  return name.startsWith('@types/') && (used.has(name.slice(7)) || name === '@types/node')
}
