// The library as somebody meets it who has never seen this repository: the packed tarballs in an empty folder, plain npm, and
// the program of the README, copied out of it. It downloads a torrent that it finds through a tracker, on this Node and on the
// newest long-term one. Tracker and seed are the installed `torrential` command. Build first.
//
//   node .ci/check-stranger.js [ROOT]

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readPackages, report, rootFromArguments } from './workspace.js'

const newestLongTerm = 'node@24'
const root = rootFromArguments()
const violations = []
const work = mkdtempSync(join(tmpdir(), 'torrential-stranger-'))
const bin = join(work, 'node_modules', '.bin', 'torrential')
const running = []
const versions = []

try {
  install()
  const torrent = await publish()
  writeFileSync(join(work, 'program.mjs'), programOfReadme())
  const newest = run('npx', ['-y', '-p', newestLongTerm, 'node', '-p', 'process.execPath']).trim()
  for (const node of new Set([process.execPath, newest])) download(node, torrent)
} catch (error) {
  violations.push(error.message)
} finally {
  for (const child of running) child.kill()
  await Promise.all(running.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')))
  rmSync(work, { recursive: true, force: true })
}
report('stranger', violations, `the program of the README downloads on ${versions.join(' and ')}`)

/** Every tarball at once, so that they find one another instead of the registry's versions. */
function install() {
  const filters = readPackages(root)
    .filter(({ manifest }) => manifest.private !== true)
    .flatMap(({ name }) => ['--filter', name])
  run('npx', ['-y', 'pnpm@10', '-r', ...filters, 'pack', '--pack-destination', work], root)
  const tarballs = readdirSync(work).filter((name) => name.endsWith('.tgz'))
  writeFileSync(join(work, 'package.json'), '{ "private": true }\n')
  run('npm', ['install', '--no-audit', '--no-fund', ...tarballs.map((name) => `./${name}`)])
}

/** A tracker, a payload and its seed; returns the path of the .torrent. */
async function publish() {
  const tracker = await start(['tracker', '--host', '127.0.0.1', '--port', '0', '--json'])
  const announce = tracker.urls.find((url) => url.startsWith('http'))
  mkdirSync(join(work, 'shared'))
  writeFileSync(join(work, 'shared', 'payload.bin'), Buffer.alloc(3_000_000, 'every byte counts '))
  const torrent = join(work, 'payload.torrent')
  command(['create', join('shared', 'payload.bin'), '-o', torrent, '--tracker', announce])
  await start(['seed', torrent, '--path', 'shared', '--host', '127.0.0.1', '--port', '0', '--json'])
  return torrent
}

function download(node, torrent) {
  const downloads = join(work, 'downloads')
  rmSync(downloads, { recursive: true, force: true })
  const printed = run(node, ['program.mjs', torrent])
  const version = run(node, ['--version']).trim()
  versions.push(version)
  if (!printed.includes('payload.bin is complete')) violations.push(`${version}: the program printed\n${printed}`)
  const original = readFileSync(join(work, 'shared', 'payload.bin'))
  if (!original.equals(readFileSync(join(downloads, 'payload.bin')))) violations.push(`${version}: the copy differs`)
}

/** The first JavaScript block of the README that is a whole program. */
function programOfReadme() {
  const blocks = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```js\n([\s\S]*?)```/g)]
  const program = blocks.map(([, code]) => code).find((code) => code.startsWith('import '))
  if (program === undefined) throw new Error('README.md holds no program')
  return program
}

function command(args) {
  return run(bin, args)
}

/** Starts a command that goes on, and returns its `ready` line. */
async function start(args) {
  const child = spawn(bin, args, { cwd: work, stdio: ['ignore', 'pipe', 'inherit'] })
  running.push(child)
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line)
    if (event.type === 'ready') return event
  }
  throw new Error(`torrential ${args[0]} ended before it was ready`)
}

function run(program, args, cwd = work) {
  const done = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: 300_000 })
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${done.stdout}${done.stderr}`)
  return done.stdout
}
