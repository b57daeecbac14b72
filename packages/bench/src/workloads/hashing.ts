// Creating and verifying torrents of a tree: one large file, some of middling size and a thousand small ones. All are read from
// memory; what is measured is reading, SHA-1, SHA-256, and how well two cores are kept busy.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { decodeWithSpans } from '@torrential/bencode'
import {
  findLibtorrentPython,
  findProgram,
  libtorrent,
  type Needed,
  type Payload,
  writePayload,
} from '@torrential/interop'
import type { Contestant } from '../contest.ts'
import { type Command, measure } from '../measured-run.ts'
import { OURS } from '../ours.ts'
import { aria2Check, libtorrentCheck, libtorrentCreate, torrentialCommand } from '../programs.ts'
import type { Prepared, Stage, Workload } from '../workload.ts'

type Version = 'v1' | 'v2' | 'hybrid'

const versions: readonly Version[] = ['v1', 'v2', 'hybrid']
const gibi = 2 ** 30
const pieceLength = 2 ** 20
const run = promisify(execFile)

const mktorrent: Needed = installed('mktorrent', 'mktorrent')
const aria2: Needed = installed('aria2c', 'aria2')
/** libtorrent as somebody tunes it who checks a lot: one thread is its default. */
const tuned: Needed = { ...libtorrent, name: 'libtorrent, 2 hashing threads' }

/** Creation of each version, against mktorrent -t 2 (v1) and libtorrent. */
export const createWorkloads: readonly Workload[] = versions.map((version) => ({
  name: `create-${version}`,
  row: 13,
  title: `create the ${version} torrent of a tree of 1,031 files`,
  size: 4 * gibi,
  unit: 'bytes',
  counterparts: version === 'v1' ? [mktorrent, libtorrent] : [libtorrent],
  requires: [libtorrent],
  goals: [{ figure: 'wall', against: 'best', atMost: 1 }],
  space: (size) => 1.1 * size,
  prepare: (stage) => prepareCreation(stage, version),
}))

/** Verification of each version, against libtorrent and aria2 (v1). */
export const verifyWorkloads: readonly Workload[] = versions.map((version) => ({
  name: `verify-${version}`,
  row: 6,
  title: `verify a tree of 1,031 files by its ${version} torrent`,
  size: 8 * gibi,
  unit: 'bytes',
  counterparts: version === 'v1' ? [libtorrent, tuned, aria2] : [libtorrent, tuned],
  goals: [{ figure: 'wall', against: 'best', atMost: 0.7 }],
  space: (size) => 1.1 * size,
  prepare: (stage) => prepareVerification(stage, version),
}))

async function prepareCreation({ ground, size }: Stage, version: Version): Promise<Prepared> {
  const source = await plant(size, await ground.folder('source'))
  const theirs = await libtorrentCreate(source, pieceLength, version)
  const { stdout } = await run(theirs.command, theirs.args, { encoding: 'buffer', maxBuffer: 256 * 2 ** 20 })
  const expected = sha1(stdout)
  const made = (target: string): string => join(target, 'made.torrent')
  return {
    contestants: [
      timed(OURS, (target) => {
        const args = ['-o', made(target), `--${version}`, '--piece-length', String(pieceLength)]
        return torrentialCommand('create', source, ...args)
      }),
      timed(mktorrent.name, (target) => ({
        command: findProgram(mktorrent.name) ?? mktorrent.name,
        args: ['-t', '2', '-l', String(Math.log2(pieceLength)), '-o', made(target), source],
      })),
      timed(libtorrent.name, () => theirs),
    ].filter(({ name }) => version === 'v1' || name !== mktorrent.name),
    // libtorrent is the measure; it writes to its standard output.
    async verify(target) {
      const torrent = await readFile(made(target)).catch(() => undefined)
      if (torrent === undefined) return
      const info = decodeWithSpans(torrent, { mode: 'lenient' }).slice('info')
      if (info === undefined || sha1(info) !== expected)
        throw new Error('not the info dictionary that libtorrent makes')
    },
  }
}

/** `bare` makes a further contestant, given the torrent and the folder that its tree lies in. */
export async function prepareVerification(
  { ground, size }: Stage,
  version: Version,
  bare: Readonly<Record<string, (torrentFile: string, directory: string) => Command>> = {},
): Promise<Prepared> {
  const folder = await ground.folder('source')
  const source = await plant(size, folder)
  const file = join(await ground.folder('torrent'), 'tree.torrent')
  const { command, args } = torrentialCommand('create', source, '-o', file, `--${version}`, '--piece-length', '1M')
  await run(command, args)
  const python = (await findLibtorrentPython()) ?? 'python3'
  return {
    contestants: [
      timed(OURS, () => torrentialCommand('verify', file, '--path', folder)),
      timed(libtorrent.name, () => libtorrentCheck(python, file, folder, 1)),
      timed(tuned.name, () => libtorrentCheck(python, file, folder, 2)),
      timed(aria2.name, () => aria2Check(file, folder)),
      ...Object.entries(bare).map(([name, make]) => timed(name, () => make(file, folder))),
    ].filter(({ name }) => version === 'v1' || name !== aria2.name),
  }
}

/** Half in one file, three tenths in 30, two tenths in a thousand; lengths that end on no piece. */
async function plant(size: number, folder: string): Promise<string> {
  const files = [{ path: 'large.bin', length: Math.floor(size / 2) }]
  for (let i = 0; i < 30; i += 1) files.push({ path: `middle/${100 + i}.bin`, length: Math.floor(size / 100) + i })
  for (let i = 0; i < 1000; i += 1) {
    files.push({ path: `small/${i % 10}/${1000 + i}.bin`, length: Math.floor(size / 5000) + (i % 7) })
  }
  const payload: Payload = { name: 'tree', files, pieceLength, seed: 21 }
  await writePayload(payload, folder)
  return join(folder, 'tree')
}

function timed(name: string, command: (target: string) => Command): Contestant {
  return { name, run: ({ target, figures, deadline }) => measure(command(target), { figures, deadline }) }
}

function sha1(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex')
}

function installed(name: string, debian: string): Needed {
  return {
    name,
    available: async () => findProgram(name) !== undefined || `${name} is not installed (Debian: ${debian})`,
  }
}
