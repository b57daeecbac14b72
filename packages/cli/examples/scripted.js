// The command line inside another program: `runCli` takes the arguments and streams, and resolves with the exit code. Here a small
// script makes a torrent, damages the data and finds the damage. Run after the build: node packages/cli/examples/scripted.js

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { EXIT, runCli } from '@torrential/cli'

async function torrential(...args) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const lines = stdout.setEncoding('utf8').toArray()
  const { signal } = new AbortController()
  const code = await runCli(args, { stdout, stderr: stderr.resume(), stdin: [], env: process.env, signal })
  stdout.end()
  const text = (await lines).join('')
  return {
    code,
    lines: text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  }
}

const folder = await mkdtemp(join(tmpdir(), 'torrential-scripted-'))
await mkdir(join(folder, 'album'))
await writeFile(join(folder, 'album', 'one.flac'), Buffer.alloc(300_000, 'one'))
await writeFile(join(folder, 'album', 'two.flac'), Buffer.alloc(200_000, 'two'))
const file = join(folder, 'album.torrent')

const created = await torrential('create', join(folder, 'album'), '-o', file, '--piece-length', '32K', '--json')
assert.equal(created.code, EXIT.done)
const { infoHashV1, pieceCount } = created.lines.at(-1)
console.log(`made ${infoHashV1} with ${pieceCount} pieces`)

const whole = await torrential('verify', file, '--path', folder, '--json')
assert.equal(whole.code, EXIT.done)

await writeFile(join(folder, 'album', 'two.flac'), Buffer.alloc(200_000, 'not two'))
const damaged = await torrential('verify', file, '--path', folder, '--json')
assert.equal(damaged.code, EXIT.failed)
for (const { type, path, have, of } of damaged.lines) {
  if (type === 'file-damaged') console.log(`${path}: only ${have} of ${of} pieces are good`)
}
assert.deepEqual(Object.keys(damaged.lines.at(-1)), ['type', 'torrent', 'have', 'of'])

await rm(folder, { recursive: true })
