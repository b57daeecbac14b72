// A download from five honest seeds, alone and among hostile peers of ten kinds (../../programs/attackers.js): what the attack costs
// each program, against itself without one.
import { libtorrent, makeTorrent, webtorrent } from '@torrential/interop'
import type { Contestant } from '../contest.ts'
import { makeMaterial, MEBI, oneFile } from '../material.ts'
import type { Measurement } from '../measured-run.ts'
import { OURS } from '../ours.ts'
import { libtorrentProgram, npmProgram, ourProgram } from '../programs.ts'
import { startSeed } from '../running.ts'
import { libtorrentSeed } from '../seeds.ts'
import { type Column, ownColumn, USUAL_COLUMNS } from '../table.ts'
import type { Workload } from '../workload.ts'
import { contestant } from './parallel-leech.ts'

const columns: readonly Column[] = [...USUAL_COLUMNS, ownColumn('p99', 'loop p99 ms', 1)]
const seeds = 5
/** Bytes per second of each seed, as people have them: without, the download is over before the addresses are tried. */
const uploadLimit = 4 * MEBI
/** Milliseconds. */
const patience = 180_000
const attacked = (name: string): string => `${name} attacked`

/** `attackers` hostile peers. */
function attack(name: string, attackers: number): Workload {
  return {
    name,
    row: 14,
    title: `download from ${seeds} seeds among ${attackers} hostile peers of ten kinds, and without them`,
    size: 1024 * MEBI,
    unit: 'bytes',
    counterparts: [libtorrent, webtorrent],
    requires: [libtorrent],
    columns,
    goals: [
      // 80 % of the speed without them.
      { figure: 'wall', of: attacked(OURS), against: OURS, atMost: 1.25 },
      { figure: 'p99', of: attacked(OURS), atMost: 100 },
    ],
    async prepare({ ground, size }) {
      const payload = oneFile(size)
      const material = await makeMaterial(ground, payload)
      const honest = await libtorrentSeed(ground, [material], { sessions: seeds, uploadLimit })
      const infoHash = makeTorrent(payload).infoHash
      const { pieceLength } = payload
      const pieces = Math.ceil(size / pieceLength)
      const config = { infoHash, pieces, count: attackers }
      const hostile = await startSeed(ground, 'attackers', ourProgram('attackers', config))
      const companions = [honest.pid, hostile.pid]
      const download = { ground, materials: [material], companions }
      const clean = { ...download, peers: honest.addresses }
      const among = { ...download, peers: mixed(hostile.addresses, honest.addresses) }
      const commands: readonly (readonly [string, Parameters<typeof contestant>[2]])[] = [
        [OURS, (told) => ourProgram('torrential-leech', told)],
        [libtorrent.name, libtorrentProgram],
        [webtorrent.name, (told) => npmProgram('webtorrent-leech', 'webtorrent/index.js', told)],
      ]
      const verify = (target: string) => material.verify(target)
      return {
        contestants: commands.flatMap(([who, command]) => [
          verified(contestant(who, clean, command), verify),
          who === OURS
            ? verified(contestant(attacked(who), among, command), verify)
            : patient(verified(contestant(attacked(who), among, command), verify)),
        ]),
      }
    },
  }
}

function verified(own: Contestant, verify: (target: string) => Promise<void>): Contestant {
  return {
    name: own.name,
    async run(round) {
      const measurement = await own.run(round)
      await verify(round.target)
      return measurement
    },
  }
}

/** Others may break under an attack, or never be done: they say so instead of figures, and the contest goes on. */
function patient(own: Contestant): Contestant {
  return {
    name: own.name,
    async run(round) {
      const start = performance.now()
      try {
        return await own.run({ ...round, deadline: Math.min(round.deadline, patience) })
      } catch (error) {
        return withoutFigures(performance.now() - start, error)
      }
    },
  }
}

function withoutFigures(milliseconds: number, error: unknown): Measurement {
  const [reason] = (error instanceof Error ? error.message : String(error)).split('\n')
  const failure = milliseconds >= patience ? `did not finish within ${patience / 1000} s` : `failed: ${reason}`
  const none = Number.NaN
  return { wallSeconds: none, cpuSeconds: none, peakBytes: none, othersShare: 0, failure }
}

/** The honest ones at even distances. */
function mixed(hostile: readonly string[], honest: readonly string[]): string[] {
  const every = Math.ceil(hostile.length / honest.length)
  return honest.flatMap((address, at) => [...hostile.slice(at * every, (at + 1) * every), address])
}

/** The full form, and one for a look. */
export const attackWorkloads: readonly Workload[] = [attack('attack', 1_000), attack('attack-50', 50)]
