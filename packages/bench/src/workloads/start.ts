// Row 11: how long a command takes that does next to nothing.
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encode, raw } from '@torrential/bencode'
import { findProgram, type Needed } from '@torrential/interop'
import type { Contestant } from '../contest.ts'
import { type Command, measure, type Measurement } from '../measured-run.ts'
import { OURS } from '../ours.ts'
import { torrentialCommand } from '../programs.ts'
import { type Column, USUAL_COLUMNS } from '../table.ts'
import type { Workload } from '../workload.ts'

const aria2c: Needed = installed('aria2c', 'aria2')
const transmissionShow: Needed = installed('transmission-show', 'transmission-cli')

const columns: readonly Column[] = [
  { key: 'wall', title: 'wall ms', digits: 0, value: ({ wallSeconds }) => wallSeconds * 1000 },
  { key: 'cpu', title: 'CPU ms', digits: 0, value: ({ cpuSeconds }) => cpuSeconds * 1000 },
  ...USUAL_COLUMNS.filter(({ key }) => key === 'peak'),
]

/** Both. */
export const startWorkloads: readonly Workload[] = [
  {
    name: 'start-version',
    row: 11,
    title: 'torrential --version',
    size: 10,
    unit: 'starts',
    counterparts: [aria2c],
    columns,
    goals: [{ figure: 'wall', atMost: 150 }],
    space: () => 0,
    async prepare({ size }) {
      const aria2 = { command: findProgram('aria2c') ?? 'aria2c', args: ['--version'] }
      return { contestants: [starts(OURS, size, torrentialCommand('--version')), starts('aria2c', size, aria2)] }
    },
  },
  {
    name: 'start-info',
    row: 11,
    title: 'torrential info of a .torrent of 10 MB',
    size: 10,
    unit: 'starts',
    counterparts: [aria2c, transmissionShow],
    columns,
    goals: [{ figure: 'wall', atMost: 250 }],
    space: () => 0,
    async prepare({ ground, size }) {
      const file = join(await ground.folder('torrent'), 'large.torrent')
      await writeFile(file, largeTorrent(499_000))
      const aria2 = { command: findProgram('aria2c') ?? 'aria2c', args: ['--no-conf', '--show-files', file] }
      const show = { command: findProgram('transmission-show') ?? 'transmission-show', args: [file] }
      return {
        contestants: [
          starts(OURS, size, torrentialCommand('info', file)),
          starts('aria2c', size, aria2),
          starts('transmission-show', size, show),
        ],
      }
    },
  },
]

/** A version 1 torrent of one file whose hashes are nobody's: the file is never there. */
function largeTorrent(pieces: number): Uint8Array {
  const info = { length: pieces * 16_384, name: 'large.bin', 'piece length': 16_384, pieces: randomBytes(20 * pieces) }
  return encode({ info: raw(encode(info)) })
}

/** One start is too short for the kernel's clock of 10 ms: a run is several, and its figures are those of one of them. */
function starts(name: string, count: number, command: Command): Contestant {
  return {
    name,
    async run({ figures, deadline }) {
      const all: Measurement[] = []
      for (let index = 0; index < count; index += 1) all.push(await measure(command, { figures, deadline }))
      const mean = (value: (one: Measurement) => number): number =>
        all.reduce((sum, one) => sum + value(one), 0) / count
      return {
        wallSeconds: mean(({ wallSeconds }) => wallSeconds),
        cpuSeconds: mean(({ cpuSeconds }) => cpuSeconds),
        peakBytes: Math.max(...all.map(({ peakBytes }) => peakBytes)),
        othersShare: mean(({ othersShare }) => othersShare),
      }
    },
  }
}

function installed(name: string, debian: string): Needed {
  return {
    name,
    available: async () => findProgram(name) !== undefined || `${name} is not installed (Debian: ${debian})`,
  }
}
