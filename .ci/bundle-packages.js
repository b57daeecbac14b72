// Every published package as a few files instead of dozens of modules: Node.js needs 0.3 s to load three hundred of them, and 0.1 s to
// load what they say. A package holds its own modules and imports the others, so that whoever composes packages has one of
// each; the `torrential` command, which nobody imports from, holds all of it. Compile first.
//
//   node .ci/bundle-packages.js

import { build } from 'esbuild'
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesBelow, readPackages, rootFromArguments } from './workspace.js'

const root = rootFromArguments()
const published = readPackages(root).filter(({ manifest }) => manifest.private !== true)
const bundled = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
}

const isCommand = ({ manifest }) => manifest.bin !== undefined
await Promise.all(published.filter((one) => !isCommand(one)).map(bundlePackage))
// It takes in what the others have become.
await Promise.all(published.filter(isCommand).map(bundleCommand))
for (const { dir } of published) checkThreads(join(dir, 'bundle'))

async function bundlePackage({ dir, manifest }) {
  await build({
    ...bundled,
    entryPoints: { ...entriesOf(dir, manifest), ...threadsOf(dir) },
    outdir: emptied(join(dir, 'bundle')),
    packages: 'external',
    sourcemap: true,
    sourcesContent: false,
  })
}

async function bundleCommand({ dir, manifest }) {
  const target = emptied(join(dir, 'bundle'))
  const { metafile } = await build({
    ...bundled,
    entryPoints: {
      'process-main': join(dir, 'dist', 'process-main.js'),
      ...entriesOf(dir, manifest),
      ...Object.assign({}, ...published.map((one) => threadsOf(one.dir))),
    },
    outdir: target,
    // CommonJS dependencies ask for Node's own modules this way.
    banner: {
      js: "import { createRequire as bundleRequire } from 'node:module'\nvar require = bundleRequire(import.meta.url)",
    },
    legalComments: 'none',
    metafile: true,
  })
  writeFileSync(join(target, 'THIRD-PARTY.txt'), licenses(Object.keys(metafile.inputs)))
}

function emptied(folder) {
  rmSync(folder, { recursive: true, force: true })
  return folder
}

/** What `exports` promises. */
function entriesOf(dir, { exports }) {
  const promised = Object.values(exports).flatMap((entry) => entry.default ?? [])
  const names = promised.map((path) => /^\.\/bundle\/(.+)\.js$/.exec(path)[1])
  return outputsOf(dir, names)
}

/** The modules of a package that threads are started from, as entries: they must lie beside what starts them. */
function threadsOf(dir) {
  const texts = filesBelow(join(dir, 'src'), /\.[jt]s$/).map((path) => readFileSync(path, 'utf8'))
  const names = texts.flatMap((text) =>
    [...text.matchAll(/new URL\('\.\/([\w-]+)\.js', import\.meta\.url\)/g)].map(([, name]) => name),
  )
  return outputsOf(dir, names)
}

function outputsOf(dir, names) {
  return Object.fromEntries(names.map((name) => [name, join(dir, 'dist', `${name}.js`)]))
}

/** Whatever a thread is started from must be there, however its source names it. */
function checkThreads(target) {
  for (const path of filesBelow(target, /\.js$/)) {
    for (const [, name] of readFileSync(path, 'utf8').matchAll(/new URL\(\s*"\.\/([^"]+)",\s*import\.meta\.url/g)) {
      if (!existsSync(join(target, name))) throw new Error(`${path} starts ${name}, which is no entry`)
    }
  }
}

/** What the licenses of bundled packages ask for: their texts. */
function licenses(inputs) {
  const folders = new Set()
  for (const input of inputs) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0]
    if (folder !== undefined) folders.add(join(root, folder))
  }
  return [...folders]
    .map(licenseOf)
    .toSorted()
    .join(`\n${'-'.repeat(80)}\n\n`)
}

function licenseOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one))
  if (file === undefined || !existsSync(join(folder, file))) return `${name} ${version}, ${license}\n`
  return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
}
