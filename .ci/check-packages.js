// What users get. Packs every publishable package as it would be published and looks at the tarball: publint, attw, README and
// LICENSE, every entry of `exports` and `bin` inside, nothing but shippable files, no path of this machine, no `workspace:` or
// `catalog:` left, few files to load, and no stale output of a source that is gone. Build first.
//
//   node .ci/check-packages.js [ROOT]

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { filesBelow, readJson, readPackages, report, rootFromArguments, shown } from './workspace.js'

const root = rootFromArguments()
const published = readPackages(root).filter(({ manifest }) => manifest.private !== true)
const violations = []
const work = mkdtempSync(join(tmpdir(), 'torrential-packages-'))
/** Files that a package may consist of: what is imported is loaded one file after another. */
const mostFiles = 8
/** Paths that tell where a package was built. Short ones would be found by chance. */
const machine = [root, homedir(), tmpdir()].filter((path) => path.split('/').length > 2)

try {
  pack()
  for (const one of published) await checkTarball(one)
} finally {
  rmSync(work, { recursive: true, force: true })
}
report('packages', violations, `${published.length} tarballs: ${published.map(({ folder }) => folder).join(', ')}`)

function pack() {
  const filters = published.flatMap(({ name }) => ['--filter', name])
  const done = spawnSync('npx', ['-y', 'pnpm@10', '-r', ...filters, 'pack', '--pack-destination', work], {
    cwd: root,
    encoding: 'utf8',
  })
  if (done.status !== 0) violations.push(`pnpm pack failed:\n${done.stdout}${done.stderr}`)
}

async function checkTarball({ folder, name, manifest }) {
  const tarball = join(work, `${name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`)
  const complain = (what) => violations.push(`packages/${folder}: ${what}`)
  if (!existsSync(tarball)) {
    complain('was not packed')
    return
  }
  const unpacked = join(work, folder)
  execFileSync('mkdir', ['-p', unpacked])
  execFileSync('tar', ['xzf', tarball, '-C', unpacked, '--strip-components=1'])
  checkContents(join(root, 'packages', folder), unpacked, complain)
  checkManifest(unpacked, complain)
  await runPublint(tarball, unpacked, complain)
  runAttw(tarball, complain)
}

function checkContents(dir, unpacked, complain) {
  for (const needed of ['README.md', 'LICENSE'])
    if (!existsSync(join(unpacked, needed))) complain(`no ${needed} in the tarball`)
  for (const path of [...filesBelow(unpacked, /./), ...filesBelow(join(unpacked, 'dist'), /./)]) {
    const inside = shown(unpacked, path)
    if (!/^(dist|src|bin|bundle)\/|^(package\.json|README\.md|LICENSE)$/.test(inside))
      complain(`${inside} does not belong into the tarball`)
    if (/(^|\/)(test|tests|fixtures)\/|\.test\.|\.tsbuildinfo$/.test(inside)) complain(`${inside} is not for users`)
    const text = readFileSync(path, 'latin1')
    for (const place of machine) if (text.includes(place)) complain(`${inside} names ${place}`)
    const output = /^dist\/(.+?)\.d\.ts(\.map)?$/.exec(inside)
    if (output !== null && !['.ts', '.js'].some((ending) => existsSync(join(dir, 'src', output[1] + ending)))) {
      complain(`${inside} comes from a source that is gone: remove dist and build again`)
    }
  }
  const files = filesBelow(join(unpacked, 'bundle'), /\.js$/).length
  if (files > mostFiles && !existsSync(join(unpacked, 'bin')))
    complain(`${files} files to load, not ${mostFiles} at most`)
  for (const path of filesBelow(join(dir, 'src'), /\.ts$/)) {
    const output = `dist/${shown(join(dir, 'src'), path).replace(/\.ts$/, '.d.ts')}`
    if (!existsSync(join(unpacked, output))) complain(`${output} is missing: build first`)
  }
}

function checkManifest(unpacked, complain) {
  const manifest = readJson(join(unpacked, 'package.json'))
  for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies']) {
    for (const [name, range] of Object.entries(manifest[kind] ?? {})) {
      if (/^(workspace|catalog|file|link):/.test(range)) complain(`${kind}.${name} is still ${range}`)
    }
  }
  for (const field of ['description', 'license', 'engines', 'exports', 'files', 'keywords']) {
    if (manifest[field] === undefined) complain(`package.json has no ${field}`)
  }
  if (manifest.type !== 'module') complain('package.json is not of type module')
  const programs = typeof manifest.bin === 'string' ? [manifest.bin] : Object.values(manifest.bin ?? {})
  for (const target of [...leaves(manifest.exports), ...programs]) {
    if (!existsSync(join(unpacked, target))) complain(`${target} is promised by package.json but not in the tarball`)
  }
  for (const program of programs) {
    const path = join(unpacked, program)
    if (existsSync(path) && !readFileSync(path, 'utf8').startsWith('#!/usr/bin/env node\n'))
      complain(`${program} does not begin with #!/usr/bin/env node`)
  }
}

async function runPublint(tarball, unpacked, complain) {
  const bytes = readFileSync(tarball)
  const { messages } = await publint({
    strict: true,
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) },
  })
  const manifest = readJson(join(unpacked, 'package.json'))
  for (const message of messages)
    complain(`publint ${message.type}: ${formatMessage(message, manifest, { color: false })}`)
}

function runAttw(tarball, complain) {
  const program = join(root, 'node_modules', '.bin', 'attw')
  const done = spawnSync(program, [tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-emoji', '--no-color'], {
    cwd: root,
    encoding: 'utf8',
  })
  if (done.status !== 0) complain(`attw:\n${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}`)
}

/** Every file that an `exports` field names, whatever the condition. */
function leaves(exports) {
  if (typeof exports === 'string') return [exports]
  if (exports === null || typeof exports !== 'object') return []
  return Object.values(exports).flatMap(leaves)
}
