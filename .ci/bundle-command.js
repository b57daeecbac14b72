// The `torrential` command as a few files instead of several hundred modules: it starts in half the time. The packages are
// published as they are; this is for the command alone, which nobody imports from. Compile first.
//
//   node .ci/bundle-command.js

import { build } from 'esbuild'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootFromArguments } from './workspace.js'

const root = rootFromArguments()
const command = join(root, 'packages', 'cli')
const target = join(command, 'bundle')

rmSync(target, { recursive: true, force: true })
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: {
    'process-main': join(command, 'dist', 'process-main.js'),
    // Threads are started from a file beside the one that starts them.
    'disk-worker': join(root, 'packages', 'storage', 'dist', 'disk-worker.js'),
    'hash-worker': join(root, 'packages', 'storage', 'dist', 'hash-worker.js'),
  },
  outdir: target,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // CommonJS dependencies ask for Node's own modules this way.
  banner: {
    js: "import { createRequire as bundleRequire } from 'node:module'\nvar require = bundleRequire(import.meta.url)",
  },
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
})
for (const name of threads())
  if (!existsSync(join(target, name))) throw new Error(`${name} is no entry point of the bundle`)
writeFileSync(join(target, 'THIRD-PARTY.txt'), licenses(Object.keys(metafile.inputs)))

/** The files that threads are started from. */
function threads() {
  const texts = readdirSync(target).map((name) => readFileSync(join(target, name), 'utf8'))
  return texts.flatMap((text) =>
    [...text.matchAll(/new URL\("\.\/([\w-]+\.js)", import\.meta\.url\)/g)].map(([, name]) => name),
  )
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
